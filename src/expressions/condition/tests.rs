use std::time::{Duration, Instant};

use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

use super::*;

const NAMES: [&str; 3] = ["user", "invite", "results"];

fn compile(source: &str) -> Result<Condition, ConditionError> {
    Condition::compile(source, &NAMES)
}

fn ask(source: &str, context: &Json) -> Result<bool, ConditionError> {
    compile(source).unwrap().evaluate(context)
}

fn invited() -> Json {
    json!({
        "user": { "email": "ada@contoso.com", "age": 36, "surname": null, "ext": { "Plan": "gold", "Newsletter": true } },
        "invite": { "tags": ["billing", "beta"], "name": "" },
    })
}

#[rstest]
#[case("'billing' in invite.tags || user.ext.Plan != ''", true)]
#[case("'gone' in invite.tags", false)]
#[case("user.ext.Newsletter", true)]
#[case("!user.ext.Newsletter", false)]
#[case("user.ext['Plan'] == 'gold' && user.age > 18", true)]
#[case("user.email.endsWith('@contoso.com')", true)]
#[case("invite.tags.exists(tag, tag.startsWith('b'))", true)]
#[case("invite.tags.all(tag, tag == 'beta')", false)]
#[case("invite.tags.filter(tag, tag == 'beta').size() == 1", true)]
#[case("size(invite.tags) == 2 ? user.ext.Newsletter : false", true)]
#[case("has(user.ext.Plan) && !has(user.ext.Colour)", true)]
#[case("user.surname == null && user.surname == ''", true)]
#[case("user == user", true)]
fn answers(#[case] source: &str, #[case] expected: bool) {
    assert_eq!(ask(source, &invited()), Ok(expected), "{source}");
}

#[rstest]
#[case("user.ext.Newsletter", false)]
#[case("user.ext.Newsletter && user.country == 'AU'", false)]
#[case("user.ext.Plan != ''", false)]
#[case("user.ext.Plan == ''", true)]
#[case("'billing' in invite.tags", false)]
#[case("invite.tags.exists(tag, tag == 'billing')", false)]
#[case("has(user.ext.Plan)", false)]
#[case("results.billing.id == null", true)]
#[case("user.email.endsWith('@contoso.com')", false)]
#[case("size(user.ext.Plan) == 0", true)]
#[case("user.ext.Newsletter ? true : user.ext.Other", false)]
#[case("user.ext.Age < 18", true)]
#[case("18 > user.ext.Age", true)]
#[case("user.ext.Age >= 18", false)]
#[case("user.ext.Age == 0 && user.ext.Age + 1 == 1", true)]
#[case("user.ext.Age < -1", false)]
#[case("user.ext.Weight < 0.5", true)]
#[case("user.ext.Terms == false", true)]
#[case("user.ext.Terms != true", true)]
#[case("invite.tags == []", true)]
fn absent_null_and_empty_are_the_same(#[case] source: &str, #[case] expected: bool) {
    let null = json!({ "user": { "ext": null, "email": null }, "invite": { "tags": null } });
    let empty = json!({ "user": { "ext": { "Plan": "", "Newsletter": "" }, "email": "" }, "invite": { "tags": [] } });
    let foreign = json!({ "user": "ada", "invite": 1 });
    for context in [json!({}), null, empty, foreign, json!([]), json!(null)] {
        assert_eq!(ask(source, &context), Ok(expected), "{source} over {context}");
    }
}

#[test]
fn an_answer_that_is_neither_true_nor_false_is_an_error() {
    assert_eq!(ask("user.ext.Plan", &invited()), Err(ConditionError::NotBoolean("text")));
    assert_eq!(ask("user.age", &invited()), Err(ConditionError::NotBoolean("number")));
    assert_eq!(ask("invite.tags", &invited()), Err(ConditionError::NotBoolean("list")));
}

#[rstest]
#[case("''", "text")]
#[case("5", "number")]
#[case("-1.5", "number")]
#[case("size(invite.tags)", "number")]
#[case("[user.age]", "list")]
#[case("null", "null")]
fn what_can_never_be_true_is_refused_at_once(#[case] source: &str, #[case] kind: &'static str) {
    assert_eq!(compile(source).unwrap_err(), ConditionError::NotBoolean(kind));
}

#[rstest]
#[case("user.email > 5")]
#[case("user.age / 0 == 1")]
#[case("user.email - 'a' == ''")]
#[case("{user.email: 1}['b'] == 1")]
#[case("int(user.email) == 3")]
#[case("user.email || user.email")]
fn an_evaluation_error_quotes_no_value(#[case] source: &str) {
    let error = ask(source, &invited()).unwrap_err();
    assert!(!error.to_string().contains("ada"), "{error}");
}

#[rstest]
#[case("usr.email == ''", "the condition uses the unknown name usr: did you mean user?")]
#[case("weather == ''", "the condition uses the unknown name weather: user, invite and results can be used here")]
#[case("user.ext.News == True", "the condition uses the unknown name True: did you mean true?")]
#[case("user.email.endswith('x')", "the condition uses the unknown function endswith: did you mean endsWith?")]
#[case("matches(user.email, 'x')", "the condition uses the unknown function matches")]
#[case("false && user.email.nope()", "the condition uses the unknown function nope")]
#[case(
    "user.email == '''x'''",
    "texts in a condition are written 'like this'; other forms and comments are not available"
)]
#[case(
    r"user.email == r'x'",
    "texts in a condition are written 'like this'; other forms and comments are not available"
)]
#[case("true // yes", "texts in a condition are written 'like this'; other forms and comments are not available")]
#[case("user{a: 1} == 1", "the condition uses a message with fields, which is not available")]
fn names_what_is_wrong(#[case] source: &str, #[case] expected: &str) {
    assert_eq!(compile(source).unwrap_err().to_string(), expected);
}

#[rstest]
#[case("user.country = 'AU'", "the condition has = at character 14: write ==")]
#[case("user.é = 'AU' & !user.x", "the condition has = at character 8: write ==; it has & at character 15: write &&")]
#[case(
    "user.a == '=' | user.b === 'or'",
    "the condition has | at character 15: write ||; it has === at character 24: write =="
)]
#[case("user.a <> 'x'", "the condition has <> at character 8: write !=")]
#[case("user.a =! 'x'", "the condition has =! at character 8: write !=")]
#[case("user.a !== 'x'", "the condition has !== at character 8: write !=")]
#[case(
    "user.a => 1 || user.b=<2",
    "the condition has => at character 8: write >=; it has =< at character 22: write <="
)]
#[case("user.a == 'x' AND user.b == 'and'", "the condition has AND at character 15: write &&")]
#[case("user.a == 'x' or user.b", "the condition has or at character 15: write ||")]
#[case("not user.news", "the condition has not at character 1: write !")]
#[case("not(user.news)", "the condition has not at character 1: write !")]
#[case("!('a' in invite.tags) && 'b' not in invite.tags", "the condition has not at character 30: write !")]
#[case("user.a == ‘A or B’", "the condition has ‘ at character 11: write '")]
#[case("user.a == “AU”", "the condition has “ at character 11: write \"")]
#[case("user.a == 'AU’", "the condition has ’ at character 14: write '")]
fn an_operator_of_another_language_is_named_with_its_place(#[case] source: &str, #[case] expected: &str) {
    assert_eq!(compile(source).unwrap_err().to_string(), expected);
}

#[rstest]
#[case("user.a = ‘x = y’ and not user.b", "user.a == 'x = y' && ! user.b")]
#[case("user.a==1 &user.b", "user.a==1 &&user.b")]
fn an_operator_of_another_language_is_repaired(#[case] source: &str, #[case] repaired: &str) {
    let Err(ConditionError::OtherLanguage(found)) = compile(source) else { panic!("{source}") };
    assert_eq!(found.repaired, repaired);
}

#[rstest]
#[case("invite.tags.all(or, or == '=')")]
#[case("user.and == user.not || user['or'] == \"‘=’\"")]
#[case("!(user.a >= 1 && user.b <= 2 || user.c != '<>')")]
fn what_only_looks_like_another_language_is_left_alone(#[case] source: &str) {
    assert!(compile(source).is_ok(), "{:?}", compile(source));
}

#[rstest]
#[case("", "it is empty")]
#[case("  ", "it is empty")]
#[case("user.a ==", "it ends too early, something is missing after its last word")]
#[case("(user.a == 'x'", "it ends too early, something is missing after its last word")]
#[case("user.a == 'x')", ") at character 14 is not expected there")]
#[case("user.a 'ceo@contoso.com'", "a text at character 8 is not expected there")]
#[case("user.a ==\n == 1", "== at character 12 is not expected there")]
#[case(
    "user.a in ('x', 'y')",
    ", at character 15 is not expected there; a list is written in [ ], as in name in ['a', 'b']"
)]
#[case("has('x')", "invalid argument to has() macro (at character 5)")]
fn says_where_the_text_stops_being_a_condition(#[case] source: &str, #[case] expected: &str) {
    assert_eq!(compile(source).unwrap_err().to_string(), format!("the condition cannot be read: {expected}"));
}

#[test]
fn a_name_without_a_member_in_has_is_told_the_form() {
    let says = "the condition asks has(user), which is always there: write has(user.…) with one of its members";
    assert_eq!(compile("has(user)").unwrap_err().to_string(), says);
    assert!(matches!(compile("has(country)"), Err(ConditionError::UnknownName(_))));
}

#[test]
fn a_limit_is_called_a_limit_and_says_what_to_do() {
    let said = |source: &str| compile(source).unwrap_err().to_string();
    for (text, limit, remedy) in [
        (said(&" ".repeat(1025)), "the limit is 1024 bytes", "write it shorter"),
        (said(&"(".repeat(33)), "the limit is 32 levels", "fewer brackets"),
        (said(&"!".repeat(65)), "the limit is 64", "name in ['a', 'b']"),
        (said(&"a.".repeat(129)), "the limit is 128 dots", "split it"),
        (said(&format!("{}1 > 2", "1+".repeat(20))), "the limit is 16 levels", "split it"),
        (said("invite.tags.map(a, a).all(b, b == '')"), "the limit is one at a time", "write two conditions"),
        (ConditionError::ValueTooLarge.to_string(), "the limit is 1024 characters for a text and 256 items", ""),
    ] {
        assert!(text.contains(limit) && text.contains(remedy), "{text}");
    }
}

#[rstest]
#[case("")]
#[case("user.")]
#[case("user ==")]
#[case("user.?ext == 1")]
#[case("user[?'ext'] == 1")]
#[case("has('x')")]
fn refuses_what_is_no_expression(#[case] source: &str) {
    assert!(matches!(compile(source), Err(ConditionError::Syntax(_))), "{source}: {:?}", compile(source));
}

#[rstest]
#[case("invite.tags.all(a, invite.tags.all(b, a == b))")]
#[case("invite.tags.map(a, a).all(b, b == '')")]
#[case("invite.tags.exists_one(a, [1].map(b, b) == [])")]
fn refuses_loops_within_loops(#[case] source: &str) {
    assert_eq!(compile(source).unwrap_err(), ConditionError::NestedLoop);
}

#[test]
fn names_the_paths_it_uses() {
    let condition = compile("user.ext.Plan == user.ext['Tier'] || invite.tags.exists(t, t == user.ext.Plan)").unwrap();
    assert_eq!(condition.paths(), [vec!["invite", "tags"], vec!["user", "ext", "Plan"], vec!["user", "ext", "Tier"]]);
    let computed = compile("user.ext[invite.name] == ''").unwrap();
    assert_eq!(computed.paths(), [vec!["invite", "name"], vec!["user", "ext"]]);
}

#[test]
fn a_value_that_is_too_large_is_absent() {
    let context = |length: usize, items: usize| json!({ "user": { "email": "é".repeat(length) }, "invite": { "tags": vec!["x"; items] } });
    assert_eq!(ask("user.email == ''", &context(1024, 0)), Ok(false));
    assert_eq!(ask("user.email == ''", &context(1025, 0)), Ok(true));
    assert_eq!(ask("'x' in invite.tags", &context(0, 256)), Ok(true));
    assert_eq!(ask("'x' in invite.tags", &context(0, 257)), Ok(false));
}

fn warnings(source: &str) -> Vec<Warning> {
    let typed = |path: &[String]| path.first().is_some_and(|root| root == "user");
    compile(source).unwrap().warnings(&typed, &|path| (path == ["user", "city"]).then_some(ValueKind::Text))
}

#[rstest]
#[case("int(user.age) < 18", &[Warning::Conversion("int")])]
#[case("user.list.exists(item, double(item) > 1.5)", &[Warning::Conversion("double")])]
#[case("user.list[0] == 'x' || user[user.name] == ''", &[Warning::Index])]
#[case("10 / user.age > 3 && 10 % size(user.name) == 1", &[Warning::Division])]
#[case("user.age * 2 > 3 || user.age + 1 < 3 || user.age - 1 < 3", &[Warning::Arithmetic])]
#[case("int(user.age) / 2 < int(user.list[0])", &[Warning::Conversion("int"), Warning::Index])]
fn says_where_a_condition_can_fail_on_what_people_type(#[case] source: &str, #[case] expected: &[Warning]) {
    assert_eq!(warnings(source), expected);
}

#[rstest]
#[case("int(invite.seats) < 18 && invite.tags[0] == 'x'")]
#[case("size(user.name) + 1 > 3 && size(user.list) - 1 < 2 && user.age / 2 > 3")]
#[case("user.age < 18 || user['city'] == '' || user.givenName + ' ' + user.surname == 'Jo Ko'")]
#[case("user.news && user.list.exists(item, item == 'x') && 'x' in user.list && user.city != ''")]
fn does_not_warn_of_what_cannot_fail_on_what_people_type(#[case] source: &str) {
    assert_eq!(warnings(source), []);
}

/// Values of each kind; `no`: whether what is true or false is false.
fn of_each_kind(no: bool) -> Json {
    json!({ "user": { "text": "5", "list": ["5"], "number": 5, "flag": !no } })
}

fn kind_of(path: &[String]) -> Option<ValueKind> {
    match path.last()?.as_str() {
        "text" => Some(ValueKind::Text),
        "list" => Some(ValueKind::List),
        "number" => Some(ValueKind::Number),
        "flag" => Some(ValueKind::Boolean),
        _ => None,
    }
}

fn misfits(source: &str) -> Vec<String> {
    let warnings = compile(source).unwrap_or_else(|error| panic!("{source}: {error}")).warnings(&|_| false, &kind_of);
    warnings.iter().map(ToString::to_string).collect()
}

fn differ(one: &str, other: &str) -> bool {
    one != other
}

fn never(_: &str, _: &str) -> bool {
    false
}

fn is_no_text(one: &str, _: &str) -> bool {
    one != "text"
}

fn no_text_in_a_list(one: &str, other: &str) -> bool {
    other == "list" && one != "text"
}

#[rstest]
#[case("A == B", differ)]
#[case("A != B", differ)]
#[case("A < B", never)]
#[case("A >= B", never)]
#[case("A in B", no_text_in_a_list)]
#[case("A && B", never)]
#[case("A || B", never)]
#[case("A.contains(B)", never)]
#[case("A.endsWith(B)", never)]
#[case("A + B == user.nothing", never)]
#[case("A - B == user.nothing", never)]
#[case("A * B == user.nothing", never)]
#[case("A / B == user.nothing", never)]
#[case("A % B == user.nothing", never)]
#[case("size(A) == 1 && B == B", never)]
#[case("A.size() == 1 && B == B", never)]
#[case("int(A) == 5 && B == B", never)]
#[case("double(A) == 5.0 && B == B", never)]
#[case("string(A) == '5' && B == B", never)]
#[case("-A == -5 && B == B", never)]
#[case("!A && B == B", never)]
#[case("A ? B == B : B == B", never)]
#[case("A.exists(item, item == '5') && B == B", never)]
#[case("A.all(item, item == item) && B == B", never)]
#[case("user.list.exists(item, item == A) && B == B", is_no_text)]
#[case("user.list.all(item, item.contains(A)) && B == B", never)]
#[case("A.map(item, item) == [B]", never)]
fn says_exactly_where_a_kind_does_not_fit(#[case] shape: &str, #[case] never_same: fn(&str, &str) -> bool) {
    let kinds = ["text", "list", "number", "flag"];
    for (one, other) in kinds.iter().flat_map(|one| kinds.map(|other| (*one, other))) {
        let source = shape.replace('A', &format!("user.{one}")).replace('B', &format!("user.{other}"));
        let asked = ask(&source, &of_each_kind(shape.contains("||") || shape.starts_with('!')));
        let (fails, said) = (asked.is_err(), misfits(&source));
        assert_eq!(fails || never_same(one, other), !said.is_empty(), "{source}: {asked:?}, {said:?}");
        assert_eq!(fails, said.iter().any(|line| line.contains("fails:")), "{source}: {asked:?}, {said:?}");
    }
}

#[rstest]
#[case("user.text == 5", "user.text is a text, which is never the same as a number: compare it with a text")]
#[case("'5' != user.number", "user.number is a number, which is never the same as a text: compare it with a number")]
#[case("user.flag == 'true'", "user.flag is true or false, which is never the same as a text: write user.flag or !")]
#[case("user.text in [1, 2]", "user.text is a text, which is never the same as a number")]
#[case("5 in user.list", "what is written there is a number, which is never the same as a text: look for a text")]
#[case("has(user.text) == 1", "which is never the same as")]
#[case("user.text", "to take it for true or false, if it is filled in, fails: write user.text != ''")]
#[case("user.number", "user.number is a number, and to take it for true or false fails: write user.number != 0")]
#[case("!user.list", "write size(user.list) > 0")]
#[case("user.text > 5", "user.text is a text, and to compare it with a number fails: compare it with a text")]
#[case("'x' in user.text", "to ask what is in it fails: write user.text == '…' or user.text.contains('…'), or name it")]
#[case(
    "user.list.contains('x')",
    "user.list is a list, and .contains() of it fails: ask for what it holds, as in 'a' in"
)]
#[case("user.text.exists(c, c == 'x')", "a loop over it fails: ask the text itself")]
fn says_what_to_write_instead_of_what_does_not_fit(#[case] source: &str, #[case] says: &str) {
    let said = misfits(source);
    assert!(said.len() == 1 && said[0].contains(says), "{said:#?}");
}

#[rstest]
#[case("user.text == '5' && user.number == 5 && user.flag == true && user.list == ['5'] && user.text != null")]
#[case("user.number < 5.5 && user.text < 'a' && user.text + 'x' == 'x' && user.number + 1 == 2 && -user.number == -5")]
#[case("user.other == 5 || user.other || 'x' in user.other || user.other.contains('x') || user.other.all(i, i == 5)")]
#[case("(user.flag ? user.text : 'none') == 'none' && user.list.filter(one, one != '').size() > 3 && has(user.text)")]
#[case(
    "user.list.exists_one(one, one == user.text) && user.list.map(one, one + 'x') == [] && string(user.flag) == 'true'"
)]
fn says_nothing_of_what_fits_or_is_not_known(#[case] source: &str) {
    assert_eq!(misfits(source), Vec::<String>::new());
}

/// Texts that recurse as deep as their length allows, cut to `bytes`.
fn nasty(bytes: usize) -> Vec<String> {
    let chain = |part: &str| part.repeat(bytes / part.len());
    let around = |open: &str, core: &str, close: &str| {
        let times = (bytes - core.len()) / (open.len() + close.len());
        format!("{}{core}{}", open.repeat(times), close.repeat(times))
    };
    let mut texts: Vec<_> = [
        "(",
        "[",
        "{",
        "!",
        "-",
        "((",
        "user[",
        "user.",
        "user?",
        "user?user:",
        "user?(",
        "[[{",
        "f(",
        "user.all(a,",
        "1+",
        "'",
    ]
    .map(chain)
    .into();
    texts.push(format!("{}user", chain("!").get(4..).unwrap_or_default()));
    texts.push(format!("{}1", chain("-").get(4..).unwrap_or_default()));
    texts.push(format!("{}user", chain("user.").get(5..).unwrap_or_default()));
    texts.push(format!("{}1", chain("1+").get(2..).unwrap_or_default()));
    texts.push(format!("{}user", chain("user?user:").get(10..).unwrap_or_default()));
    texts.push(format!("{}user", chain("user&&").get(6..).unwrap_or_default()));
    texts.push(format!("{}user", chain("user in ").get(8..).unwrap_or_default()));
    for (open, close) in
        [("(", ")"), ("[", "]"), ("!(", ")"), ("-(", ")"), ("user[", "]"), ("{1:", "}"), ("size(", ")")]
    {
        texts.push(around(open, "user", close));
    }
    texts.push(around("true?", "user", ":user"));
    texts.push(around("(true?", "user", ":user)"));
    texts.push(around("invite.tags.all(a,", "user", ")"));
    texts.push(around("invite.tags.map(a,a,", "user", ")"));
    texts
}

/// The whole way on half of the stack that a worker thread has: parsing has a stack of its own, all else must be
/// content with this one, even in a debug build.
fn on_a_small_stack(texts: Vec<String>) {
    let run = move || {
        for text in texts {
            let started = Instant::now();
            if let Ok(condition) = compile(&text) {
                let _answer = condition.evaluate(&invited());
                let _answer = condition.evaluate(&json!({}));
                let _judgement = condition.evaluate_check(&invited(), &|_| false);
                let _risks = condition.warnings(&|_| true, &|_| Some(ValueKind::Text));
            }
            assert!(started.elapsed() < Duration::from_secs(5), "{text}");
        }
    };
    thread::Builder::new().stack_size(1024 * 1024).spawn(run).unwrap().join().unwrap();
}

#[test]
fn nothing_within_the_bounds_overflows_the_stack() {
    // From the deepest that the bounds let through to the longest that they refuse.
    for bytes in [16, 32, 33, 64, 65, 96, 128, 160, 256, 320, 512, 640, 1000, 1024] {
        on_a_small_stack(nasty(bytes));
    }
}

#[test]
fn takes_as_many_alternatives_as_operators_are_allowed() {
    let country = |at: u8| format!("user.country == '{}'", char::from(b'A' + at));
    let source = (0..26).map(country).collect::<Vec<_>>().join(" || ");
    assert_eq!(ask(&source, &json!({ "user": { "country": "Z" } })), Ok(true));
}

#[test]
fn refuses_what_is_out_of_bounds_before_parsing() {
    let refused = |source: &str| match compile(source) {
        Err(ConditionError::OutOfBounds(bounds)) => bounds,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(&" ".repeat(1025)), OutOfBounds::TooLong(1024));
    assert_eq!(refused(&"(".repeat(33)), OutOfBounds::TooDeep(32));
    assert_eq!(refused(&"!".repeat(65)), OutOfBounds::TooManyOperators(64));
    assert_eq!(refused(&"a.".repeat(129)), OutOfBounds::TooManyDots(128));
    assert_eq!(refused("user == 'x"), OutOfBounds::OpenText);
    assert_eq!(refused(&format!("{}1 > 2", "1+".repeat(20))), OutOfBounds::TooDeep(16));
}

/// Pieces of which a text is made that looks like a condition.
fn like_a_condition() -> impl Strategy<Value = String> {
    let pieces = [
        "user",
        ".ext",
        ".Plan",
        "['a']",
        "invite.tags",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "!",
        "-",
        "+",
        "*",
        "/",
        "%",
        "==",
        "!=",
        "<",
        ">=",
        "&&",
        "||",
        "?",
        ":",
        ",",
        " in ",
        "'x'",
        "1",
        "1.5",
        "1u",
        "null",
        "true",
        ".all(a,",
        ".map(a,",
        ".exists(a, a == 1)",
        "has(",
        "size(",
        ".startsWith(",
        "a",
        "\\",
        "'",
        "\"",
        "\u{0}",
        "é",
        "type(",
        "9223372036854775807",
    ];
    proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(text in prop_oneof!["\\PC{0,200}", like_a_condition()]) {
        match compile(&text) {
            Err(error) => prop_assert_ne!(error, ConditionError::Panicked),
            Ok(condition) => for context in [invited(), json!({})] {
                let answer = condition.evaluate(&context);
                prop_assert_ne!(&answer, &Err(ConditionError::Panicked));
                // As a check it says the same, and what has no answer fails.
                match (answer, condition.evaluate_check(&context, &|_| false)) {
                    (Ok(answer), judged) => {
                        let expected = if answer { CheckResult::Holds } else { CheckResult::DoesNotHold };
                        prop_assert_eq!(judged, expected);
                    }
                    (Err(_), judged) => prop_assert!(matches!(judged, CheckResult::Failed { .. }), "{:?}", judged),
                }
            },
        }
    }
}
