//! Slips in `[[lookups]]`.

use rstest::rstest;

use super::sample::{LEAST, Sample, set};
use crate::lookups::{LookupHeader, MethodAndBody};

/// The least that a look-up says.
const CRM: &str = r#"
[[lookups]]
name = "crm"
url = "https://crm.contoso.com/people?email={{ email }}"
prefill = { jobTitle = "/person/title" }
"#;

/// A configuration with that look-up and this line, in place of the line of the same key if there is one.
fn sample(line: &str) -> Sample {
    let key = line.split('=').next().unwrap();
    let kept = |old: &&str| !old.starts_with(key);
    let lookup: Vec<&str> = CRM.lines().filter(kept).chain([line]).collect();
    Sample::new(&format!("{LEAST}{}\n", lookup.join("\n")))
}

#[test]
fn a_look_up_has_defaults() {
    let config = Sample::new(&format!("{LEAST}{CRM}")).load().unwrap();
    assert!(config.notes.is_empty(), "{:?}", config.notes);
    let crm = &config.lookups[0];
    assert_eq!((&*crm.name, crm.headers.len(), crm.private), ("crm", 0, false));
    assert!(matches!(crm.method, MethodAndBody::Get));
    assert_eq!((crm.budget.as_millis(), crm.cache.as_secs(), crm.max_body), (300, 60, 65_536));
    assert_eq!(crm.prefill, [(crate::values::AttributeName::new("jobTitle"), "/person/title".parse().unwrap())]);
}

#[test]
fn a_look_up_can_say_everything() {
    let text = r#"
[[lookups]]
name = "crm"
url = "http://127.0.0.1:8080/{{ app.id }}/{{ locale }}?who={{ invite.name }}"
method = "POST"
body = '{"email": {{ email }}}'
headers = { Authorization = { env = "CRM_KEY" }, "X-Tenant" = "contoso" }
prefill = { jobTitle = "/person/title", "extension_0f1e2d3c4b5a69788796a5b4c3d2e1f0_Plan" = "/plan" }
budget = "1500ms"
cache = "0s"
max_body = 1048576
allow_private = ["127.0.0.1"]
"#;
    let config = Sample::new(&format!("{LEAST}{text}")).with("CRM_KEY", "Bearer s3cr3t").load().unwrap();
    assert!(config.notes.is_empty(), "{:?}", config.notes);
    let crm = &config.lookups[0];
    assert!(crm.private && crm.cache.is_zero() && matches!(crm.method, MethodAndBody::Post(Some(_))));
    assert_eq!((crm.headers.len(), crm.prefill.len()), (2, 2));
    assert!(!format!("{config:?}").contains("s3cr3t"));
}

#[rstest]
#[case::no_scheme("url = \"crm.contoso.com\"", "url", "cannot be read")]
#[case::scheme("url = \"{{ app.name }}://crm.contoso.com/\"", "url", "written out")]
#[case::host("url = \"https://{{ app.name }}.contoso.com/\"", "url", "written out")]
#[case::port("url = \"https://crm.contoso.com:{{ app.name }}/\"", "url", "written out")]
#[case::http("url = \"http://crm.contoso.com/\"", "url", "only https")]
#[case::private("url = \"https://10.0.0.1/\"", "url", "allow_private = [\\\"10.0.0.1\\\"]")]
#[case::loopback("url = \"http://localhost:8080/\"", "url", "allow_private = [\\\"localhost\\\"]")]
#[case::name("url = \"https://crm.contoso.com/{{ emial }}\"", "url", "did you mean email?")]
#[case::member("url = \"https://crm.contoso.com/{{ app.nmae }}\"", "url", "did you mean app.name?")]
#[case::method("method = \"PUT\"", "method", "GET, POST")]
#[case::body_of_a_get("body = '{}'", "body", "method = \\\"POST\\\"")]
#[case::no_json("method = \"POST\"\nbody = '{\"email\": {{ email }}'", "body", "not JSON")]
#[case::secret_header("headers = { \"X-API-Key\" = \"s3cr3t\" }", "headers.X-API-Key", "never a plain string")]
#[case::cookie("headers = { Cookie = \"s3cr3t\" }", "headers.Cookie", "never a plain string")]
#[case::header_name("headers = { \"X Tenant\" = \"x\" }", "headers.X Tenant", "not a header's name")]
#[case::header_value("headers = { \"X-Tenant\" = \"a\\nb\" }", "headers.X-Tenant", "no header may carry")]
#[case::host_header("headers = { Host = \"x\" }", "headers.Host", "belongs to the connection")]
#[case::twice("headers = { X-A = \"1\", x-a = \"2\" }", "headers", "occurs twice")]
#[case::no_reference("headers = { X-A = { env = \"\" } }", "headers.X-A", "write { env = ")]
#[case::number("headers = { X-A = 1 }", "headers.X-A", "expected a table")]
#[case::pointer("prefill = { jobTitle = \"person.title\" }", "prefill.jobTitle", "begin with /")]
#[case::escape("prefill = { jobTitle = \"/a~b\" }", "prefill.jobTitle", "~0")]
#[case::attribute("prefill = { jobTitel = \"/title\" }", "prefill.jobTitel", "did you mean jobTitle?")]
#[case::custom("prefill = { \"ext.Plan\" = \"/plan\" }", "prefill.ext.Plan", "tenant.extension_app_id")]
#[case::attribute_twice("prefill = { city = \"/a\", City = \"/b\" }", "prefill", "city occurs twice")]
#[case::nothing("prefill = { }", "prefill", "say what is filled in")]
#[case::short("budget = \"9ms\"", "budget", "9ms is too small: the least is 10ms")]
#[case::long("budget = \"1501ms\"", "budget", "1501ms is too large: the limit is 1500ms")]
#[case::no_bytes("max_body = 0", "max_body", "0 is too small: the least is 1")]
#[case::too_many_bytes("max_body = 1048577", "max_body", "1048577 is too large: the limit is 1048576 bytes")]
#[case::no_host("allow_private = [\"http://crm\"]", "allow_private", "without scheme and port")]
#[case::another_host("allow_private = [\"crm.internal\"]", "allow_private", "warning: ")]
#[case::unknown("retries = 3", "retries", "unknown key")]
fn names_the_key_and_the_remedy(#[case] line: &str, #[case] key: &str, #[case] says: &str) {
    let seen = sample(line).problems();
    let (key, says) = (format!("lookups.crm.{key}: "), says.replace("\\\"", "\""));
    assert!(seen.iter().any(|line| line.contains(&key) && line.contains(&says)), "{seen:#?}");
    assert_eq!(seen.len(), 1, "{seen:#?}");
    assert!(!seen[0].contains("s3cr3t"), "{seen:#?}");
}

#[test]
fn a_name_occurs_once_and_several_slips_show_at_once() {
    let text = format!(
        "{LEAST}{CRM}{}budget = \"1m\"\nmax_body = 0\n",
        set(CRM, "lookups", "prefill", "{ jobTitle = \"title\" }")
    );
    let seen = Sample::new(&text).problems();
    for says in ["the name \"crm\" occurs twice", "budget", "max_body", "prefill.jobTitle"] {
        assert!(seen.iter().any(|line| line.contains(says)), "{says}: {seen:#?}");
    }
    assert_eq!(seen.len(), 4, "{seen:#?}");
}

#[rstest]
#[case(None, "CRM_KEY is not set")]
#[case(Some("s3\ncr3t"), "no header may carry")]
fn a_secret_that_cannot_be_sent_does_not_stop_the_service(#[case] value: Option<&str>, #[case] says: &str) {
    let mut sample = sample("headers = { Authorization = { env = \"CRM_KEY\" } }");
    if let Some(value) = value {
        sample = sample.with("CRM_KEY", value);
    }
    let config = sample.load().unwrap();
    assert!(
        matches!(config.lookups[0].headers.as_slice(), [(name, LookupHeader::Secret(_))] if name == "authorization")
    );
    let seen = sample.problems();
    assert!(seen.len() == 1 && seen[0].contains(says) && !seen[0].contains("cr3t"), "{seen:#?}");
}

#[test]
fn a_setting_can_replace_a_header_by_a_reference_or_a_text() {
    let lookup = sample("headers = { Authorization = { env = \"A\" }, X-Tenant = \"contoso\" }");
    let lookup = lookup.with("GUESTLIST__LOOKUPS__CRM__HEADERS__AUTHORIZATION", "{ env = \"B\" }");
    let lookup = lookup.with("GUESTLIST__LOOKUPS__CRM__HEADERS__X-TENANT", "fabrikam").with("B", "s3cr3t");
    let config = lookup.load().unwrap();
    let headers: Vec<&LookupHeader> = config.lookups[0].headers.iter().map(|(_, header)| header).collect();
    assert!(
        headers.iter().any(|header| matches!(header, LookupHeader::Secret(Ok(secret)) if secret.expose() == "s3cr3t"))
    );
    assert!(headers.iter().any(|header| matches!(header, LookupHeader::Text(text) if text == "fabrikam")));
}
