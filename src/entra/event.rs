//! Reads the event that a hook is called with.
//!
//! Unknown members are ignored, members are found in any case, and almost everything may be missing. Only the kind of
//! the event and its tenant must be right.

use super::attribute::Attributes;
use super::json::{self, List, Object, Text, members};
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

members! {
    /// The body.
    struct Root { kind: Text<'e> = "type", data: Object<Data<'e>> = "data" }
}

members! {
    /// `data`.
    struct Data {
        odata_type: Text<'e> = "@odata.type",
        tenant_id: Text<'e> = "tenantId",
        context: Object<Context<'e>> = "authenticationContext",
        sign_up: Object<SignUp<'e>> = "userSignUpInfo",
    }
}

members! {
    /// `data.authenticationContext`.
    struct Context {
        correlation_id: Text<'e> = "correlationId",
        principal: Object<Principal<'e>> = "clientServicePrincipal",
        browser: Object<Browser<'e>> = "client",
    }
}

members! {
    /// `data.authenticationContext.clientServicePrincipal`.
    struct Principal {
        app_id: Text<'e> = "appId",
        name: Text<'e> = "displayName",
        app_name: Text<'e> = "appDisplayName",
    }
}

members! {
    /// `data.authenticationContext.client`.
    struct Browser { ip: Text<'e> = "ip", locale: Text<'e> = "locale", market: Text<'e> = "market" }
}

members! {
    /// `data.userSignUpInfo`.
    struct SignUp { identities: List<Object<ListedIdentity<'e>>> = "identities", attributes: Attributes = "attributes" }
}

members! {
    /// One of `data.userSignUpInfo.identities`.
    struct ListedIdentity {
        sign_in_type: Text<'e> = "signInType",
        issuer: Text<'e> = "issuer",
        issuer_assigned_id: Text<'e> = "issuerAssignedId",
    }
}

impl SignUpEvent {
    /// Reads the body of a call to the route of `kind`, for `tenant`.
    pub(crate) fn parse(body: &[u8], kind: EventKind, tenant: &TenantId) -> Result<Self, Malformed> {
        let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
        if body.iter().all(u8::is_ascii_whitespace) {
            return Err(Malformed::Empty);
        }
        let root: Object<Root<'_>> =
            json::read(body).map_err(|error| Malformed::NotJson { line: error.line(), column: error.column() })?;
        let root = root.ok_or(Malformed::NotAnObject)?;
        let data = root.data.value.ok_or(Malformed::NoData)?;
        check_kind(&root.kind.value, &data.odata_type.value, kind)?;
        check_tenant(data.tenant_id.value.as_str(), tenant)?;
        let context = data.context.value.unwrap_or_default();
        let sign_up = data.sign_up.value.unwrap_or_default();
        Ok(Self {
            correlation_id: CorrelationId::from_hyphenated(context.correlation_id.value.as_str()).ok(),
            app: context.principal.value.map(app).unwrap_or_default(),
            client: context.browser.value.map(client).unwrap_or_default(),
            identities: sign_up.identities.value.0.into_iter().flatten().map(identity).collect(),
            form: sign_up.attributes.value.into_form(),
        })
    }
}

/// Checks the two members that name the event. One of them may be missing; each that is there must name this route's
/// event.
fn check_kind(event_type: &Text<'_>, data_type: &Text<'_>, kind: EventKind) -> Result<(), Malformed> {
    let names = [("type", event_type, kind.event_type()), ("data.@odata.type", data_type, kind.data_type())];
    let mut is_named = false;
    for (member, value, expected) in names.into_iter().filter(|(_, value, _)| **value != Text::Null) {
        let name = value.as_str();
        if !name.strip_prefix('#').unwrap_or(name).eq_ignore_ascii_case(expected) {
            return Err(Malformed::OtherEvent { member });
        }
        is_named = true;
    }
    if is_named { Ok(()) } else { Err(Malformed::NoType) }
}

fn check_tenant(id: &str, tenant: &TenantId) -> Result<(), Malformed> {
    if id.eq_ignore_ascii_case(tenant.as_str()) {
        return Ok(());
    }
    let id = TenantId::from_hyphenated(id).map_err(|_| Malformed::NoTenant)?;
    if id == *tenant { Ok(()) } else { Err(Malformed::OtherTenant) }
}

/// The longest locale or market, in bytes. A browser can choose it freely, and the time to find a text grows with its
/// length.
const MAX_LOCALE: usize = 64;

fn client(browser: Browser<'_>) -> Client {
    let locale = |text: Text<'_>| if text.as_str().len() > MAX_LOCALE { String::new() } else { text.into_string() };
    Client {
        ip: browser.ip.value.as_str().trim().parse().ok(),
        locale: locale(browser.locale.value),
        market: locale(browser.market.value),
    }
}

fn app(principal: Principal<'_>) -> App {
    let name = principal.name.value;
    let name = if name.as_str().is_empty() { principal.app_name.value } else { name };
    App { id: AppId::from_hyphenated(principal.app_id.value.as_str()).ok(), name: name.into_string() }
}

fn identity(listed: ListedIdentity<'_>) -> Identity {
    Identity {
        sign_in_type: listed.sign_in_type.value.into_string(),
        issuer: listed.issuer.value.into_string(),
        issuer_assigned_id: listed.issuer_assigned_id.value.into_string(),
    }
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
