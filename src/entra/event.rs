//! Reads the event that a hook is called with.
//!
//! Unknown members are ignored, members are found in any case, and almost everything may be missing. Only the kind of
//! the event and its tenant must be right.

use serde_json::{Map, Value};

use super::attribute::{self, member};
use crate::values::{App, AppId, Client, CorrelationId, Form, Identity, TenantId};

/// The two events, one for each hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum EventKind {
    /// Before the form is shown.
    Start,
    /// After it was submitted.
    Submit,
}

impl EventKind {
    /// Its name in logs.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Submit => "submit",
        }
    }

    fn event_type(self) -> &'static str {
        match self {
            Self::Start => "microsoft.graph.authenticationEvent.attributeCollectionStart",
            Self::Submit => "microsoft.graph.authenticationEvent.attributeCollectionSubmit",
        }
    }

    fn data_type(self) -> &'static str {
        match self {
            Self::Start => "microsoft.graph.onAttributeCollectionStartCalloutData",
            Self::Submit => "microsoft.graph.onAttributeCollectionSubmitCalloutData",
        }
    }
}

/// The event, as far as decisions use it.
#[derive(Debug, Clone)]
pub(crate) struct SignUpEvent {
    /// Ties the events of one sign-up together; `None` if the event has none that is a GUID.
    pub correlation_id: Option<CorrelationId>,
    /// The app the person signs up to.
    pub app: App,
    /// Where the person is: network address, locale, market.
    pub client: Client,
    /// The identities that Entra verified; a submitted form usually has none.
    pub identities: Vec<Identity>,
    /// The form.
    pub form: Form,
}

/// Why a body is no event for this route. The caller sees the text, and it is logged; it quotes nothing of the body.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    /// No bytes, or only white space.
    #[error("the body is empty")]
    Empty,
    /// No JSON.
    #[error("the body is not JSON: error at line {line}, column {column}")]
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// JSON, but no object.
    #[error("the body is not a JSON object")]
    NotAnObject,
    /// No `data`, or not an object.
    #[error("the member data is missing")]
    NoData,
    /// Neither `type` nor `data.@odata.type`.
    #[error("neither type nor data.@odata.type says which event this is")]
    NoType,
    /// One of them names another event.
    #[error("{member} does not name the event of this route")]
    OtherEvent {
        /// The member.
        member: &'static str,
    },
    /// `data.tenantId` is absent or no usable GUID.
    #[error("data.tenantId is missing or not a tenant's id")]
    NoTenant,
    /// `data.tenantId` is not the configured tenant.
    #[error("data.tenantId is not the tenant this service is for")]
    OtherTenant,
}

impl SignUpEvent {
    /// Reads the body of a call to the route of `kind`, for `tenant`.
    pub(crate) fn parse(body: &[u8], kind: EventKind, tenant: &TenantId) -> Result<Self, Malformed> {
        let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
        if body.iter().all(u8::is_ascii_whitespace) {
            return Err(Malformed::Empty);
        }
        let root: Value = serde_json::from_slice(body)
            .map_err(|error| Malformed::NotJson { line: error.line(), column: error.column() })?;
        let root = root.as_object().ok_or(Malformed::NotAnObject)?;
        let data = member(root, "data").and_then(Value::as_object).ok_or(Malformed::NoData)?;
        check_kind(root, data, kind)?;
        check_tenant(data, tenant)?;
        let context = member(data, "authenticationContext");
        let sign_up = member(data, "userSignUpInfo");
        Ok(Self {
            correlation_id: CorrelationId::from_hyphenated(text(member_of(context, "correlationId"))).ok(),
            app: app(member_of(context, "clientServicePrincipal")),
            client: client(member_of(context, "client")),
            identities: identities(member_of(sign_up, "identities")),
            form: attribute::parse(member_of(sign_up, "attributes")),
        })
    }
}

/// Checks the two members that name the event. One of them may be missing; each that is there must name this route's
/// event.
fn check_kind(root: &Map<String, Value>, data: &Map<String, Value>, kind: EventKind) -> Result<(), Malformed> {
    let names = [
        ("type", member(root, "type"), kind.event_type()),
        ("data.@odata.type", member(data, "@odata.type"), kind.data_type()),
    ];
    let mut is_named = false;
    for (member, value, expected) in names {
        let Some(value) = value.filter(|value| !value.is_null()) else { continue };
        let name = value.as_str().unwrap_or_default();
        if !name.strip_prefix('#').unwrap_or(name).eq_ignore_ascii_case(expected) {
            return Err(Malformed::OtherEvent { member });
        }
        is_named = true;
    }
    if is_named { Ok(()) } else { Err(Malformed::NoType) }
}

fn check_tenant(data: &Map<String, Value>, tenant: &TenantId) -> Result<(), Malformed> {
    let tenant_id = TenantId::from_hyphenated(text(member(data, "tenantId"))).map_err(|_| Malformed::NoTenant)?;
    if tenant_id == *tenant { Ok(()) } else { Err(Malformed::OtherTenant) }
}

/// The longest locale or market, in bytes. A browser can choose it freely, and the time to find a text grows with its
/// length.
const MAX_LOCALE: usize = 64;

fn client(client: Option<&Value>) -> Client {
    let locale_text = |name| {
        Some(text(member_of(client, name)))
            .filter(|locale_text| locale_text.len() <= MAX_LOCALE)
            .unwrap_or_default()
            .to_owned()
    };
    Client {
        ip: text(member_of(client, "ip")).trim().parse().ok(),
        locale: locale_text("locale"),
        market: locale_text("market"),
    }
}

fn app(principal: Option<&Value>) -> App {
    let names = ["displayName", "appDisplayName"].map(|name| text(member_of(principal, name)));
    let name = names.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
    App { id: AppId::from_hyphenated(text(member_of(principal, "appId"))).ok(), name: name.to_owned() }
}

fn identities(listed: Option<&Value>) -> Vec<Identity> {
    let listed = listed.and_then(Value::as_array);
    listed
        .into_iter()
        .flatten()
        .filter(|identity| identity.is_object())
        .map(|identity| Identity {
            sign_in_type: text(member_of(Some(identity), "signInType")).to_owned(),
            issuer: text(member_of(Some(identity), "issuer")).to_owned(),
            issuer_assigned_id: text(member_of(Some(identity), "issuerAssignedId")).to_owned(),
        })
        .collect()
}

fn member_of<'a>(value: Option<&'a Value>, name: &str) -> Option<&'a Value> {
    member(value?.as_object()?, name)
}

fn text(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}

/// The correlation id in a body that cannot be read as an event, if its text contains one.
#[must_use]
pub(crate) fn find_correlation_id(body: &[u8]) -> Option<CorrelationId> {
    let body = String::from_utf8_lossy(body);
    let (_, rest) = body.split_once("\"correlationId\"")?;
    let (_, value) = rest.split_once('"')?;
    CorrelationId::from_hyphenated(value.get(..36)?).ok()
}

#[cfg(test)]
mod tests;
