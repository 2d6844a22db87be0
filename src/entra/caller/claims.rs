//! The token's claims, compared with the settings. This needs no keys, so a token that passes is still unverified.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value as Json};

use super::token::decode_object;
use super::{ObservedValue, Settings, TokenProblem};
use crate::values::{AppId, TenantId};

/// How far Entra's clock and ours may differ.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);

/// What is expected of a token.
#[derive(Debug)]
pub(super) struct ExpectedClaims {
    tenant: TenantId,
    issuers_v1: Vec<String>,
    issuers_v2: Vec<String>,
    audience: Vec<Audience>,
    callers: Vec<AppId>,
}

/// What `aud` may be.
#[derive(Debug)]
enum Audience {
    /// The id of a registration: in any case.
    App(AppId),
    /// An identifier URI: exactly this text, never empty.
    Uri(String),
}

/// The time span in which a token is valid.
#[derive(Debug, Clone, Copy)]
pub(super) struct Validity {
    expires: DateTime<Utc>,
    not_before: Option<DateTime<Utc>>,
}

impl Validity {
    #[cfg(test)]
    pub(super) fn new(expires: DateTime<Utc>, not_before: Option<DateTime<Utc>>) -> Self {
        Self { expires, not_before }
    }

    /// Whether the token is valid now.
    pub(super) fn check(&self, now: DateTime<Utc>) -> Result<(), TokenProblem> {
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
        let subdomain_issuer = settings.subdomain.as_ref().map(|name| name.to_ascii_lowercase());
        let subdomain_issuer = subdomain_issuer.map(|name| format!("https://{name}.ciamlogin.com/{tenant}/v2.0"));
        Self {
            tenant: tenant.clone(),
            issuers_v1: vec![format!("https://sts.windows.net/{tenant}/"), format!("{ciam}/")],
            issuers_v2: [format!("{login}/v2.0"), format!("{ciam}/v2.0")].into_iter().chain(subdomain_issuer).collect(),
            audience: settings.audience.iter().filter_map(|text| Audience::new(text)).collect(),
            callers: settings.allowed_callers.clone(),
        }
    }

    /// Reads the claims and compares each with what is expected. The times are read and not compared.
    pub(super) fn check(&self, payload: &str) -> Result<Validity, TokenProblem> {
        let unverified = decode_object(payload)?;
        let text = |name: &str| unverified.get(name).and_then(Json::as_str).unwrap_or_default();
        let (issuers, caller) = match text("ver") {
            "2.0" => (&self.issuers_v2, "azp"),
            "1.0" => (&self.issuers_v1, "appid"),
            other => return Err(TokenProblem::Version(ObservedValue::new(other))),
        };
        let (issuer, audience, caller) = (text("iss"), text("aud"), text(caller));
        if !issuers.iter().any(|expected| expected == issuer) {
            return Err(TokenProblem::Issuer(ObservedValue::new(issuer)));
        }
        if !text("tid").eq_ignore_ascii_case(self.tenant.as_str()) {
            return Err(TokenProblem::Tenant(ObservedValue::new(text("tid"))));
        }
        if !self.audience.iter().any(|expected| expected.matches(audience)) {
            return Err(TokenProblem::Audience(ObservedValue::new(audience)));
        }
        if !self.callers.iter().any(|expected| expected.as_str().eq_ignore_ascii_case(caller)) {
            return Err(TokenProblem::Caller(ObservedValue::new(caller)));
        }
        let expires = time(&unverified, "exp")?.ok_or(TokenProblem::NoExpiry)?;
        Ok(Validity { expires, not_before: time(&unverified, "nbf")? })
    }
}

impl Audience {
    /// `None` for an empty text: an absent claim is read as the empty text, so no empty text may be expected.
    fn new(text: &str) -> Option<Self> {
        let uri = || Some(text).filter(|text| !text.is_empty()).map(|text| Self::Uri(text.to_owned()));
        text.parse().map(Self::App).ok().or_else(uri)
    }

    /// Whether a token's whole `aud` is this audience. In tokens, ids have hyphens.
    fn matches(&self, unverified_audience: &str) -> bool {
        match self {
            Self::App(id) => id.as_str().eq_ignore_ascii_case(unverified_audience),
            Self::Uri(uri) => uri == unverified_audience,
        }
    }
}

/// A time in whole seconds since 1970; Entra writes no fractions.
fn time(unverified: &Map<String, Json>, name: &str) -> Result<Option<DateTime<Utc>>, TokenProblem> {
    let Some(value) = unverified.get(name) else { return Ok(None) };
    let time = value.as_i64().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    time.map(Some).ok_or(TokenProblem::Malformed)
}
