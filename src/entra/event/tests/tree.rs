//! The same rules over a tree, and whatever a body may be: both readers see the same event, or the same error.

use proptest::prelude::*;
use serde_json::Map;

use super::*;
use crate::values::{AttributeName, AttributeType, AttributeValue, Form, FormField};

/// Reads an event from the tree of its body.
fn read(body: &[u8], kind: EventKind, tenant: &TenantId) -> Result<SignUpEvent, Malformed> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(Malformed::Empty);
    }
    let root: Value = serde_json::from_slice(body)
        .map_err(|error| Malformed::NotJson { line: error.line(), column: error.column() })?;
    let root = root.as_object().ok_or(Malformed::NotAnObject)?;
    let data = member(root, "data").and_then(Value::as_object).ok_or(Malformed::NoData)?;
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
    if !is_named {
        return Err(Malformed::NoType);
    }
    let tenant_id = TenantId::from_hyphenated(text_of(member(data, "tenantId"))).map_err(|_| Malformed::NoTenant)?;
    if tenant_id != *tenant {
        return Err(Malformed::OtherTenant);
    }
    let context = member(data, "authenticationContext");
    let sign_up = member(data, "userSignUpInfo");
    let principal = member_of(context, "clientServicePrincipal");
    let client = member_of(context, "client");
    let names = ["displayName", "appDisplayName"].map(|name| text_of(member_of(principal, name)));
    let locale = |name| Some(text_of(member_of(client, name))).filter(|text| text.len() <= 64).unwrap_or_default();
    Ok(SignUpEvent {
        correlation_id: CorrelationId::from_hyphenated(text_of(member_of(context, "correlationId"))).ok(),
        app: App {
            id: AppId::from_hyphenated(text_of(member_of(principal, "appId"))).ok(),
            name: names.into_iter().find(|name| !name.is_empty()).unwrap_or_default().to_owned(),
        },
        client: Client {
            ip: text_of(member_of(client, "ip")).trim().parse().ok(),
            locale: locale("locale").to_owned(),
            market: locale("market").to_owned(),
        },
        identities: identities(member_of(sign_up, "identities")),
        form: form(member_of(sign_up, "attributes")),
    })
}

fn identities(listed: Option<&Value>) -> Vec<Identity> {
    let listed = listed.and_then(Value::as_array).into_iter().flatten().filter(|identity| identity.is_object());
    let of = |identity, name| text_of(member_of(Some(identity), name)).to_owned();
    listed
        .map(|identity| Identity {
            sign_in_type: of(identity, "signInType"),
            issuer: of(identity, "issuer"),
            issuer_assigned_id: of(identity, "issuerAssignedId"),
        })
        .collect()
}

fn form(attributes: Option<&Value>) -> Form {
    let listed = attributes.and_then(Value::as_object).into_iter().flatten();
    Form(listed.map(|(name, attribute)| field(name, attribute)).collect())
}

fn field(name: &str, attribute: &Value) -> FormField {
    let (declared, raw) = match attribute {
        Value::Object(members) => (declared_type(members), member(members, "value").unwrap_or(&Value::Null)),
        other => (None, other),
    };
    let value = value(raw);
    let own = value.as_ref().map(AttributeValue::attribute_type);
    let attribute_type = declared.or(own).unwrap_or(AttributeType::String);
    let value = value.map(|value| value.convert(attribute_type).unwrap_or(value));
    FormField { name: AttributeName::new(name), attribute_type, value }
}

fn declared_type(members: &Map<String, Value>) -> Option<AttributeType> {
    let name = member(members, "@odata.type")?.as_str()?.to_ascii_lowercase();
    match name.rsplit('.').next()? {
        "stringdirectoryattributevalue" => Some(AttributeType::String),
        "int64directoryattributevalue" => Some(AttributeType::Int64),
        "booleandirectoryattributevalue" => Some(AttributeType::Boolean),
        "stringcollectiondirectoryattributevalue" => Some(AttributeType::StringCollection),
        _ => None,
    }
}

fn value(raw: &Value) -> Option<AttributeValue> {
    match raw {
        Value::Null => None,
        Value::Object(_) => Some(AttributeValue::String(raw.to_string())),
        Value::Bool(flag) => Some(AttributeValue::Boolean(*flag)),
        Value::String(text) => Some(AttributeValue::String(text.clone())),
        Value::Number(number) => Some(AttributeValue::from_number(number)),
        Value::Array(items) => {
            let texts = items.iter().filter_map(value).map(|item| item.to_text());
            Some(AttributeValue::StringCollection(texts.collect()))
        }
    }
}

/// The member of this name: first in the exact spelling, then in any case.
fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let any_case = || object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    object.get(name).or_else(any_case)
}

fn member_of<'a>(value: Option<&'a Value>, name: &str) -> Option<&'a Value> {
    member(value?.as_object()?, name)
}

fn text_of(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}

/// Whether both readers see the same in this body.
fn agree(body: &[u8]) -> Result<(), TestCaseError> {
    let tenant = TENANT.parse().unwrap();
    let parts = |event: SignUpEvent| (event.correlation_id, event.app, event.client, event.identities, event.form);
    let straight = SignUpEvent::parse(body, EventKind::Start, &tenant).map(parts);
    let by_tree = read(body, EventKind::Start, &tenant).map(parts);
    if let (Ok((.., form)), Ok((.., expected))) = (&straight, &by_tree) {
        // Values are not shown by Debug.
        let shown = |form: &Form| serde_json::to_string(&form.0.iter().map(|field| &field.value).collect::<Vec<_>>());
        prop_assert_eq!(shown(form).unwrap(), shown(expected).unwrap(), "{}", String::from_utf8_lossy(body));
    }
    prop_assert_eq!(straight, by_tree, "{}", String::from_utf8_lossy(body));
    Ok(())
}

/// JSON as text, with names in any case, names that are there twice, escapes, and values of the wrong kind.
fn any_json() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("-0".to_owned()),
        Just("5.0".to_owned()),
        Just("1e400".to_owned()),
        Just("\"\\ud800\"".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| Value::from(number).to_string()),
        "\\PC{0,12}".prop_map(|text| Value::from(text).to_string()),
        Just(format!("\"{TENANT}\"")),
        Just(format!("\"{}\"", TENANT.to_uppercase())),
        Just(format!("\" {CORRELATION} \"")),
        Just(format!("\"#{}\"", EventKind::Start.event_type())),
        Just(format!("\"{}\"", EventKind::Start.data_type().to_uppercase())),
        Just(format!("\"{}\"", EventKind::Submit.data_type())),
        Just("\"graph.INT64DirectoryAttributeValue\"".to_owned()),
        Just("\"stringCollectionDirectoryAttributeValue\"".to_owned()),
        Just("\" 192.0.2.7 \"".to_owned()),
    ];
    scalar.prop_recursive(4, 40, 6, |value| {
        prop_oneof![
            proptest::collection::vec(value.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
            proptest::collection::vec((any_name(), value), 0..6).prop_map(|members| object(&members)),
        ]
    })
}

fn object(members: &[(String, String)]) -> String {
    let members: Vec<String> = members.iter().map(|(name, value)| format!("{name} : {value}")).collect();
    format!("{{{}}}", members.join(",\n"))
}

/// A name as JSON: most are of a member that is needed, in some spelling.
fn any_name() -> impl Strategy<Value = String> {
    const NAMES: [&str; 17] = [
        "type",
        "data",
        "@odata.type",
        "tenantId",
        "authenticationContext",
        "userSignUpInfo",
        "correlationId",
        "client",
        "clientServicePrincipal",
        "appId",
        "displayName",
        "locale",
        "ip",
        "identities",
        "attributes",
        "value",
        "issuer",
    ];
    let spelled = (prop::sample::select(&NAMES[..]), 0..5_u8).prop_map(|(name, spelling)| match spelling {
        0 => format!("\"{}\"", name.to_uppercase()),
        1 => format!("\"{}\"", name.to_lowercase()),
        2 => format!("\"\\u{:04x}{}\"", u32::from(name.chars().next().unwrap()), name.get(1..).unwrap()),
        _ => format!("\"{name}\""),
    });
    prop_oneof![8 => spelled, 1 => "\\PC{0,4}".prop_map(|name| Value::from(name).to_string())]
}

/// A member that the event may have, with a value that fits or any other; some are there twice.
fn member_with(
    name: &'static str,
    fitting: impl Strategy<Value = String> + 'static,
) -> BoxedStrategy<Vec<(String, String)>> {
    let spelling =
        prop_oneof![4 => Just(name.to_owned()), 1 => Just(name.to_uppercase()), 1 => Just(name.to_lowercase())];
    let value = prop_oneof![6 => fitting.boxed(), 1 => any_json().boxed()];
    let times = prop_oneof![6 => Just(1_usize), 1 => Just(0), 1 => Just(2), 1 => Just(3)];
    let one = (spelling, value).prop_map(|(spelling, value)| (format!("\"{spelling}\""), value));
    times.prop_flat_map(move |times| proptest::collection::vec(one.clone().boxed(), times)).boxed()
}

fn object_of(members: Vec<BoxedStrategy<Vec<(String, String)>>>) -> BoxedStrategy<String> {
    let known = members.prop_map(|members| members.concat());
    let unknown = proptest::collection::vec((any_name(), any_json()), 0..2);
    (known, unknown)
        .prop_map(|(known, unknown)| [known, unknown].concat())
        .prop_shuffle()
        .prop_map(|all| object(&all))
        .boxed()
}

fn quoted(text: &str) -> Just<String> {
    Just(format!("\"{text}\""))
}

/// A body that is an event, or almost.
fn any_event() -> BoxedStrategy<String> {
    let attribute = object_of(vec![
        member_with("@odata.type", quoted("microsoft.graph.booleanDirectoryAttributeValue")),
        member_with("value", any_json()),
    ]);
    let attributes =
        proptest::collection::vec((any_name(), prop_oneof![3 => attribute, 1 => any_json().boxed()]), 0..5);
    let identity = object_of(vec![
        member_with("signInType", quoted("federated")),
        member_with("issuer", quoted("mail")),
        member_with("issuerAssignedId", quoted("jo@example.com")),
    ]);
    let identities = proptest::collection::vec(identity, 0..3).prop_map(|all| format!("[{}]", all.join(",")));
    let sign_up = object_of(vec![
        member_with("identities", identities),
        member_with("attributes", attributes.prop_map(|members| object(&members))),
    ]);
    let principal = object_of(vec![
        member_with("appId", quoted("44444444-0000-0000-0000-000000000000")),
        member_with("displayName", quoted("")),
        member_with("appDisplayName", quoted("Portal")),
    ]);
    let client = object_of(vec![member_with("ip", quoted(" 2001:db8::7")), member_with("locale", quoted("de-AT"))]);
    let context = object_of(vec![
        member_with("correlationId", quoted(CORRELATION)),
        member_with("clientServicePrincipal", principal),
        member_with("client", client),
    ]);
    let data = object_of(vec![
        member_with("@odata.type", quoted(EventKind::Start.data_type())),
        member_with("tenantId", quoted(TENANT)),
        member_with("authenticationContext", context),
        member_with("userSignUpInfo", sign_up),
    ]);
    object_of(vec![member_with("type", quoted(EventKind::Start.event_type())), member_with("data", data)])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn an_event_reads_the_same_as_by_its_tree(body in any_event()) {
        agree(body.as_bytes())?;
    }

    #[test]
    fn any_json_reads_the_same_as_by_its_tree(body in any_json()) {
        agree(body.as_bytes())?;
    }

    #[test]
    fn an_event_with_a_broken_byte_reads_the_same_as_by_its_tree(body in any_event(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut body = body.into_bytes();
        let at = at.index(body.len());
        body[at] = byte;
        agree(&body)?;
        body.truncate(at);
        agree(&body)?;
    }
}

#[test]
fn nesting_ends_where_it_does_in_a_tree() {
    for depth in [10, 120, 124, 125, 126, 127, 128, 129, 200] {
        for place in ["\"unknown\"", "\"data\""] {
            let body = format!("{{{place}:{}{}}}", "[".repeat(depth), "]".repeat(depth));
            agree(body.as_bytes()).unwrap();
        }
    }
}
