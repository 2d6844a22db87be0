//! The values that the templates of a look-up see. Each is encoded for its place: an address or a JSON body.
//!
//! `email`, `locale`, `app.id` and `app.name` are always there, empty if they are not known. `invite` has what the
//! invitation says: its columns, its `tags` as a list, its `source`.

use serde_json::{Value, json};

use super::LookupSubject;
use super::invalid_request::InvalidRequest;
use crate::expressions::Template;
use crate::values::{Invitation, nearest};

/// The names a template may use.
pub(super) const NAMES: [&str; 4] = ["email", "app", "invite", "locale"];

/// The members of `app`.
const APP: [&str; 2] = ["id", "name"];

/// Encodes a value for the place where it is put.
pub(super) type EncodeValue = fn(&str) -> String;

/// Compiles a template and checks that every member it names exists.
pub(super) fn compile(source: &str) -> Result<Template, InvalidRequest> {
    let template = Template::compile(source, &NAMES)?;
    for path in template.paths() {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match path.as_slice() {
            ["email" | "locale"] | ["app", "id" | "name"] | ["invite", _, ..] => {}
            ["app", member, ..] if !APP.contains(member) => {
                let near = nearest(member, APP).map(|near| format!("app.{near}"));
                return Err(InvalidRequest::UnknownMember { path: path.join("."), near });
            }
            [name @ ("app" | "invite")] => return Err(InvalidRequest::WholeTable { name: (*name).to_owned() }),
            path => return Err(InvalidRequest::UnknownMember { path: path.join("."), near: None }),
        }
    }
    Ok(template)
}

/// What a template sees of a person.
pub(super) fn context(subject: &LookupSubject<'_>, encode: EncodeValue) -> Value {
    let id = subject.app.id.as_ref().map_or("", |id| id.as_str());
    json!({
        "email": encode(subject.address.as_given()),
        "locale": encode(subject.locale),
        "app": { "id": encode(id), "name": encode(&subject.app.name) },
        "invite": subject.invitation.map_or_else(|| json!({}), |invitation| invite(invitation, encode)),
    })
}

fn invite(invitation: &Invitation, encode: EncodeValue) -> Value {
    let mut columns: serde_json::Map<String, Value> =
        invitation.columns.iter().map(|(column, cell)| (column.clone(), encode(cell).into())).collect();
    let tags: Vec<String> = invitation.tags.iter().map(|tag| encode(tag)).collect();
    columns.insert("tags".to_owned(), tags.into());
    columns.insert("source".to_owned(), encode(&invitation.source).into());
    Value::Object(columns)
}

/// Two samples of what a template sees, to try it when the configuration is read: a person whose invitation has every
/// column, and a person without an invitation.
pub(super) fn samples(template: &Template, encode: EncodeValue) -> [Value; 2] {
    let sample = |invite: Value| {
        let app = json!({ "id": encode("00000000-0000-0000-0000-000000000000"), "name": encode("App") });
        json!({ "email": encode("jo@example.com"), "locale": encode("en"), "app": app, "invite": invite })
    };
    let mut columns = serde_json::Map::new();
    for path in template.paths() {
        if let [root, column, ..] = path.as_slice()
            && root == "invite"
        {
            let value = if column == "tags" { json!([encode("tag")]) } else { encode("cell").into() };
            columns.insert(column.clone(), value);
        }
    }
    [sample(Value::Object(columns)), sample(json!({}))]
}
