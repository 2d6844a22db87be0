//! The schema and the check refuse the same values, at each bound and beyond it.

use rstest::rstest;

use super::super::sample::{EXTENSION_APP, GRAPH, LEAST, NEWS, Sample, add};
use super::against_the_schema;
use crate::config::Severity;

/// A list for `[[invites]]`.
const LIST: &str = "[[invites]]\nname = \"beta\"\nsource = \"invites.csv\"\n";

/// A rule without keys.
const RULE: &str = "[[policies.rules]]\n";

/// A look-up without `prefill`.
const LOOKUP: &str = "[[lookups]]\nname = \"crm\"\nurl = \"https://crm.contoso.com/\"\n";

/// A profile connector without keys of its own.
const PROFILE: &str = "[[connectors]]\nname = \"directory\"\nkind = \"profile\"\n";

/// A test of the policies.
const TEST: &str = "[[tests]]\nname = \"one\"\n";

/// Whether the schema and the check accept a configuration.
fn verdicts(text: &str) -> (bool, bool) {
    let sample = Sample::new(text).with("KEY", "x-us1");
    let errors = match sample.load() {
        Ok(config) => config.notes,
        Err(invalid) => invalid.problems,
    };
    (against_the_schema(text).is_empty(), !errors.iter().any(|problem| problem.severity == Severity::Error))
}

/// The whole configuration with more at the end, or in a section that has them all.
fn with(place: &str, line: &str) -> String {
    let text = add(LEAST, "tenant", EXTENSION_APP);
    match place {
        "tenant" | "hooks" | "policies" => add(&text, place, line),
        _ => format!("{text}{GRAPH}{place}{line}\n"),
    }
}

/// Values on both sides of each bound: those of the first list are accepted, those of the second are refused.
#[rstest]
#[case::budget("hooks", "budget = \"{}\"", &["200ms", "0201ms", "1s", "1799ms", "1800ms"], &["199ms", "1801ms", "2s", "0s", "1m", "0.5s", "800"])]
#[case::callers("hooks", "allowed_callers = {}", &["['99045fe1-7639-4a75-9d4a-577b6ca3810f']"], &["[]", "['me']", "['00000000-0000-0000-0000-000000000000']", "['{00000000-0000-0000-0000-000000000000}']"])]
#[case::tenant_subdomain("tenant", "subdomain = \"{}\"", &["c", "Contoso-1", "ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"], &["", "a.b", "ä", "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"])]
#[case::types("tenant", "attributes = { \"{}\" = \"int64\" }", &["ext.Seats", "extension_0f1e2d3c4b5a69788796a5b4c3d2e1f0_Seats"], &["Seats", "ext.", "ext.a-b", "extension_12_Seats"])]
#[case::login("tenant", "endpoints = { login = \"{}\" }", &["https://login.contoso.com", "HTTPS://login.contoso.com/a@b", "http://127.0.0.1:1"], &["login.contoso.com", "ftp://contoso.com", "https://contoso.com/?a", "https://contoso.com/#a", ""])]
#[case::max_text("policies", "max_text = {}", &["64", "65536"], &["63", "65537", "-1"])]
#[case::sources("policies", "email_sources = {}", &["['identity']", "['attribute:email', 'attribute: ext.A ']"], &["[]", "['identity', 'identity']", "['Identity']", "['attribute:nothing']", "['attribute:']"])]
#[case::lookups_of_a_policy("policies", "lookups = {}", &["[]"], &["['crm', 'crm']"])]
#[case::allow("policies", "allow = ['{}']", &["@contoso.com", "@*.contoso.com", "jo@contoso.com"], &["contoso.com", "@", "jo@", "@*", ""])]
#[case::multi_select("policies", "multi_select = ['{}']", &["city", "CITY", "ext.A"], &["town", "ext.", ""])]
#[case::code_field("policies", "invitation_code = '{}'", &[], &["code", "a b"])]
#[case::prefilled("policies", "prefill = { '{}' = 'x' }", &["city", "displayname", "ext.A_1"], &["cty", "ext.A-1"])]
#[case::name_of_a_policy("[[policies]]\ngate = \"open\"\napps = [\"99045fe1-7639-4a75-9d4a-577b6ca3810f\"]\n", "name = \"{}\"", &["x", " a b "], &["", " "])]
#[case::attribute(RULE, "required = true\nattribute = \"{}\"", &["city", "postalcode", "email", "ext.A"], &["town", "ext.A.B", " city", ""])]
#[case::rule_for_nothing(RULE, "{}", &["attribute = \"city\"\nrequired = true", "when = \"true\""], &["required = true", "outcome = \"block\""])]
#[case::min_age(RULE, "attribute = \"ext.Born\"\nmin_age = {}", &["1", "150"], &["0", "151", "-1"])]
#[case::lengths(RULE, "attribute = \"city\"\nmax_length = {}", &["0", "1"], &["-1", "1.5"])]
#[case::earliest(RULE, "attribute = \"ext.Born\"\nearliest = \"{}\"", &["today", "2026-01-31", "2026-1-1"], &["Today", "31.01.2026", "2026-01", ""])]
#[case::country(RULE, "attribute = \"mobilePhone\"\nnormalise = [\"phone\"]\nphone_country = \"{}\"", &["AU", "au", "attributes.country"], &["AUS", "country", "attributes.town", ""])]
#[case::refresh(LIST, "refresh = \"{}\"", &["1s", "1000ms", "1m", "366d", "8784h", "31622400000ms"], &["999ms", "0s", "0d", "367d", "8785h", "31622400001ms", "1w"])]
#[case::max_bytes(LIST, "max_bytes = {}", &["1", "1073741824"], &["0", "1073741825"])]
#[case::list_file("[[invites]]\nname = \"a\"\n", "source = \"{}\"", &["invites.csv", "x/.xlsx.csv"], &["az://a/b.csv", "beta.xlsx", "x/BETA.XLSX"])]
#[case::name_of_a_list("[[invites]]\nsource = \"invites.csv\"\n", "name = \"{}\"", &["x", "beta 2"], &["", "  "])]
#[case::lookup_budget(LOOKUP, "prefill = { city = \"/a\" }\nbudget = \"{}\"", &["10ms", "1500ms", "1s"], &["9ms", "1501ms", "2s"])]
#[case::max_body(LOOKUP, "prefill = { city = \"/a\" }\nmax_body = {}", &["1", "1048576"], &["0", "1048577"])]
#[case::filled_in(LOOKUP, "{}", &["prefill = { city = '/a' }"], &["prefill = {}", "cache = '1m'", "prefill = { town = '/a' }"])]
#[case::pointer(LOOKUP, "prefill = { city = \"{}\" }", &["/", "/a~0b/~1", "/a b"], &["", "a", "/a~2", "/a~"])]
#[case::header(LOOKUP, "prefill = { city = \"/a\" }\nheaders = { \"{}\" = \"x\" }", &["Accept", "x_1!"], &["a b", "a:", "ä", ""])]
#[case::body_of_a_get(LOOKUP, "prefill = { city = \"/a\" }\n{}", &["method = 'POST'\nbody = '{}'", "method = 'POST'"], &["body = '{}'", "method = 'GET'\nbody = '{}'"])]
#[case::lookup_url("[[lookups]]\nname = \"crm\"\nprefill = { city = \"/a\" }\n", "url = \"{}\"", &["https://contoso.com/{{ email }}", "HTTPS://contoso.com"], &["contoso.com", "{{ email }}", "ftp://contoso.com/"])]
#[case::concurrency("[accounts]\n", "concurrency = {}", &["1", "1000"], &["0", "1001"])]
#[case::max_attempts("[accounts]\n", "max_attempts = {}", &["1", "1000"], &["0", "1001"])]
#[case::run_limit("[accounts]\n", "run_limit = \"{}\"", &["1s", "9m", "1000ms", "2d"], &["999ms", "0m", "367d"])]
#[case::overlap("[accounts]\n", "overlap = \"{}\"", &["0s", "366d"], &["1", "-1s", "1 h"])]
#[case::state("[state]\n", "url = \"{}\"", &[".guestlist", "/var/lib/x"], &["", " ", "az://container"])]
#[case::locale("", "[messages.{}]\nclosed = \"No.\"", &["en", "de-AT", "de_at", "fil"], &["e1n", "german", "1a", "deu", "Eng", "zho", "not-invited", "try-later", "closed"])]
#[case::audience_id("[[connectors]]\nname = \"n\"\nkind = \"mailchimp\"\napi_key = { env = \"KEY\" }\nconsent = \"all\"\n", "list = \"{}\"", &["a1", "A"], &["", "a-1", "ä"])]
#[case::name_of_a_connector("[[connectors]]\nkind = \"profile\"\nset = {}\n", "name = \"{}\"", &["a", "a-B_1", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"], &["", "a b", "a.b", "ä", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"])]
#[case::consent(NEWS, "{}", &["consent = 'all'", "when = 'true'"], &["", "after = []"])]
#[case::profile_field(PROFILE, "set = { \"{}\" = \"x\" }", &["displayName", "MAIL", "ext.A"], &["email", "ext", "ext."])]
#[case::secret("[telemetry]\n", "hash_key = {}", &["{ env = 'KEY' }"], &["{ env = '' }", "{ file = '' }", "'x'", "{}"])]
#[case::reason(TEST, "expect = { action = \"refuse\", reason = \"{}\" }", &["not-invited", "closed"], &["not invited", "Closed", ""])]
#[case::ip(TEST, "expect = { action = \"continue\" }\ngiven = { ip = \"{}\" }", &["203.0.113.7", "2001:db8::7"], &["localhost", "", "x"])]
#[case::attributes_of_a_test(TEST, "expect = { action = \"continue\" }\ngiven = { attributes = { \"{}\" = 1 } }", &["city", "ext.A"], &["town", ""])]
#[case::source_of_a_test(TEST, "expect = { action = \"continue\" }\ngiven = { email_source = \"{}\" }", &["identity", "federated-id", "attribute:email"], &["me", ""])]
fn the_schema_and_the_check_agree(
    #[case] place: &str,
    #[case] line: &str,
    #[case] accepted: &[&str],
    #[case] refused: &[&str],
) {
    let values = accepted.iter().map(|value| (value, true)).chain(refused.iter().map(|value| (value, false)));
    for (value, expected) in values {
        let text = with(place, &line.replacen("{}", value, 1));
        let (by_schema, by_check) = verdicts(&text);
        let seen = Sample::new(&text).with("KEY", "x-us1").problems();
        assert_eq!(
            (by_schema, by_check),
            (expected, expected),
            "(schema, check) of {value:?}: {seen:#?} {:#?}",
            against_the_schema(&text)
        );
    }
}

#[rstest]
#[case(
    "[[policies]]\nname = \"many\"\ngate = \"open\"\n",
    "[[policies.rules]]\nattribute = \"city\"\nmax_length = 3\n",
    256
)]
#[case("[[policies.rules]]\nattribute = \"city\"\nnormalise = [", "\"trim\", ", 16)]
#[case("[[policies.rules]]\nattribute = \"city\"\none_of = [", "1, ", 1000)]
fn the_schema_and_the_check_count_alike(#[case] begin: &str, #[case] member: &str, #[case] most: usize) {
    let end = if begin.ends_with('[') { "]\n" } else { "" };
    let text = |number: usize| format!("{LEAST}{begin}{}{end}", member.repeat(number));
    assert_eq!(verdicts(&text(most)), (true, true), "{begin}");
    assert_eq!(verdicts(&text(most + 1)), (false, false), "{begin}");
}
