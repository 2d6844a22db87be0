//! `[tenant]` and `[hooks]`: who may call, and how long an answer may take.

use std::time::Duration;

use url::Url;

use super::decode::{Reading, Spanned};
use super::file::{HooksSection, TenantSection};
use crate::entra::caller;
use crate::functions::hook;
use crate::outbound::is_callable;
use crate::values::{AppId, TenantId};

/// The shortest and the longest budget.
const BUDGET: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(1800)];

/// `[tenant]`, checked.
pub(super) struct Tenant {
    pub(super) id: TenantId,
    subdomain: Option<String>,
    pub(super) extension_app: Option<AppId>,
    pub(super) login: Url,
    ciam: Url,
    pub(super) graph: Url,
}

pub(super) fn tenant(section: &TenantSection, reading: &mut Reading) -> Option<Tenant> {
    reading.within("tenant", |reading| {
        let id: Option<TenantId> = guid(&section.id, "id", reading);
        let extension_app = section.extension_app_id.as_ref().and_then(|id| guid(id, "extension_app_id", reading));
        let subdomain = section.subdomain.as_ref().and_then(|name| label(name, reading));
        let endpoints = &section.endpoints;
        let ciam = id.as_ref().map(|id| format!("https://{id}.ciamlogin.com")).unwrap_or_default();
        let (login, ciam, graph) = reading.within("endpoints", |reading| {
            (
                endpoint(endpoints.login.as_ref(), "login", "https://login.microsoftonline.com", reading),
                endpoint(endpoints.ciam.as_ref(), "ciam", &ciam, reading),
                endpoint(endpoints.graph.as_ref(), "graph", "https://graph.microsoft.com", reading),
            )
        });
        Some(Tenant { id: id?, subdomain, extension_app, login: login?, ciam: ciam?, graph: graph? })
    })
}

/// A GUID of the type wanted.
pub(super) fn guid<T: std::str::FromStr>(text: &Spanned<String>, key: &str, reading: &mut Reading) -> Option<T>
where
    T::Err: std::fmt::Display,
{
    match text.value.parse() {
        Ok(id) => Some(id),
        Err(error) => {
            reading.within(key, |reading| reading.error(&text.origin, error.to_string()));
            None
        }
    }
}

fn label(name: &Spanned<String>, reading: &mut Reading) -> Option<String> {
    let text = name.value.to_ascii_lowercase();
    let well_formed =
        !text.is_empty() && text.len() <= 63 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !well_formed {
        let how = "expected the first part of contoso.ciamlogin.com: letters, digits and hyphens";
        reading.within("subdomain", |reading| reading.error(&name.origin, how));
    }
    well_formed.then_some(text)
}

/// An address of the outside world: https, or http on loopback; no query, no fragment, no credentials.
pub(super) fn endpoint(text: Option<&Spanned<String>>, key: &str, default: &str, reading: &mut Reading) -> Option<Url> {
    let parsed = Url::parse(text.map_or(default, |text| text.value.as_str()));
    let usable = |url: &Url| {
        is_callable(url)
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    };
    match (parsed, text) {
        (Ok(url), _) if usable(&url) => Some(url),
        (_, Some(text)) => {
            let how = "expected an https address without query and credentials (http only on loopback)";
            reading.within(key, |reading| reading.error(&text.origin, how));
            None
        }
        (_, None) => None,
    }
}

pub(super) fn hooks(
    section: &HooksSection,
    tenant: Option<&Tenant>,
    reading: &mut Reading,
) -> Option<(caller::Settings, hook::HookSettings)> {
    reading.within("hooks", |reading| {
        let blank =
            |list: &Spanned<Vec<String>>| list.value.is_empty() || list.value.iter().any(|text| text.trim().is_empty());
        if blank(&section.audience) {
            let how = "name the app id of the hooks' registration, and its api:// identifier";
            reading.within("audience", |reading| reading.error(&section.audience.origin, how));
        }
        let callers = &section.allowed_callers;
        if callers.value.is_empty() || callers.value.iter().any(|caller| caller.parse::<AppId>().is_err()) {
            let how = "expected app ids; leave the key out for Entra's own caller";
            reading.within("allowed_callers", |reading| reading.error(&callers.origin, how));
        }
        let budget = section.budget.value;
        if !(BUDGET[0]..=BUDGET[1]).contains(&budget) {
            let how = "must lie between 200ms and 1800ms: Entra waits 2000 ms at most";
            reading.within("budget", |reading| reading.error(&section.budget.origin, how));
        }
        let tenant = tenant?;
        let caller = caller::Settings {
            tenant: tenant.id.clone(),
            subdomain: tenant.subdomain.clone(),
            login: tenant.login.clone(),
            ciam: tenant.ciam.clone(),
            audience: section.audience.value.clone(),
            allowed_callers: callers.value.iter().filter_map(|caller| caller.parse().ok()).collect(),
        };
        Some((caller, hook::HookSettings { tenant: tenant.id.clone(), budget, on_failure: section.on_failure }))
    })
}
