use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

use super::engine::slug;
use super::*;

const NAMES: [&str; 4] = ["user", "invite", "results", "email"];

fn compile(source: &str) -> Result<Template, TemplateError> {
    Template::compile(source, &NAMES)
}

fn render(source: &str, context: &Json) -> Result<String, TemplateError> {
    compile(source).unwrap().render(context)
}

fn ada() -> Json {
    json!({
        "user": { "givenName": "Ada", "surname": "Lovelace", "age": 36, "city": null, "ext": { "Plan": "gold" } },
        "invite": { "tags": ["billing", null, "beta"], "name": "<Ada>" },
    })
}

#[rstest]
#[case("plain {text} }} %}", "plain {text} }} %}")]
#[case("{{ user.givenName }} {{ user.surname }}\n", "Ada Lovelace\n")]
#[case("{{ user.givenName | slug }}.{{ user.surname | slug }}", "ada.lovelace")]
#[case("{{ invite.name }}", "<Ada>")]
#[case("{{ user['ext']['Plan'] }}", "gold")]
#[case("{{ user.age + 1 }}", "37")]
#[case("{% if user.ext.Plan == 'gold' %}vip{% else %}none{% endif %}", "vip")]
#[case("{% for tag in invite.tags %}{{ tag }};{% endfor %}", "billing;beta;")]
#[case("{{ invite.tags | join(',') }}", "billing,beta")]
#[case("{{- ' x ' | trim -}}", "x")]
#[case("a{# user.nothing #}b", "ab")]
#[case("{{ {'a': {'b': 'c'}}.a.b }}", "c")]
fn renders(#[case] source: &str, #[case] expected: &str) {
    assert_eq!(render(source, &ada()).as_deref(), Ok(expected), "{source}");
}

#[rstest]
#[case("{{ user.city }}")]
#[case("{{ user.city | upper }}")]
#[case("{{ user.city | slug }}")]
#[case("{{ user.ext.A.b.c }}")]
#[case("{{ results.billing.id }}")]
#[case("{{ results.billing.id | lower | trim }}")]
#[case("{{ email }}")]
#[case("{{ none }}")]
#[case("{{ none | slug }}")]
#[case("{% for item in results.items %}{{ item }}{% endfor %}")]
#[case("{% if user.city %}x{% endif %}")]
fn absent_and_null_are_empty(#[case] source: &str) {
    for context in
        [ada(), json!({}), json!({ "user": null }), json!({ "user": { "city": null } }), json!([]), json!(null)]
    {
        assert_eq!(render(source, &context).as_deref(), Ok(""), "{source} over {context}");
    }
}

#[rstest]
#[case("{{ user.city | default('x') }}")]
#[case("{{ user.city | d('x') }}")]
#[case("{{ user.city | trim | default('x') | upper | lower }}")]
#[case("{{ user.ext.A.b.c | default('x') }}")]
#[case("{{ results.billing.id | default('x') }}")]
#[case("{{ email | default('x') }}")]
#[case("{{ invite.none | join(', ') | default('x') }}")]
#[case("{{ none | default('x') }}")]
#[case("{{ '' | default('x') }}{{ [] | default('') }}{{ {} | default }}")]
fn a_default_replaces_what_is_absent_null_or_empty(#[case] source: &str) {
    let empty =
        json!({ "user": { "city": "", "ext": { "A": [] } }, "results": { "billing": { "id": "" } }, "email": "" });
    for context in [json!({}), json!({ "user": { "city": null }, "invite": { "none": [] } }), empty] {
        assert_eq!(render(source, &context).as_deref(), Ok("x"), "{source} over {context}");
    }
}

#[test]
fn a_default_leaves_everything_else() {
    let context = json!({ "user": { "no": false, "zero": 0, "blank": " ", "list": [""] } });
    let source = "{{ user.no | default(1) }},{{ user.zero | default(1) }},{{ user.blank | default(1) }},\
                  {{ user.list | default(1) | length }},{{ user.no | default('x', true) }}";
    assert_eq!(render(source, &context).as_deref(), Ok("false,0, ,1,x"));
}

#[rstest]
#[case("{{ invite.nick | default('x') }}", true)]
#[case("{{ invite['nick'] | trim | replace('a', (1)) | d('x') | upper }}", true)]
#[case("{% if invite.nick | default('x') == 'x' %}{{ invite.nick | d(1) }}{% endif %}", true)]
#[case("{{ invite.nick }}", false)]
#[case("{{ invite.nick | upper }}", false)]
#[case("{{ invite.nick ~ email | default('x') }}", false)]
#[case("{{ invite.nick | default('x') }}{{ invite.nick }}", false)]
#[case("{{ email | default(invite.nick) }}", false)]
fn knows_which_paths_have_a_default(#[case] source: &str, #[case] expected: bool) {
    let path = ["invite".to_owned(), "nick".to_owned()];
    assert_eq!(compile(source).unwrap().has_default(&path), expected);
}

#[test]
fn a_limit_is_called_a_limit_and_says_what_to_do() {
    let said = |source: &str| compile(source).unwrap_err().to_string();
    for (text, limit, remedy) in [
        (said(&" ".repeat(4097)), "the limit is 4096 bytes", "write it shorter"),
        (said(&format!("{{{{ {}", "(".repeat(17))), "the limit is 16 levels", "fewer brackets"),
        (said(&"{% if user %}".repeat(9)), "the limit is 8 levels", "split it"),
        (said(&format!("{{{{ user{} }}}}", "|lower".repeat(65))), "the limit is 64", "split it"),
        (said(&format!("{{{{ user{} }}}}", ".a".repeat(65))), "the limit is 64 dots", "split it"),
        (TemplateError::OutOfFuel.to_string(), "the limit is 20000", "loop over less"),
        (TemplateError::OutputTooLong.to_string(), "the limit is 16384 bytes", "shorter values"),
    ] {
        assert!(text.contains(limit) && text.contains(remedy), "{text}");
    }
}

#[rstest]
#[case("José Ángel", "jose-angel")]
#[case("Jose\u{301}", "jose")]
#[case("O'Neil", "oneil")]
#[case("O\u{2019}Neil", "oneil")]
#[case("  Anne--Marie  ", "anne-marie")]
#[case("Łukasz Straße", "lukasz-strasse")]
#[case("北京", "bei-jing")]
#[case("...", "")]
fn makes_slugs(#[case] text: &str, #[case] expected: &str) {
    assert_eq!(slug(text), expected);
}

#[rstest]
#[case("{{ usr.name }}", "the template uses the unknown name usr: did you mean user?")]
#[case("{{ weather }}", "the template uses the unknown name weather: user, invite, results and email can be used here")]
#[case("{{ debug() }}", "the template uses the unknown name debug: user, invite, results and email can be used here")]
#[case("{{ user.name | slugg }}", "the template uses the unknown filter slugg: did you mean slug?")]
#[case("{% if false %}{{ user.name | nope }}{% endif %}", "the template uses the unknown filter nope")]
#[case("{{ user.name is odder }}", "the template uses the unknown test odder")]
#[case("{{ user.name is not odder }}", "the template uses the unknown test odder")]
#[case("{% set a = 1 %}", "the template uses {% set %}, which is not available: only if and for are")]
#[case("{% raw %}{{{% endraw %}", "the template uses {% raw %}, which is not available: only if and for are")]
#[case("{{ user.name", "the template has a tag that does not end")]
#[case("{% if user.name }", "the template has a tag that does not end")]
#[case("{# user.name", "the template has a tag that does not end")]
#[case("{{ 'user }}", "the template has a text in quotes that does not end")]
fn names_what_is_wrong(#[case] source: &str, #[case] expected: &str) {
    assert_eq!(compile(source).unwrap_err().to_string(), expected);
}

#[test]
fn a_syntax_error_tells_its_line() {
    let Err(TemplateError::Syntax { line, .. }) = compile("{{ user }}\n{{ user + }}") else { panic!() };
    assert_eq!(line, 2);
    assert!(matches!(compile("{% if user %}"), Err(TemplateError::Syntax { .. })));
}

#[test]
fn names_the_paths_it_uses() {
    let template = compile(
        "{{ user.ext.Plan | default(user['ext'].Tier) }} {{ user.givenName.upper() }} {{ results }}\
         {% for tag in invite.tags if tag is not none %}{{ tag.name }}{% endfor %}",
    )
    .unwrap();
    let expected: [&[&str]; 5] =
        [&["invite", "tags"], &["results"], &["user", "ext", "Plan"], &["user", "ext", "Tier"], &["user", "givenName"]];
    assert_eq!(template.paths(), expected);
    assert!(!template.is_literal());
    assert!(compile("plain").unwrap().is_literal());
}

#[test]
fn refuses_what_is_out_of_bounds_before_parsing() {
    let refused = |source: &str| match compile(source) {
        Err(TemplateError::OutOfBounds(bounds)) => bounds,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(&" ".repeat(4097)), OutOfBounds::TooLong(4096));
    assert_eq!(refused(&format!("{{{{ {}", "(".repeat(17))), OutOfBounds::TooDeep(16));
    assert_eq!(refused(&format!("{{{{ {} }}}}", "not ".repeat(65))), OutOfBounds::TooManyOperators(64));
    assert_eq!(refused(&format!("{{{{ user{} }}}}", "|lower".repeat(65))), OutOfBounds::TooManyOperators(64));
    assert_eq!(refused(&format!("{{{{ user{} }}}}", ".a".repeat(65))), OutOfBounds::TooManyDots(64));
    assert_eq!(refused(&"{% if user %}".repeat(9)), OutOfBounds::TooDeep(8));
}

#[test]
fn nothing_within_the_bounds_overflows_half_a_worker_threads_stack() {
    let run = || {
        for times in [1, 8, 16, 32, 64] {
            for (open, core, close) in [
                ("(", "user", ")"),
                ("[", "user", "]"),
                ("{'a':", "user", "}"),
                ("user[", "1", "]"),
                ("user(", "1", ")"),
                ("not ", "user", ""),
                ("-", "1", ""),
                ("1 if user else ", "2", ""),
                ("1 + ", "1", ""),
                ("user ~ ", "user", ""),
                ("2 - ", "2", ""),
                ("", "user", "|lower"),
                ("", "user", ".a"),
                ("", "user", " is defined"),
            ] {
                let source = format!("{{{{ {}{core}{} }}}}", open.repeat(times), close.repeat(times));
                let _outcome = compile(&source).map(|template| template.render(&ada()));
            }
            let blocks = "{% if user %}".repeat(times) + &"{% endif %}".repeat(times);
            let _outcome = compile(&blocks).map(|template| template.render(&ada()));
        }
    };
    std::thread::Builder::new().stack_size(1024 * 1024).spawn(run).unwrap().join().unwrap();
}

#[test]
fn stops_what_takes_too_long_or_says_too_much() {
    let loops = "{% for a in user %}{% for b in user %}{{ b }}{% endfor %}{% endfor %}";
    assert_eq!(render(loops, &json!({ "user": vec![""; 200] })), Err(TemplateError::OutOfFuel));
    let long = json!({ "user": "x".repeat(MAX_OUTPUT) });
    assert_eq!(render("{{ user }}", &long).unwrap().len(), MAX_OUTPUT);
    assert_eq!(render("{{ user }}.", &long), Err(TemplateError::OutputTooLong));
}

#[test]
fn little_cannot_become_much() {
    for source in ["{{ 'x' * 100000 }}", "{{ 2 ** 9 }}"] {
        assert_eq!(compile(source).unwrap_err(), TemplateError::NoMultiplication);
    }
    for filter in ["indent(1000000000)", "format(1)", "batch(9)", "tojson"] {
        let error = compile(&format!("{{{{ user | {filter} }}}}")).unwrap_err();
        assert!(matches!(error, TemplateError::UnknownFilter { .. }), "{error}");
    }
    assert!(compile("{{ range(100000) }}").is_err());
    let long = json!({ "user": "x".repeat(2000) });
    let y = "y".repeat(1000);
    for source in [format!("{{{{ user | replace('x', '{y}') }}}}"), format!("{{{{ user | list | join('{y}') }}}}")] {
        assert_eq!(render(&source, &long), Err(TemplateError::OutputTooLong), "{source}");
    }
    assert_eq!(render("{{ user | replace('x', 'yy') | length }}", &long).unwrap(), "4000");
}

#[test]
fn a_rendering_error_quotes_no_value() {
    for source in
        ["{{ user.givenName + 1 }}", "{{ user.givenName | int }}", "{{ user.givenName.nope() }}", "{{ user() }}"]
    {
        let error = render(source, &ada()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("Ada"), "{error:?}");
    }
}

/// Pieces of which a text is made that looks like a template.
fn like_a_template() -> impl Strategy<Value = String> {
    let pieces = [
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        "user",
        ".ext",
        "['Plan']",
        "[1:2]",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        "|",
        "slug",
        "lower",
        "default(1)",
        " is ",
        " not ",
        "defined",
        " if ",
        " for a in ",
        "endfor",
        "endif",
        "else",
        "~",
        "+",
        "-",
        "*",
        "**",
        "//",
        "1",
        "99999999999",
        "'x'",
        "\"",
        "\\",
        "é",
        "\n",
        "none",
        "user(3)",
        "join(',')",
        ",",
        ":",
        "split('')",
        "round(-9)",
        "sort",
        "replace('','aa')",
    ];
    proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(text in prop_oneof!["\\PC{0,200}", like_a_template(), like_a_template().prop_map(|text| format!("{{{{ {text} }}}}"))]) {
        if let Ok(template) = compile(&text) {
            let _outcome = template.render(&ada());
            let _outcome = template.render(&json!({}));
        }
    }

    #[test]
    fn a_slug_is_made_of_lower_case_ascii_words(text in "\\PC{0,60}") {
        let slug = slug(&text);
        prop_assert!(slug.split('-').all(|word| word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())));
        prop_assert!(slug.is_empty() || slug.split('-').all(|word| !word.is_empty()));
    }
}

#[rstest]
#[case("{{ invite.vip }} {{ invite['no'] }} {{ true }} {{ invite.vip == false }}", "true false true false")]
#[case(
    "{{ invite.vip | string }}{{ invite.vip | lower }}{{ invite.vip | trim }}{{ invite.vip | slug }}",
    "truetruetruetrue"
)]
#[case("{{ invite.vip | upper }}{{ invite.no | title }}{{ invite.no | capitalize }}", "TRUEFalseFalse")]
#[case("{{ invite.vip | replace('t', 'T') }} {{ [invite.vip, invite.no] | join('+') }}", "True true+false")]
#[case("{{ invite.vip | default('x') }} {{ invite.vip if invite.vip == true else 'x' }}", "true true")]
#[case("{% for one in [invite.vip] %}{{ one }}{% endfor %}{% if invite.no %}x{% endif %}", "true")]
fn yes_and_no_are_spelt_as_json_spells_them(#[case] source: &str, #[case] expected: &str) {
    assert_eq!(render(source, &json!({ "invite": { "vip": true, "no": false } })).as_deref(), Ok(expected), "{source}");
}
