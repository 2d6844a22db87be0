//! `[tenant]`: whose sign-ups are decided, and where Microsoft is reached.

pub(super) mod attributes;

use std::collections::BTreeMap;

use url::Url;

use super::checks::{PLACEHOLDER_ID, endpoint, guid};
use super::engine::{Diagnostics, Limit, Spanned, TextFormat, built_in, choice, section};
use crate::values::{AppId, AttributeType, TenantId};

section! {
    /// The external tenant (Microsoft Entra External ID) whose sign-ups are decided. Tokens of any other tenant are
    /// refused.
    struct TenantSection {
        /// The tenant's id, as the admin center shows it under Overview.
        /// Example: `"aaaabbbb-0000-cccc-1111-dddd2222eeee"`
        id: Spanned<String> as Guid => built_in(PLACEHOLDER_ID.to_owned()),
        /// The first part of the tenant's sign-in domain: `contoso` of `contoso.ciamlogin.com`. Set it so that tokens
        /// which name that domain as their issuer are accepted.
        /// Example: `"contoso"`
        subdomain: Option<Spanned<String>> as Subdomain = None,
        /// The application (client) id of the registration `b2c-extensions-app`. With it a custom attribute is
        /// written `ext.Name`; without it, naming one is an error.
        extension_app_id: Option<Spanned<String>> as Guid = None,
        /// The types of custom attributes that are not texts: Entra says the type of an attribute only when an event lists it,
        /// and before the form is shown it lists the address alone. A value for an attribute that is not named here is a
        /// text. The types count for everything that fills, checks or sets an attribute: columns of invite lists,
        /// look-ups, `prefill`, conditions, and `set` of a profile connector. A text, such as a cell of a list, says
        /// yes as `true`, `yes` or `1` and no as `false`, `no` or `0`, in any case. A value that cannot be said in its
        /// type is left out. The built-in attributes (`displayName`, `city`, `email` …) are texts.
        /// Keys: attribute
        /// Example: `{ "ext.Newsletter" = "boolean", "ext.Seats" = "int64" }`
        attributes: BTreeMap<String, Spanned<AttributeType>> = BTreeMap::new(),
        /// Other addresses of Microsoft than those of the public cloud: for sovereign clouds, and for tests.
        endpoints: EndpointsSection = EndpointsSection::default(),
    }
    limits { attributes: Limit::Keys(TextFormat::Attribute) }
}

choice!(AttributeType {
    /// Yes or no.
    "boolean" => Self::Boolean,
    /// A whole number.
    "int64" => Self::Int64,
    /// A text. Several choices are a text, too: see `multi_select`.
    "string" => Self::String,
});

section! {
    /// Where Microsoft is reached. Accepted issuers, signing keys and tokens for Microsoft Graph follow from these
    /// addresses. The defaults are those of the public cloud.
    struct EndpointsSection: Default {
        /// Where tokens for Microsoft Graph are asked for, and the host of one of the accepted issuers.
        /// Default: `"https://login.microsoftonline.com"`
        login: Spanned<String> as Url = built_in("https://login.microsoftonline.com".to_owned()),
        /// The tenant's own authority, which issues the tokens of the calls to the hooks.
        /// Default: `"https://<tenant id>.ciamlogin.com"`
        ciam: Option<Spanned<String>> as Url = None,
        /// Microsoft Graph: the audit log and the directory.
        /// Default: `"https://graph.microsoft.com"`
        graph: Spanned<String> as Url = built_in("https://graph.microsoft.com".to_owned()),
    }
}

/// `[tenant]`, checked.
pub(super) struct Tenant {
    pub(super) id: TenantId,
    pub(super) subdomain: Option<String>,
    pub(super) login: Url,
    pub(super) ciam: Url,
    pub(super) graph: Url,
}

/// Checks `[tenant]`, but for its attributes: those need the names that follow from it.
pub(super) fn tenant(section: &TenantSection, diagnostics: &mut Diagnostics) -> Option<Tenant> {
    diagnostics.within("tenant", |diagnostics| {
        let id: Option<TenantId> = guid(&section.id, "id", diagnostics);
        let subdomain = section.subdomain.as_ref().and_then(|name| subdomain(name, diagnostics));
        let endpoints = &section.endpoints;
        let (login, ciam, graph) = diagnostics.within("endpoints", |diagnostics| {
            let ciam = match (&endpoints.ciam, &id) {
                (Some(ciam), _) => endpoint(ciam, "ciam", diagnostics),
                (None, Some(id)) => Url::parse(&format!("https://{id}.ciamlogin.com")).ok(),
                (None, None) => None,
            };
            (endpoint(&endpoints.login, "login", diagnostics), ciam, endpoint(&endpoints.graph, "graph", diagnostics))
        });
        Some(Tenant { id: id?, subdomain, login: login?, ciam: ciam?, graph: graph? })
    })
}

/// The app id behind custom attributes. If it cannot be read, that of no app, so that nothing else is reported for it.
pub(super) fn extension_app(section: Option<&TenantSection>, diagnostics: &mut Diagnostics) -> Option<AppId> {
    let written = section.and_then(|section| section.extension_app_id.as_ref());
    let id = diagnostics
        .within("tenant", |diagnostics| written.and_then(|written| guid(written, "extension_app_id", diagnostics)));
    let is_unreadable = section.is_none() || diagnostics.is_wrong("tenant.extension_app_id");
    id.or_else(|| PLACEHOLDER_ID.parse().ok().filter(|_| is_unreadable))
}

fn subdomain(name: &Spanned<String>, diagnostics: &mut Diagnostics) -> Option<String> {
    let text = name.value.to_ascii_lowercase();
    let well_formed =
        !text.is_empty() && text.len() <= 63 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !well_formed {
        let message = "expected the first part of contoso.ciamlogin.com: letters, digits and hyphens";
        diagnostics.error_at("subdomain", &name.origin, message);
    }
    well_formed.then_some(text)
}
