//! One mistake gives one message, and no mistake hides another.
//!
//! Each key of a configuration that has nearly all of them is misspelt, given another type, or left out. What follows from
//! such a mistake is not a problem of its own.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::sample::Sample;

/// A configuration without a problem.
const FULL: &str = r#"
[tenant]
id = "aaaabbbb-0000-cccc-1111-dddd2222eeee"
subdomain = "contoso"
extension_app_id = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
attributes = { "ext.Newsletter" = "boolean", "ext.Seats" = "int64" }
endpoints = { login = "https://login.microsoftonline.com", ciam = "https://contoso.ciamlogin.com", graph = "https://graph.microsoft.com" }
[hooks]
audience = ["99999999-2222-3333-4444-555555555555"]
budget = "800ms"
on_failure = "block"
allowed_callers = ["99045fe1-7639-4a75-9d4a-577b6ca3810f"]
[[invites]]
name = "beta"
source = "invites.csv"
apps = ["44444444-5555-6666-7777-888888888888"]
refresh = "60s"
max_bytes = 100000
[[lookups]]
name = "crm"
url = "https://crm.contoso.com/{{ email }}"
method = "POST"
body = '{"email": {{ email }} }'
headers = { authorization = { env = "KEY" }, accept = "application/json" }
prefill = { jobTitle = "/title" }
budget = "200ms"
cache = "60s"
max_body = 1000
[[lookups]]
name = "inside"
url = "https://10.0.0.1/{{ email }}"
prefill = { jobTitle = "/title" }
allow_private = ["10.0.0.1"]
[[policies]]
name = "portal"
apps = ["44444444-5555-6666-7777-888888888888"]
gate = "invite-only"
allow = ["@contoso.com"]
deny = ["@mailinator.com"]
mode = "enforce"
no_address = "code"
email_match = "exact"
email_sources = ["identity"]
invitation_code = "ext.InvitationCode"
uniform_refusals = false
multi_select = ["ext.Interests"]
lookups = ["crm", "inside"]
prefill = { country = "AU", "ext.Seats" = 3, city = "{{ invite.email }}" }
max_text = 1000
  [[policies.rules]]
  attribute = "displayName"
  normalise = ["collapse"]
  required = "if-asked"
  min_length = 2
  max_length = 100
  message = "name"
  [[policies.rules]]
  attribute = "mobilePhone"
  normalise = ["phone"]
  phone_country = "attributes.country"
  [[policies.rules]]
  attribute = "ext.BirthDate"
  date_format = "%d.%m.%Y"
  earliest = "1900-01-01"
  latest = "today"
  min_age = 16
  outcome = "block"
  message = "too-young"
  [[policies.rules]]
  attribute = "ext.Interests"
  one_of = ["a", "b", "c"]
  min_items = 1
  max_items = 2
  [[policies.rules]]
  when = "attributes.city == '' && attributes.ext.Newsletter && invite.email != ''"
  message = "no-city"
[[policies]]
name = "default"
gate = "open"
[messages.en]
not-invited = { title = "By invitation only", text = "{{ email }} is not on the list." }
name = "Tell us your name."
too-young = { title = "Sorry", text = "Too young." }
no-city = "Say the city."
[messages.de]
not-invited = { title = "Nur mit Einladung", text = "{{ email }} steht nicht auf der Liste." }
name = "Name?"
too-young = { title = "Leider", text = "Zu jung." }
no-city = "Die Stadt."
[[tests]]
name = "an invited person"
hook = "start"
given = { email = "jo@example.com", email_source = "identity", locale = "de-AT", ip = "203.0.113.7", at = "2026-11-21", code = "valid", no_invitations = true }
expect = { action = "prefill", reason = "invitation", title = "x", message = "y", errors = { city = "z" }, values = { country = "AU" } }
[graph]
client_id = "88888888-3333-4444-5555-666666666666"
credential = { client_secret = { env = "KEY" } }
[state]
url = ".guestlist"
[accounts]
overlap = "2h"
run_limit = "8m"
concurrency = 16
max_attempts = 12
discover = "audit-logs"
[[connectors]]
name = "news"
kind = "mailchimp"
api_key = { env = "KEY" }
list = "a1b2c3d4e5"
base_url = "https://us21.api.mailchimp.com"
status_if_new = "pending"
when = "user.ext.Newsletter"
merge_fields = { FNAME = "{{ user.givenName }}", MAIL = "{{ invite.email }}" }
[[connectors]]
name = "directory"
kind = "profile"
after = ["news"]
when = "results.news.outcome == 'done'"
set = { displayName = "{{ user.givenName }}", "ext.News" = "{{ results.news.id }}" }
overwrite = "placeholders"
[telemetry]
hash_key = { env = "KEY" }
level = "info"
"#;

/// The tables whose keys the operator chooses. The names of those below `messages` are locales.
const MAPS: [&str; 9] =
    ["attributes", "headers", "prefill", "messages", "en", "de", "errors", "values", "merge_fields"];

/// A place in the configuration: keys, and the numbers of members of lists.
type Path = Vec<String>;

/// Every place of a configuration, in its order.
fn places(value: &Value, path: &Path, found: &mut Vec<Path>) {
    let members: Vec<(String, &Value)> = match value {
        Value::Table(table) => table.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
        _ => return,
    };
    for (key, value) in members {
        let below: Path = path.iter().cloned().chain([key]).collect();
        found.push(below.clone());
        places(value, &below, found);
    }
}

fn all_places() -> (Value, Vec<Path>) {
    let full = Value::Table(FULL.parse::<Table>().unwrap());
    let mut found = Vec::new();
    places(&full, &Vec::new(), &mut found);
    (full, found)
}

fn at<'v>(value: &'v mut Value, path: &[String]) -> &'v mut Value {
    path.iter().fold(value, |value, part| match value {
        Value::Table(table) => table.get_mut(part).unwrap(),
        Value::Array(items) => items.get_mut(part.parse::<usize>().unwrap()).unwrap(),
        _ => panic!("{path:?}"),
    })
}

/// Whether the place is a key that the product knows.
fn is_known_key(path: &[String]) -> bool {
    let (last, above) = path.split_last().unwrap();
    let in_map = above.last().is_some_and(|above| MAPS.contains(&above.as_str()) || above == "set");
    last.parse::<usize>().is_err() && !in_map
}

/// A mistake at a place of the configuration.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mistake {
    Misspelt,
    OtherType,
    LeftOut,
}

fn make(mistake: Mistake, path: &[String], config: &mut Value) {
    let (last, above) = path.split_last().unwrap();
    match mistake {
        Mistake::OtherType => {
            let value = at(config, path);
            *value = if value.is_integer() { Value::Array(Vec::new()) } else { Value::Integer(7) };
        }
        Mistake::Misspelt | Mistake::LeftOut => {
            let table = at(config, above).as_table_mut().unwrap();
            let value = table.remove(last).unwrap();
            if mistake == Mistake::Misspelt {
                table.insert(format!("{last}x"), value);
            }
        }
    }
}

/// What is said about a configuration, without line and column.
fn said(config: &Value) -> BTreeSet<String> {
    let text = config.as_table().unwrap().to_string();
    let problems = Sample::new(&text).with("KEY", "secret-us21").problems();
    let without_place = |line: &String| line.split_once(": ").unwrap().1.to_owned();
    let said: BTreeSet<String> = problems.iter().map(without_place).collect();
    assert_eq!(said.len(), problems.len(), "{problems:#?}");
    said
}

/// The problems of the whole configuration with these mistakes.
fn with(full: &Value, mistakes: &[(Mistake, &Path)]) -> BTreeSet<String> {
    let mut config = full.clone();
    for (mistake, path) in mistakes {
        make(*mistake, path, &mut config);
    }
    said(&config)
}

/// The mistakes that give another number of messages than one.
fn exceptions(mistake: Mistake, is_tried: impl Fn(&Path) -> bool) -> Vec<String> {
    let (full, places) = all_places();
    let mut found = Vec::new();
    for path in places.iter().filter(|path| is_tried(path)) {
        let said = with(&full, &[(mistake, path)]);
        if said.len() != 1 {
            found.push(format!("{}: {said:#?}", path.join(".")));
        }
    }
    found
}

#[test]
fn the_whole_configuration_has_no_problem() {
    let (full, places) = all_places();
    assert!(said(&full).is_empty(), "{:#?}", said(&full));
    assert!(places.len() > 150, "{}", places.len());
}

#[test]
fn a_misspelt_key_is_one_message() {
    let found = exceptions(Mistake::Misspelt, |path| is_known_key(path));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_value_of_another_type_is_one_message() {
    // These take a number as well.
    let takes_numbers =
        |path: &Path| ["country", "city", "one_of"].iter().any(|key| path.iter().any(|part| part == key));
    let found = exceptions(Mistake::OtherType, |path| !takes_numbers(path) || path.iter().any(|part| part == "errors"));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_missing_key_is_one_message() {
    const REQUIRED: [&str; 12] = [
        "id",
        "audience",
        "name",
        "source",
        "url",
        "gate",
        "expect",
        "action",
        "client_id",
        "credential",
        "client_secret",
        "kind",
    ];
    const ALSO: [&str; 4] = ["api_key", "list", "set", "text"];
    let is_required = |path: &Path| {
        let key = path.last().unwrap().as_str();
        let optional = path[0] == "state" || path.iter().any(|part| part == "en" || part == "de") && key == "name";
        is_known_key(path) && !optional && (REQUIRED.contains(&key) || ALSO.contains(&key))
    };
    let found = exceptions(Mistake::LeftOut, is_required);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// A simple generator of numbers (`SplitMix64`), so that a failure can be repeated.
fn next(state: &mut u64) -> usize {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    usize::try_from((mixed ^ (mixed >> 31)) >> 8).unwrap()
}

#[test]
fn of_two_mistakes_each_gives_its_message() {
    const SEED: u64 = 9;
    let (full, places) = all_places();
    // A section that has lost its name is called otherwise in the messages about it.
    let is_named = |path: &&Path| !["name", "attribute"].contains(&path.last().unwrap().as_str());
    let known: Vec<&Path> = places.iter().filter(|path| is_known_key(path)).filter(is_named).collect();
    let mut state = SEED;
    for round in 0..60 {
        let (first, second) = (known[next(&mut state) % known.len()], known[next(&mut state) % known.len()]);
        let takes_numbers = ["country", "city", "one_of"].contains(&second.last().unwrap().as_str());
        if first.starts_with(second) || second.starts_with(first) || takes_numbers {
            continue;
        }
        let mistakes = [(Mistake::Misspelt, first), (Mistake::OtherType, second)];
        let both = with(&full, &mistakes);
        for mistake in mistakes {
            let alone = with(&full, &[mistake]);
            assert!(alone.is_subset(&both), "seed {SEED} round {round} {mistakes:?}: {alone:#?} {both:#?}");
        }
    }
}
