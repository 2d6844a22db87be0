//! Audit log records: which account was added, and by whom.
//!
//! Parsing is lenient (member names in any case, missing members, nulls, any number of fractional digits), because the
//! service is: even the published examples disagree on the spelling of `type`. A record that names no user is handed
//! over with its id and the reason.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::Value;
use url::Url;

use super::GraphError;
use super::endpoint::endpoint;
use super::time::parse_time;
use crate::values::ObjectId;

/// Records per page: the service's maximum of 1000, less one to be safe.
const PAGE_SIZE: u32 = 999;
/// Pages per window. The service allows five requests in ten seconds, so this many take longer than any run.
const MAX_PAGES: u32 = 500;

/// A span of time, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// The first moment.
    pub from: DateTime<Utc>,
    /// The last moment.
    pub to: DateTime<Utc>,
}

/// Which page to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PageRequest {
    /// The first one of a window.
    First(Window),
    /// The one that the previous page links to.
    Next {
        /// The link as the service wrote it.
        link: String,
        /// Its number, counted from 1 for the first page.
        number: u32,
    },
}

/// One page.
#[derive(Debug, Clone, Default)]
pub(crate) struct AuditPage {
    /// The records, in the order of the log.
    pub records: Vec<AuditRecord>,
    /// The records that could not be read.
    pub unreadable: Vec<UnreadableRecord>,
    /// The next page; `None` on the last one.
    pub next: Option<PageRequest>,
}

/// A record that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnreadableRecord {
    /// Its id, reduced to the characters that ids are made of; `unknown` if nothing is left.
    pub id: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// The parts of an audit record that this product uses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AuditRecord {
    /// The record's own id, opaque.
    pub id: String,
    /// When it happened, by the service's clock.
    pub at: Option<DateTime<Utc>>,
    /// `UserManagement` for every record asked for.
    pub category: Option<String>,
    /// `success` if the user was really added.
    pub result: Option<String>,
    /// Who added the user.
    pub initiator: Initiator,
    /// The users added, and other objects that were changed with them.
    pub targets: Vec<Target>,
}

/// Who added the user: ids and an application's name, never a person's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Initiator {
    /// The object id of a user.
    pub user_id: Option<String>,
    /// The app id of an application; the service often leaves it out.
    pub app_id: Option<String>,
    /// The object id of its service principal.
    pub service_principal_id: Option<String>,
    /// The application's name, such as `CPIM Service`.
    pub app_name: Option<String>,
}

/// One object that was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// Its object id.
    pub id: ObjectId,
    /// `User`, `Group`, …; sometimes absent.
    pub kind: Option<String>,
}

impl Target {
    /// Whether it is a user. An object without a kind counts as one.
    #[must_use]
    pub(crate) fn is_user(&self) -> bool {
        is_user(self.kind.as_deref())
    }
}

fn is_user(kind: Option<&str>) -> bool {
    kind.is_none_or(|kind| kind.eq_ignore_ascii_case("User"))
}

/// The address of a window's first page. The bounds are whole seconds: the beginning is rounded down, the end up.
pub(super) fn first_page_url(base: &Url, window: Window) -> Url {
    let time = |moment: DateTime<Utc>| moment.to_rfc3339_opts(SecondsFormat::Secs, true);
    let rounded = (window.to.timestamp_subsec_nanos() > 0).then(|| window.to.checked_add_signed(TimeDelta::seconds(1)));
    let end = rounded.flatten().unwrap_or(window.to);
    let filter = format!(
        "activityDisplayName eq 'Add user' and activityDateTime ge {} and activityDateTime le {}",
        time(window.from),
        time(end)
    );
    let mut url = endpoint(base, &["auditLogs", "directoryAudits"]);
    let encoded =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
    let order = encoded("activityDateTime asc");
    url.set_query(Some(&format!("$filter={}&$orderby={order}&$top={PAGE_SIZE}", encoded(&filter))));
    url
}

/// The address of a later page: the link itself. A link that leads to another host is an error.
pub(super) fn next_page_url(base: &Url, link: &str, number: u32) -> Result<Url, GraphError> {
    if number > MAX_PAGES {
        return Err(GraphError::TooManyPages { limit: MAX_PAGES });
    }
    let url: Url = link.parse().map_err(|_| GraphError::BrokenPaging { what: "the next page's link is no address" })?;
    let origin = |url: &Url| (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port_or_known_default());
    if origin(&url) == origin(base) && url.username().is_empty() && url.password().is_none() {
        return Ok(url);
    }
    Err(GraphError::ForeignNextLink { host: url.host_str().unwrap_or("no host").to_owned() })
}

/// Reads the body of page `number`. A page without a list of records is an error, since what was on it is unknown.
pub(super) fn parse_page(body: &Value, number: u32) -> Result<AuditPage, &'static str> {
    let entries = member(body, "value").and_then(Value::as_array);
    let entries = entries.ok_or("an audit log page has no list of records")?;
    let mut page = AuditPage::default();
    for entry in entries {
        match parse_record(entry) {
            Ok(record) => page.records.push(record),
            Err(reason) => page.unreadable.push(UnreadableRecord { id: printable_id(entry), reason }),
        }
    }
    page.next = match member(body, "@odata.nextLink") {
        None | Some(Value::Null) => None,
        Some(_) => {
            let link = text(body, "@odata.nextLink").ok_or("an audit log page has a next link that is no text")?;
            Some(PageRequest::Next { link, number: number + 1 })
        }
    };
    Ok(page)
}

/// The id of a record, reduced to the characters that ids are made of: a record that cannot be read may hold anything.
fn printable_id(entry: &Value) -> String {
    let id = text(entry, "id").unwrap_or_default();
    let shown: String = id.chars().filter(|c| c.is_ascii_alphanumeric() || "_-".contains(*c)).take(80).collect();
    if shown.is_empty() { "unknown".to_owned() } else { shown }
}

fn parse_record(entry: &Value) -> Result<AuditRecord, &'static str> {
    if !entry.is_object() {
        return Err("it is no object");
    }
    let targets = member(entry, "targetResources").and_then(Value::as_array).ok_or("it names no user")?;
    let mut readable = Vec::new();
    for target in targets {
        let kind = text(target, "type");
        match ObjectId::from_hyphenated(&text(target, "id").unwrap_or_default()) {
            Ok(id) => readable.push(Target { id, kind }),
            Err(_) if is_user(kind.as_deref()) => return Err("its user has no usable id"),
            Err(_) => {}
        }
    }
    // A record that names no user must be reported. Without this check it would be ignored without a trace.
    if !readable.iter().any(Target::is_user) {
        return Err("it names no user");
    }
    Ok(AuditRecord {
        id: text(entry, "id").unwrap_or_default(),
        at: text(entry, "activityDateTime").and_then(|at| parse_time(&at)),
        category: text(entry, "category"),
        result: text(entry, "result"),
        initiator: parse_initiator(member(entry, "initiatedBy").unwrap_or(&Value::Null)),
        targets: readable,
    })
}

fn parse_initiator(by: &Value) -> Initiator {
    let of = |kind: &str, name: &str| member(by, kind).and_then(|actor| text(actor, name));
    Initiator {
        // The all-zero id means that there is no user.
        user_id: of("user", "id").filter(|id| ObjectId::from_hyphenated(id).is_ok()),
        app_id: of("app", "appId"),
        service_principal_id: of("app", "servicePrincipalId"),
        app_name: of("app", "displayName"),
    }
}

/// A member of an object, whatever the case of its name.
fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let object = value.as_object()?;
    object.get(name).or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// A member that is a text and not empty.
fn text(value: &Value, name: &str) -> Option<String> {
    let text = member(value, name)?.as_str()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
