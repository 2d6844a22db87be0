//! `[hooks]`: who may call, and how long an answer may take.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::checks::{self, PLACEHOLDER_ID};
use super::engine::{Diagnostics, Limit, Spanned, built_in, choice, section};
use super::tenant::Tenant;
use crate::entra::caller;
use crate::functions::hook;
use crate::functions::hook::OnFailure;
use crate::values::AppId;

/// The shortest and the longest `budget`.
const BUDGET: RangeInclusive<Duration> = Duration::from_millis(200)..=Duration::from_millis(1800);

section! {
    /// The two calls that Entra makes while somebody signs up. Each is answered with exactly one action before the
    /// budget is spent, whatever hangs.
    struct HooksSection {
        /// What the `aud` of a caller's token may be: the app id of the registration behind the custom authentication
        /// extensions, and its identifier URI. Which of them a token names depends on its version, so give both.
        /// Example: `["99999999-2222-3333-4444-555555555555", "api://host/99999999-2222-3333-4444-555555555555"]`
        audience: Spanned<Vec<String>> as NotBlank => built_in(vec![PLACEHOLDER_ID.to_owned()]),
        /// The time from the arrival of a call to its answer, from `200ms` to `1800ms`. Keep it at least 150 ms below
        /// the timeout of the custom authentication extension, which is 1000 ms unless it was changed.
        budget: Spanned<Duration> = built_in(Duration::from_millis(800)),
        /// What is answered when no decision can be made in time, for example because an invite source hangs.
        on_failure: OnFailure = OnFailure::Block,
        /// The app ids of those who may call. The default is Entra's own application for custom authentication
        /// extensions.
        allowed_callers: Spanned<Vec<String>> as Guid = built_in(vec!["99045fe1-7639-4a75-9d4a-577b6ca3810f".to_owned()]),
    }
    limits { audience: Limit::AtLeast(1), budget: BUDGET, allowed_callers: Limit::AtLeast(1) }
}

choice!(OnFailure {
    /// A page asks the person to try again in a few minutes.
    "block" => Self::Block,
    /// The sign-up goes on, unchecked.
    "continue" => Self::Continue,
});

/// Checks `[hooks]`. The tenant, too, says who may call.
pub(super) fn hooks(
    section: &HooksSection,
    tenant: Option<&Tenant>,
    diagnostics: &mut Diagnostics,
) -> Option<(caller::Settings, hook::HookSettings)> {
    diagnostics.within("hooks", |diagnostics| {
        let blank =
            |list: &Spanned<Vec<String>>| list.value.is_empty() || list.value.iter().any(|text| text.trim().is_empty());
        if blank(&section.audience) && !diagnostics.is_wrong("audience") {
            let message = "name the app id of the hooks' registration, and its api:// identifier";
            diagnostics.error_at("audience", &section.audience.origin, message);
        }
        let callers = &section.allowed_callers;
        let unusable = callers.value.is_empty() || callers.value.iter().any(|caller| caller.parse::<AppId>().is_err());
        if unusable && !diagnostics.is_wrong("allowed_callers") {
            let message = "expected app ids; leave the key out for Entra's own caller";
            diagnostics.error_at("allowed_callers", &callers.origin, message);
        }
        let budget = section.budget.value;
        checks::limits("budget", &section.budget, &BUDGET, ", since Entra waits 2000 ms at most", diagnostics);
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
