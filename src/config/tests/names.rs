//! Names that conditions and templates use.

use rstest::rstest;

use super::sample::{EXTENSION_APP, GRAPH, LEAST, NEWS, Sample, add};
use crate::config::engine::{Diagnostics, Origin, Spanned};
use crate::config::expressions::scope::Scope;
use crate::config::known_names::KnownNames;
use crate::signup::facts;

/// The problems of a configuration with an extensions app, a timer and this text.
fn problems(text: &str) -> Vec<String> {
    let tenant = add(LEAST, "tenant", EXTENSION_APP);
    Sample::new(&format!("{tenant}{GRAPH}{text}\n")).with("KEY", "x-us1").problems()
}

fn with_condition(condition: &str) -> Vec<String> {
    problems(&format!("[[policies.rules]]\nwhen = \"{condition}\""))
}

#[rstest]
#[case("attributes.city == '' && attributes.ext.Plan == '' && attributes['ext']['Plan'] == ''")]
#[case("attributes.postalcode == attributes.email")]
#[case("attributes.extension_0f1e2d3c4b5a69788796a5b4c3d2e1f0_Plan == ''")]
#[case("has(attributes.city) && attributes.city.size() > 2 && 'Plan' in attributes.ext")]
#[case("app.id == app.name && client.ip == client.locale + client.market")]
#[case("identity.email == identity.domain + identity.provenance + identity.signInType + identity.issuer")]
#[case("invite.tags.exists(tag, tag == invite.whatever)")]
#[case("true")]
fn a_name_that_exists_is_no_problem(#[case] condition: &str) {
    assert!(with_condition(condition).is_empty(), "{:?}", with_condition(condition));
}

#[rstest]
#[case("attributes.cuontry == ''", "\\\"cuontry\\\" is not an attribute's name: did you mean country?")]
#[case("attributes.ext['P-1'] == ''", "\\\"ext.P-1\\\" is not an attribute's name")]
#[case("attributes.city.name == ''", "attributes.city.name is not there: attributes.city has no members")]
#[case("app.nmae == ''", "app.nmae is not there: did you mean app.name?")]
#[case("client.browser == ''", "client.browser is not there")]
#[case("identity.SignInType == ''", "did you mean identity.signInType?")]
#[case("identity.email.domain == ''", "identity.email has no members")]
fn a_name_that_does_not_exist_is_an_error(#[case] condition: &str, #[case] says: &str) {
    let seen = with_condition(condition);
    let says = says.replace("\\\"", "\"");
    assert!(seen.len() == 1 && seen[0].contains("rules.[].when") && seen[0].contains(&says), "{seen:#?}");
}

#[test]
fn a_custom_attribute_needs_the_extensions_app() {
    let text = format!("{LEAST}[[policies.rules]]\nwhen = \"attributes.ext.Plan == ''\"\n");
    let seen = Sample::new(&text).problems();
    assert!(seen.len() == 1 && seen[0].contains("set tenant.extension_app_id"), "{seen:#?}");
}

#[rstest]
#[case("[policies.prefill]\ncity = \"{{ app.nam }}\"", "policies.default.prefill:", "did you mean app.name?")]
#[case("[policies.prefill]\ncity = \"{{ email.domain }}\"", "policies.default.prefill:", "email has no members")]
#[case("[messages.en]\nclosed = \"{{ app.title }}\"", "messages.en.closed:", "app.title is not there")]
#[case(
    "[messages.en]\nclosed = { title = \"{{ app['x'].y }}\", text = \"No.\" }",
    "messages.en.closed:",
    "app.x is not there"
)]
fn templates_are_checked_as_well(#[case] text: &str, #[case] place: &str, #[case] says: &str) {
    let seen = problems(text);
    assert!(seen.len() == 1 && seen[0].contains(place) && seen[0].contains(says), "{seen:#?}");
}

#[rstest]
#[case("user.ext.Newsletter && user.email != '' && user.identities.exists(one, one.issuer == 'mail')", "")]
#[case("results.directory.id == '' && results.news.outcome == ''", "")]
#[case("user.givenname == ''", "did you mean user.givenName?")]
#[case("user.givenName.first == ''", "user.givenName has no members")]
#[case("user.identities.issuer == 'mail'", "user.identities has no members")]
#[case("results.diretory.id == ''", "did you mean results.directory?")]
#[case("results.directory.state == ''", "results.directory.state is not there")]
fn connectors_are_checked_as_well(#[case] condition: &str, #[case] says: &str) {
    let directory = "[[connectors]]\nname = \"directory\"\nkind = \"profile\"\nset = { city = \"{{ user.city }}\" }\n";
    let seen = problems(&format!("{NEWS}when = \"{condition}\"\n{directory}"));
    match says {
        "" => assert!(seen.is_empty(), "{seen:#?}"),
        _ => assert!(seen.len() == 1 && seen[0].contains("news.when") && seen[0].contains(says), "{seen:#?}"),
    }
    let template = "consent = \"all\"\nmerge_fields = { CITY = \"{{ user.citty }}\" }";
    let seen = problems(&format!("{NEWS}{template}"));
    assert!(seen.len() == 1 && seen[0].contains("news.merge_fields.CITY: user.citty"), "{seen:#?}");
}

/// The problems with the paths of a condition over `invite`, when a list has these columns.
fn of_invite(condition: &str, columns: &[&str]) -> Vec<String> {
    let mut names = KnownNames::new(None);
    names.columns = columns.iter().map(|name| (*name).to_owned()).collect();
    let mut diagnostics = Diagnostics::default();
    let written = Spanned { value: condition.to_owned(), origin: Origin::File { line: 1, column: 1 } };
    let condition = Scope::of_conditions(&names).condition(&written, &facts::NAMES, &mut diagnostics);
    assert!(condition.is_some());
    diagnostics.problems.iter().map(|problem| problem.describe("f")).collect()
}

#[rstest]
#[case("'a' in invite.tags && invite.jobTitle == invite.source", "")]
#[case("invite['ext.Plan'] == ''", "")]
#[case("invite.ext.Plan == ''", "invite.ext.Plan is not there: did you mean invite['ext.Plan']?")]
#[case("invite.ext.Paln == ''", "invite.ext.Paln is not there: did you mean invite['ext.Plan']?")]
#[case(
    "invite.ext.Colour == ''",
    "invite.ext.Colour is not there: the lists have email, jobTitle, ext.Plan, name, apps, tags, not_before, expires, groups, \
     roles, note, source; a column ext.Colour is written invite['ext.Colour']"
)]
#[case("invite.jobtitle == ''", "did you mean invite.jobTitle?")]
#[case("invite.plan == ''", "invite.plan is not there")]
#[case("invite.code == ''", "invite.code is not there")]
fn the_columns_of_the_lists_are_known_when_they_are_told(#[case] condition: &str, #[case] says: &str) {
    let seen = of_invite(condition, &["email", "jobTitle", "ext.Plan"]);
    match says {
        "" => assert!(seen.is_empty(), "{seen:#?}"),
        _ => assert!(seen.len() == 1 && seen[0].contains(says), "{seen:#?}"),
    }
    assert!(of_invite(condition, &[]).is_empty(), "without a list nobody knows");
}

#[rstest]
#[case("country == 'AU'", "the unknown name country: did you mean attributes.country?")]
#[case("City == ''", "the unknown name City: did you mean attributes.city?")]
#[case("ext.Plan != ''", "the unknown name ext: did you mean attributes.ext?")]
#[case("displayName.size() > 2", "did you mean attributes.displayName?")]
#[case("email.endsWith('x')", "did you mean attributes.email?")]
#[case("contry == 'AU'", "did you mean attributes.country?")]
#[case("has(country)", "the unknown name country: did you mean attributes.country?")]
#[case("!has(country) || attributes.city == ''", "did you mean attributes.country?")]
#[case("has(attributes)", "the condition asks has(attributes), which is always there: write has(attributes.…)")]
#[case("user.country == 'AU'", "the unknown name user: did you mean attributes?")]
#[case("attribute.city == 'AU'", "did you mean attributes?")]
#[case("domain == 'contoso.com'", "did you mean identity.domain?")]
#[case("weather == ''", "attributes, invite, app, client and identity can be used here")]
#[case("attributes.country = 'AU'", "the condition has = at character 20: write ==")]
fn a_condition_that_cannot_be_compiled_says_what_to_write(#[case] condition: &str, #[case] says: &str) {
    let seen = with_condition(condition);
    assert!(
        seen.len() == 1 && seen[0].contains("rules.[].when: the condition ") && seen[0].contains(says),
        "{seen:#?}"
    );
}

#[rstest]
#[case("country = 'AU'", "did you mean attributes.country?")]
#[case("attributes.contry = 'AU' and attributes.city == ''", "did you mean country?")]
fn behind_an_operator_of_another_language_the_names_are_checked_as_well(#[case] condition: &str, #[case] says: &str) {
    let seen = with_condition(condition);
    assert!(seen.len() == 2 && seen[0].contains("write ==") && seen[1].contains(says), "{seen:#?}");
}

#[test]
fn a_declared_attribute_is_found_without_the_part_before_its_name() {
    let tenant = add(LEAST, "tenant", EXTENSION_APP);
    let tenant = add(&tenant, "tenant", "attributes = { \"ext.Seats\" = \"int64\" }");
    let seen = Sample::new(&format!("{tenant}[[policies.rules]]\nwhen = \"Seats > 3\"\n")).problems();
    assert!(seen.len() == 1 && seen[0].contains("did you mean attributes.ext.Seats?"), "{seen:#?}");
}

#[rstest]
#[case("when = \"country == 'AU'\"", "news.when:", "did you mean user.country?")]
#[case("when = \"ext.Plan != ''\"", "news.when:", "did you mean user.ext?")]
#[case("when = \"attributes.country == 'AU'\"", "news.when:", "the unknown name attributes: did you mean user?")]
#[case(
    "consent = \"all\"\nmerge_fields = { A = \"{{ displayName }}\" }",
    "news.merge_fields.A:",
    "did you mean user.displayName?"
)]
#[case(
    "consent = \"all\"\nmerge_fields = { A = \"{{ attributes.givenName }}\" }",
    "news.merge_fields.A:",
    "the unknown name attributes: did you mean user?"
)]
fn in_a_connector_an_attribute_is_one_of_the_user(#[case] keys: &str, #[case] place: &str, #[case] says: &str) {
    let seen = problems(&format!("{NEWS}{keys}"));
    assert!(seen.len() == 1 && seen[0].contains(place) && seen[0].contains(says), "{seen:#?}");
}

#[rstest]
#[case("[policies.prefill]\ncity = \"{{ displayName }}\"", "invite, email and app can be used here")]
#[case("[policies.prefill]\ncity = \"{{ source }}\"", "did you mean invite.source?")]
#[case("[messages.en]\nclosed = \"{{ displayName }}\"", "email, app and support_code can be used here")]
#[case("[messages.en]\nclosed = \"{{ name }}\"", "did you mean app.name?")]
fn a_template_says_what_it_can_use(#[case] text: &str, #[case] says: &str) {
    let list = "[[invites]]\nname = \"beta\"\nsource = \"invites.csv\"\n";
    let seen = problems(&format!("{text}\n{list}"));
    assert!(seen.len() == 1 && seen[0].contains(says), "{seen:#?}");
}

/// What `check` says of a template in `prefill` where the list has the one column `email`.
fn with_prefill(template: &str) -> Vec<String> {
    let list = "[[invites]]\nname = \"beta\"\nsource = \"invites.csv\"\n";
    problems(&format!("[policies.prefill]\ncity = \"{template}\"\n{list}"))
}

#[test]
fn a_column_that_no_list_has_is_an_error_unless_it_has_a_default() {
    let seen = with_prefill("{{ invite.nick }}");
    let says = "invite.nick is not there: the lists have email, name, apps, tags, not_before, expires, groups, roles, note, \
                source; for a column that not every list has write {{ invite.nick | default('…') }}";
    assert!(seen.len() == 1 && seen[0].ends_with(says), "{seen:#?}");
    let seen = with_prefill("{{ invite.ext.Plan }}");
    assert!(seen.len() == 1 && seen[0].contains("write {{ invite['ext.Plan'] | default('…') }}"), "{seen:#?}");
    let seen = with_prefill("{{ invite['ext.Plan'] | default('…') }}");
    assert!(seen.len() == 1 && seen[0].contains("warning: "), "{seen:#?}");
    let seen = with_prefill("{{ invite.nmae | default('Guest') }}");
    let said = "no invite list has the column nmae, so its default is always filled in: did you mean invite.name?";
    assert!(seen.len() == 1 && seen[0].contains("warning: ") && seen[0].ends_with(said), "{seen:#?}");
    let seen = with_prefill("{{ invite.nick | trim | default('Guest') }}");
    let said =
        "warning: policies.default.prefill: no invite list has the column nick, so its default is always filled in";
    assert!(seen.len() == 1 && seen[0].contains(said), "{seen:#?}");
    assert_eq!(with_prefill("{{ invite.name | default('Guest') }}"), [""; 0]);
    let seen = with_prefill("{{ app.nick | default('Guest') }}");
    assert!(seen.len() == 1 && seen[0].contains("app.nick is not there"), "{seen:#?}");
}
