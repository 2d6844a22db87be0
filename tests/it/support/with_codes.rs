//! A service whose policy has a field for invitation codes, the codes in its list, and people who type them.

use std::collections::BTreeMap;
use std::path::Path;

use guestlist::values::Code;
use guestlist_emulator::sign_up::{Event, Person};
use serde_json::{Value, json};

use super::config::{Config, allow_and_deny};
use super::service::{Answer, Plan, Service, ext, fill};

/// A policy that asks people who are not on the list for a code, and everybody for a name.
pub(crate) fn policy() -> Config {
    allow_and_deny()
        .add("policies.default.invitation_code", "ext.InvitationCode")
        .and("[[policies.rules]]\nattribute = \"displayName\"\nrequired = true")
}

/// The longest budget there may be, because other tests use the same machine.
pub(crate) const PATIENT: &[(&str, &str)] = &[("budget", "1800ms")];

/// The columns of [`list`].
const COLUMNS: &str = "email,name,apps,not_before,expires,uses,code";

/// A code. Each number has its own.
pub(crate) fn code(number: u8) -> Code {
    let bytes = |other: u8| [number, other, 7, number, other, 7, number, other, 7, number, other, 7, 7, 7, 7, 7];
    (0..=u8::MAX).find_map(|other| Code::from_random(bytes(other))).unwrap()
}

/// A list with a line for each code: its number, and the cells before it, up to `uses`.
pub(crate) fn list(lines: &[(u8, &str)]) -> String {
    let line = |(number, before): &(u8, &str)| format!("{before},{}\n", code(*number).digest());
    format!("{COLUMNS}\nalex@fabrikam.com,Alex Fabrikam,,,,,\n{}", lines.iter().map(line).collect::<String>())
}

/// A service with that policy and that list.
pub(crate) async fn service(policy: Config, invites: &str) -> Service {
    Service::start_as(Plan { policy, invites, hooks: PATIENT, ..Plan::default() }).await
}

/// Somebody with a one-time passcode, at a network address of their own.
pub(crate) fn person(address: &str, ip: &str) -> Person {
    let mut person = Person::email_otp(address);
    ip.clone_into(&mut person.ip);
    person
}

/// The form somebody sends, with a name and what they typed as a code.
pub(crate) fn form(service: &Service, person: Person, typed: &str) -> Value {
    let mut submit = service.sign_up(person).submit();
    fill(&mut submit, "displayName", "Jo");
    fill(&mut submit, &ext("InvitationCode"), typed);
    submit
}

/// Sends a form with a code.
pub(crate) async fn submit_code(service: &Service, address: &str, typed: &str) -> Answer {
    let body = form(service, Person::email_otp(address), typed);
    service.call(Event::Submit, &body).await
}

/// Whether the answer admits somebody and empties the field of the code, so that no code is stored.
pub(crate) fn is_admitted(answer: &Answer) -> bool {
    let action = answer.action();
    let modifies = answer.action_name() == "modifyAttributeValues";
    modifies && action["attributes"] == json!({ ext("InvitationCode"): "" })
}

/// The error at the field of the code. Panics unless the answer shows the form again.
pub(crate) fn code_error(answer: &Answer) -> String {
    assert_eq!(answer.action_name(), "showValidationError", "{answer:?}");
    answer.action()["attributeErrors"][ext("InvitationCode")].as_str().unwrap_or_default().to_owned()
}

/// Every file below a folder, with its path in it and its text.
pub(crate) fn files(folder: &Path) -> Vec<(String, String)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
    found
}

/// The last event of each use of a code, as the state keeps it: the file's path and its text.
pub(crate) fn reservations(service: &Service) -> Vec<(String, String)> {
    let mut last: BTreeMap<String, (u32, (String, String))> = BTreeMap::new();
    for (path, text) in files(&service.folder.path().join(".guestlist/reservations")) {
        let (slot, number) = path.strip_suffix(".json").unwrap().rsplit_once('-').unwrap();
        let (slot, number) = (slot.to_owned(), number.parse().unwrap());
        if last.get(&slot).is_none_or(|(known, _)| *known < number) {
            last.insert(slot, (number, (path, text)));
        }
    }
    last.into_values().map(|(_, event)| event).collect()
}
