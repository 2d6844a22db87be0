//! Values that would like to be more than values.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;
use url::ParseError;

use super::*;
use crate::expressions::{TemplateError, UnknownName};
use crate::lookups::LookupSubject;
use crate::lookups::context::{NAMES, context};
use crate::values::{App, EmailAddress, Invitation};

const URL: &str = "https://crm.contoso.com/people/{{ app.name }}/of?email={{ email }}&is={{ app.name }}";

/// What templates see when the app, and a column of the invitation, are called `name`.
fn seen(name: &str, write: EncodeValue) -> Value {
    let address: EmailAddress = "jo+x@example.com".parse().unwrap();
    let app = App { id: None, name: name.to_owned() };
    let mut invitation = Invitation::new(Arc::from("beta"), 2, None);
    invitation.columns = BTreeMap::from([("name".to_owned(), name.to_owned())]);
    invitation.tags = vec!["a&b".to_owned(), "c".to_owned()];
    let subject = LookupSubject { address: &address, app: &app, invitation: Some(&invitation), locale: "de-AT" };
    context(&subject, write)
}

fn rendered(source: &str, name: &str) -> Result<String, InvalidRequest> {
    UrlTemplate::try_new(source).unwrap().render(&seen(name, PERCENT_ENCODED)).map(String::from)
}

#[rstest]
#[case("a&b=c", "a%26b%3Dc")]
#[case("a/../b", "a%2F..%2Fb")]
#[case("a?b", "a%3Fb")]
#[case("a#b", "a%23b")]
#[case("100%", "100%25")]
#[case("%2e%2e", "%252e%252e")]
#[case("a\\b", "a%5Cb")]
#[case("a b\r\n\tc", "a%20b%0D%0A%09c")]
#[case("Zürich 東京", "Z%C3%BCrich%20%E6%9D%B1%E4%BA%AC")]
#[case("@evil.example:443", "%40evil.example%3A443")]
#[case("a-b.c_d~e", "a-b.c_d~e")]
fn a_value_in_an_address_stays_one_component(#[case] name: &str, #[case] encoded: &str) {
    let address = format!("https://crm.contoso.com/people/{encoded}/of?email=jo%2Bx%40example.com&is={encoded}");
    assert_eq!(rendered(URL, name), Ok(address));
}

#[rstest]
#[case("..")]
#[case(".")]
fn a_value_that_would_climb_the_path_is_refused(#[case] name: &str) {
    assert_eq!(rendered(URL, name), Err(InvalidRequest::DotSegment));
}

#[test]
fn two_values_do_not_climb_the_path_together() {
    for between in ["", "\n", "\t", "{# #}"] {
        let source = format!("https://crm.contoso.com/a/{{{{ app.name }}}}{between}{{{{ invite.name }}}}/b");
        assert_eq!(rendered(&source, "."), Err(InvalidRequest::DotSegment), "{between:?}");
        assert_eq!(rendered(&source, "x").unwrap(), "https://crm.contoso.com/a/xx/b");
    }
}

#[test]
fn lists_and_languages_can_be_asked_with() {
    let source = "https://crm.contoso.com/{{ locale }}?tags={{ invite.tags | join(',') }}&from={{ invite.source }}";
    assert_eq!(rendered(source, "x").unwrap(), "https://crm.contoso.com/de-AT?tags=a%26b,c&from=beta");
}

proptest! {
    #[test]
    fn no_value_changes_what_is_around_it(name in any::<String>()) {
        match rendered(URL, &name) {
            Ok(address) => {
                let url = Url::parse(&address).unwrap();
                prop_assert_eq!(url.host_str(), Some("crm.contoso.com"));
                let path: Vec<_> = url.path_segments().unwrap().collect();
                prop_assert_eq!((path.len(), path[0], path[2]), (3, "people", "of"));
                let query: Vec<_> = url.query_pairs().map(|(key, _)| key.into_owned()).collect();
                prop_assert_eq!(query, ["email", "is"]);
                prop_assert!(url.fragment().is_none());
            }
            Err(error) => prop_assert!(error == InvalidRequest::DotSegment || name.len() > 1000, "{}", error),
        }
    }

    #[test]
    fn a_value_in_a_body_stays_one_text(name in any::<String>()) {
        let body = BodyTemplate::try_new(r#"{"name": {{ app.name }}, "list": [{{ invite.name }}]}"#).unwrap();
        let body = body.render(&seen(&name, JSON_STRING)).unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), json!({"name": name, "list": [name]}));
    }
}

#[rstest]
#[case::quotes(r#"jo", "admin": true, "x": ""#)]
#[case::backslashes(r#"jo\", "admin": true, "x": ""#)]
#[case::both_turned_round(r#"":"x" ,eurt :"nimda" ,"oj"#)]
#[case::line_breaks("a\r\nb\0c")]
fn no_filter_frees_a_value_from_its_quotes(#[case] name: &str) {
    for filter in ["", "| upper", "| lower", "| title", "| capitalize", "| reverse", "| trim", "| replace('a', '')"] {
        let body = BodyTemplate::try_new(&format!(r#"{{"name": {{{{ app.name {filter} }}}}}}"#));
        let Ok(Ok(body)) = body.map(|body| body.render(&seen(name, JSON_STRING))) else { continue };
        let read: serde_json::Map<String, Value> = serde_json::from_str(&body).unwrap();
        assert_eq!(read.len(), 1, "{filter}: {body}");
    }
}

#[test]
fn what_an_invitation_does_not_say_needs_a_default() {
    let error = BodyTemplate::try_new(r#"{"name": {{ invite.name }}}"#).unwrap_err();
    assert!(matches!(error, InvalidRequest::NotJson { only_without_invitation: true, .. }), "{error}");
    assert!(error.to_string().contains("default(\"null\")"), "{error}");
    let body = BodyTemplate::try_new(r#"{"name": {{ invite.name | default("null") }}, "id": {{ app.id }}}"#).unwrap();
    let mut none = seen("x", JSON_STRING);
    none["invite"] = json!({});
    assert_eq!(body.render(&none).unwrap(), r#"{"name": null, "id": ""}"#);
}

#[rstest]
#[case("{{ app.name }}://crm.contoso.com/", InvalidRequest::HostNotLiteral)]
#[case("https://{{ app.name }}/people", InvalidRequest::HostNotLiteral)]
#[case("https://{{ app.name }}.contoso.com/people", InvalidRequest::HostNotLiteral)]
#[case("https://crm.contoso.com{{ app.name }}", InvalidRequest::HostNotLiteral)]
#[case("https://crm.contoso.com:{{ app.name }}/", InvalidRequest::HostNotLiteral)]
#[case("https://crm.contoso.com:44{% if email %}3{% endif %}/", InvalidRequest::HostNotLiteral)]
#[case("https:///crm{{ app.name }}.contoso.com/", InvalidRequest::HostNotLiteral)]
#[case("https:\\\\crm{{ app.name }}.contoso.com/", InvalidRequest::HostNotLiteral)]
#[case("https:{{ app.name }}", InvalidRequest::HostNotLiteral)]
#[case("https:crm.contoso.com", InvalidRequest::HostNotLiteral)]
#[case("mailto:jo@example.com", InvalidRequest::NotHttps)]
#[case("crm.contoso.com/people", InvalidRequest::NotAnAddress(ParseError::RelativeUrlWithoutBase))]
#[case("https://crm.contoso.com:port/people", InvalidRequest::NotAnAddress(ParseError::InvalidPort))]
#[case("http://crm.contoso.com/people", InvalidRequest::NotHttps)]
#[case("ftp://crm.contoso.com/people", InvalidRequest::NotHttps)]
#[case("https://jo:pw@crm.contoso.com/people", InvalidRequest::Credentials)]
#[case("https://crm.contoso.com/people#{{ email }}", InvalidRequest::Fragment)]
#[case("https://crm.contoso.com/a/../{{ email }}", InvalidRequest::DotSegment)]
#[case("https://crm.contoso.com/a/%2E%2e/{{ email }}", InvalidRequest::DotSegment)]
#[case("https://crm.contoso.com/{{ invite }}", InvalidRequest::WholeTable { name: "invite".into() })]
#[case("https://crm.contoso.com/{{ invite[email] }}", InvalidRequest::WholeTable { name: "invite".into() })]
#[case(
    "https://crm.contoso.com/{{ app.nmae }}",
    InvalidRequest::UnknownMember { path: "app.nmae".into(), near: Some("app.name".into()) }
)]
#[case(
    "https://crm.contoso.com/{{ email.domain }}",
    InvalidRequest::UnknownMember { path: "email.domain".into(), near: None }
)]
#[case(
    "https://crm.contoso.com/{{ emial }}",
    InvalidRequest::Template(TemplateError::UnknownName(UnknownName::new("emial", &NAMES)))
)]
fn an_address_that_could_lead_elsewhere_is_refused(#[case] source: &str, #[case] problem: InvalidRequest) {
    assert_eq!(UrlTemplate::try_new(source).unwrap_err(), problem);
}

#[rstest]
#[case("https://crm.contoso.com", false)]
#[case("https://crm.contoso.com?q={{ email }}", false)]
#[case("https://1.1.1.1/{{ email }}", false)]
#[case("https://10.1.2.3/", true)]
#[case("https://[fd00::1]/", true)]
#[case("https://[::ffff:10.0.0.1]/", true)]
#[case("https://0x7f.1/", true)]
#[case("http://127.0.0.1:8080/", true)]
#[case("https://LOCALHOST/", true)]
#[case("https://localhost./", true)]
fn knows_a_host_that_cannot_be_public(#[case] source: &str, #[case] private: bool) {
    assert_eq!(UrlTemplate::try_new(source).unwrap().is_private(), private);
}
