//! Reads the bearer token of a request: its three parts, and the token's own header.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value as Json};

use super::super::signing_keys::MAX_KID;
use super::{ObservedValue, TokenProblem};

/// The longest `Authorization` header, in bytes.
const MAX_HEADER: usize = 16 * 1024;

/// The one bearer token of a request, with nothing before or after it. What it is made of is not checked yet.
pub(super) fn bearer(unverified_headers: &HeaderMap) -> Result<&[u8], TokenProblem> {
    let mut headers = unverified_headers.get_all(AUTHORIZATION).iter();
    let header = headers.next().ok_or(TokenProblem::MissingToken)?;
    if headers.next().is_some() {
        return Err(TokenProblem::SeveralAuthorizationHeaders);
    }
    if header.len() > MAX_HEADER {
        return Err(TokenProblem::TooLong);
    }
    let bytes = header.as_bytes().trim_ascii();
    let scheme = bytes.split(|byte| *byte == b' ').next().unwrap_or_default();
    let token = bytes.get(scheme.len()..).unwrap_or_default().trim_ascii_start();
    if scheme.eq_ignore_ascii_case(b"bearer") {
        return if token.is_empty() { Err(TokenProblem::MissingToken) } else { Ok(token) };
    }
    header.to_str().map_err(|_| TokenProblem::Malformed)?;
    Err(if bytes.is_empty() { TokenProblem::MissingToken } else { TokenProblem::NotBearer })
}

/// The parts of a token whose header is of the one accepted kind.
pub(super) struct Token<'t> {
    /// The signed text: the first two parts and the dot between them.
    pub(super) signed: &'t str,
    /// The claims, encoded.
    pub(super) payload: &'t str,
    /// The signature.
    pub(super) signature: Vec<u8>,
    /// The id of the key.
    pub(super) kid: String,
}

impl<'t> Token<'t> {
    pub(super) fn read(unverified_token: &'t [u8]) -> Result<Self, TokenProblem> {
        let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let is_token = unverified_token.iter().all(is_allowed);
        let unverified_token = std::str::from_utf8(unverified_token).ok().filter(|_| is_token);
        let unverified_token = unverified_token.ok_or(TokenProblem::Malformed)?;
        let (header, payload, signature) = parts(unverified_token)?;
        let signed = unverified_token.get(..header.len() + 1 + payload.len()).ok_or(TokenProblem::Malformed)?;
        let header = decode_object(header)?;
        match header.get("alg").and_then(Json::as_str) {
            Some("RS256") => {}
            other => return Err(TokenProblem::Algorithm(ObservedValue::new(other.unwrap_or_default()))),
        }
        if header.contains_key("crit") {
            return Err(TokenProblem::CriticalHeader);
        }
        let kid = header.get("kid").and_then(Json::as_str);
        let kid = kid.filter(|kid| !kid.is_empty() && kid.len() <= MAX_KID).ok_or(TokenProblem::NoKid)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok().filter(|signature| !signature.is_empty());
        let signature = signature.ok_or(TokenProblem::Malformed)?;
        Ok(Self { signed, payload, signature, kid: kid.to_owned() })
    }
}

/// The three parts.
fn parts(unverified_token: &str) -> Result<(&str, &str, &str), TokenProblem> {
    let mut parts = unverified_token.split('.');
    match (parts.next(), parts.next(), parts.next(), parts.count()) {
        (Some(header), Some(payload), Some(signature), 0) => Ok((header, payload, signature)),
        (_, _, Some(_), 2) => Err(TokenProblem::EncryptedToken),
        _ => Err(TokenProblem::Malformed),
    }
}

/// Decodes a part, which must be a JSON object.
pub(super) fn decode_object(part: &str) -> Result<Map<String, Json>, TokenProblem> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenProblem::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| TokenProblem::Malformed)
}
