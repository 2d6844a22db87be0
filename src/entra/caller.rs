//! Verifies the bearer token of a call: it must prove that Entra calls, for our tenant and our registration.
//!
//! What is accepted: one `Authorization` header with one RS256 token, signed by a key of the tenant, whose claims are
//! all as Entra's "Azure Active Directory Authentication Extensions" has them. There is no switch that turns any of it
//! off. The order: the header's shape, whether the token is remembered, the token's header, its claims, its signature;
//! so a token that can be refused without keys is refused without them. A stranger's request causes a network call only
//! if every claim of its token is right and its key id is unknown.
//!
//! | claim | `ver` 2.0 | `ver` 1.0 |
//! | --- | --- | --- |
//! | `iss` | `{login}/{tenant}/v2.0`, `{ciam}/{tenant}/v2.0`, `https://{subdomain}.ciamlogin.com/{tenant}/v2.0` | `https://sts.windows.net/{tenant}/`, `{ciam}/{tenant}/` |
//! | caller | `azp` | `appid` |
//!
//! `aud` is one text (Entra sends no lists), `tid` the tenant, `exp` and `nbf` whole seconds, compared with the
//! [`Clock`] with 60 seconds of leeway. Key material in the token's own header (`jwk`, `jku`, `x5c`, `x5u`) is never
//! looked at; a `crit` header is refused.
//!
//! A verified token is remembered by its SHA-256, for an hour at most and only while its times are right, so that its
//! signature is not computed twice. If the keys cannot be fetched in time, the caller is unknown:
//! [`CallerError::KeysUnavailable`] leads to the failure action, and nothing may be looked up or stored for it.
//!
//! The only secret here is the token. It is neither logged nor kept. Specifications: RFC 6750, RFC 7519, RFC 8725;
//! the claims are those of Microsoft's access token reference and of tokens seen in the field.

mod claims;
mod problem;
mod remembered;
mod token;

use std::sync::Arc;

use axum::http::HeaderMap;
use url::Url;

use super::signing_keys::{FindKeyError, SigningKeys};
use crate::clock::Clock;
use crate::values::{AppId, Deadline, TenantId, sha256};
use claims::{ExpectedClaims, Validity};
use remembered::RememberedTokens;
use token::Token;

pub(crate) use problem::{ObservedValue, TokenProblem};

/// What a token must match.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The external tenant.
    pub tenant: TenantId,
    /// The first label of the tenant's `….ciamlogin.com`.
    pub subdomain: Option<String>,
    /// `https://login.microsoftonline.com`, or its stand-in.
    pub login: Url,
    /// `https://{tenant}.ciamlogin.com`, or its stand-in.
    pub ciam: Url,
    /// What `aud` may be: the id of the hooks' registration, its `api://…` form.
    pub audience: Vec<String>,
    /// The application ids that may call.
    pub allowed_callers: Vec<AppId>,
}

impl Settings {
    /// The addresses of the tenant's key documents.
    #[must_use]
    pub(crate) fn key_documents(&self) -> Vec<Url> {
        let document = |endpoint: &Url| format!("{}/discovery/v2.0/keys", self.authority(endpoint)).parse().ok();
        [&self.ciam, &self.login].into_iter().filter_map(document).collect()
    }

    /// The tenant's address at an endpoint, always without a slash at the end.
    fn authority(&self, endpoint: &Url) -> String {
        format!("{}/{}", endpoint.as_str().trim_end_matches('/'), self.tenant)
    }
}

/// Why a caller is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallerError {
    /// The caller is not Entra, or its token is not for us: 401, empty body.
    #[error("the caller is not authenticated: {0}")]
    Unauthenticated(TokenProblem),
    /// Without the keys the caller is unknown. The answer is the failure action.
    #[error("the caller cannot be authenticated: the signing keys cannot be had in time")]
    KeysUnavailable,
}

impl From<TokenProblem> for CallerError {
    fn from(problem: TokenProblem) -> Self {
        Self::Unauthenticated(problem)
    }
}

/// Verifies callers.
#[derive(Debug)]
pub(crate) struct Verifier {
    expected: ExpectedClaims,
    keys: SigningKeys,
    clock: Arc<dyn Clock>,
    remembered: RememberedTokens,
}

impl Verifier {
    /// A verifier. The keys may arrive later.
    #[must_use]
    pub(crate) fn new(settings: &Settings, keys: SigningKeys, clock: Arc<dyn Clock>) -> Self {
        Self { expected: ExpectedClaims::new(settings), keys, clock, remembered: RememberedTokens::default() }
    }

    /// Verifies the token of a request, by `deadline`.
    pub(crate) async fn verify(&self, unverified_headers: &HeaderMap, deadline: Deadline) -> Result<(), CallerError> {
        let unverified_token = token::bearer(unverified_headers)?;
        let (hash, now) = (sha256(unverified_token), self.clock.now());
        if let Some(validity) = self.remembered.find(&hash, now) {
            return Ok(validity.check(now)?);
        }
        let (token, validity) = self.read(unverified_token)?;
        self.check_signature(&token, deadline).await?;
        self.remembered.insert(hash, validity, self.clock.now());
        Ok(())
    }

    /// Checks everything that needs no key. A token that passes may still be forged.
    pub(crate) fn check_without_keys(&self, unverified_headers: &HeaderMap) -> Result<(), TokenProblem> {
        self.read(token::bearer(unverified_headers)?).map(|_| ())
    }

    /// Reads the token, and when it says to be valid. Anybody can write such a token: its signature is not checked yet.
    fn read<'t>(&self, unverified_token: &'t [u8]) -> Result<(Token<'t>, Validity), TokenProblem> {
        let token = Token::read(unverified_token)?;
        let validity = self.expected.check(token.payload)?;
        validity.check(self.clock.now())?;
        Ok((token, validity))
    }

    async fn check_signature(&self, token: &Token<'_>, deadline: Deadline) -> Result<(), CallerError> {
        let keys = self.keys.find(&token.kid, deadline).await.map_err(|error| match error {
            FindKeyError::Unknown => TokenProblem::UnknownKey(ObservedValue::new(&token.kid)).into(),
            FindKeyError::Unavailable => CallerError::KeysUnavailable,
        })?;
        let message = token.signed.as_bytes();
        let is_signed = keys.iter().any(|key| key.has_signed(message, &token.signature));
        if is_signed { Ok(()) } else { Err(TokenProblem::BadSignature.into()) }
    }
}

#[cfg(test)]
mod tests;
