//! The token's claims, held against the settings. Needs no keys: a token that passes is still unverified.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value as Json};

use super::token::object;
use super::{ObservedValue, Settings, TokenProblem};
use crate::values::{AppId, TenantId};

/// How far the other side's clock may be off.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);

/// Which form of access token it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenVersion {
    /// `ver` 1.0: the caller is `appid`.
    V1,
    /// `ver` 2.0: the caller is `azp`.
    V2,
}

/// Who called, proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerClaims {
    /// The tenant, ours.
    pub tenant: TenantId,
    /// The form of the token.
    pub version: TokenVersion,
    /// The application that called: `azp` or `appid`.
    pub caller: String,
    /// The audience it called for.
    pub audience: String,
    /// Who issued the token.
    pub issuer: String,
}

/// What is expected of a token.
#[derive(Debug)]
pub(super) struct ExpectedClaims {
    tenant: TenantId,
    issuers_v1: Vec<String>,
    issuers_v2: Vec<String>,
    audience: Vec<String>,
    callers: Vec<String>,
}

/// Claims as they are expected to be, and when they hold.
#[derive(Debug)]
pub(super) struct UnverifiedClaims {
    pub(super) claims: CallerClaims,
    expires: DateTime<Utc>,
    not_before: Option<DateTime<Utc>>,
}

impl UnverifiedClaims {
    /// Whether the token is valid now.
    pub(super) fn check_times(&self, now: DateTime<Utc>) -> Result<(), TokenProblem> {
        if now - LEEWAY >= self.expires {
            return Err(TokenProblem::Expired);
        }
        if self.not_before.is_some_and(|not_before| now + LEEWAY < not_before) {
            return Err(TokenProblem::NotYetValid);
        }
        Ok(())
    }
}

impl ExpectedClaims {
    pub(super) fn new(settings: &Settings) -> Self {
        let Settings { tenant, login, ciam, .. } = settings;
        let (login, ciam) = (settings.authority(login), settings.authority(ciam));
        let named = settings.subdomain.as_ref().map(|name| name.to_ascii_lowercase());
        let named = named.map(|name| format!("https://{name}.ciamlogin.com/{tenant}/v2.0"));
        Self {
            tenant: tenant.clone(),
            issuers_v1: vec![format!("https://sts.windows.net/{tenant}/"), format!("{ciam}/")],
            issuers_v2: [format!("{login}/v2.0"), format!("{ciam}/v2.0")].into_iter().chain(named).collect(),
            audience: not_empty(&settings.audience),
            callers: not_empty(&settings.allowed_callers),
        }
    }

    /// Reads the claims and holds each against what is expected of it; the times are only read.
    pub(super) fn check(&self, payload: &str) -> Result<UnverifiedClaims, TokenProblem> {
        let unverified = object(payload)?;
        let text = |name: &str| unverified.get(name).and_then(Json::as_str).unwrap_or_default();
        let (version, issuers, caller) = match text("ver") {
            "2.0" => (TokenVersion::V2, &self.issuers_v2, "azp"),
            "1.0" => (TokenVersion::V1, &self.issuers_v1, "appid"),
            other => return Err(TokenProblem::Version(ObservedValue::new(other))),
        };
        let (issuer, audience, caller) = (text("iss"), text("aud"), text(caller));
        if !issuers.iter().any(|known| known == issuer) {
            return Err(TokenProblem::Issuer(ObservedValue::new(issuer)));
        }
        if !text("tid").eq_ignore_ascii_case(self.tenant.as_str()) {
            return Err(TokenProblem::Tenant(ObservedValue::new(text("tid"))));
        }
        if !self.audience.iter().any(|known| same_audience(known, audience)) {
            return Err(TokenProblem::Audience(ObservedValue::new(audience)));
        }
        if !self.callers.iter().any(|known| known.eq_ignore_ascii_case(caller)) {
            return Err(TokenProblem::Caller(ObservedValue::new(caller)));
        }
        Ok(UnverifiedClaims {
            claims: CallerClaims {
                tenant: self.tenant.clone(),
                version,
                caller: caller.to_owned(),
                audience: audience.to_owned(),
                issuer: issuer.to_owned(),
            },
            expires: time(&unverified, "exp")?.ok_or(TokenProblem::NoExpiry)?,
            not_before: time(&unverified, "nbf")?,
        })
    }
}

/// An absent claim is read as the empty text, so no empty text may be expected.
fn not_empty(texts: &[String]) -> Vec<String> {
    texts.iter().filter(|text| !text.is_empty()).cloned().collect()
}

/// Whether two audiences are the same: texts, or GUIDs in whatever case.
fn same_audience(known: &str, audience: &str) -> bool {
    known == audience || (known.parse::<AppId>().is_ok() && known.eq_ignore_ascii_case(audience))
}

/// A time in whole seconds since 1970; Entra writes no fractions.
fn time(unverified: &Map<String, Json>, name: &str) -> Result<Option<DateTime<Utc>>, TokenProblem> {
    let Some(value) = unverified.get(name) else { return Ok(None) };
    let time = value.as_i64().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    time.map(Some).ok_or(TokenProblem::Malformed)
}
