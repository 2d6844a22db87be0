//! What an address is, its canonical form, and the short way for ASCII.

use proptest::prelude::*;
use rstest::rstest;

use super::*;

#[rstest]
#[case("Jo.Bradford@Example.COM", "jo.bradford@example.com")]
#[case("\u{FEFF} jo@example.com\u{00A0}", "jo@example.com")]
#[case("j\u{200B}o@exam\u{2060}ple.com.", "jo@example.com")]
#[case("jo＠example.com", "jo@example.com")]
#[case("ﬁona@example.com", "fiona@example.com")]
#[case("jo@BÜCHER.example", "jo@xn--bcher-kva.example")]
#[case("a+x@example.com", "a+x@example.com")]
#[case("a.b.c@gmail.com", "a.b.c@gmail.com")]
#[case("o'neil@example.com", "o'neil@example.com")]
#[case("STRASSE@example.com", "strasse@example.com")]
#[case("straße@example.com", "strasse@example.com")]
#[case("ΟΔΟΣ@example.com", "οδοσ@example.com")]
#[case("οδος@example.com", "οδοσ@example.com")]
fn has_one_form_for_comparison(#[case] given: &str, #[case] canonical: &str) {
    assert_eq!(given.parse::<EmailAddress>().unwrap().canonical(), canonical);
}

#[rstest]
#[case("", InvalidAddress::Empty)]
#[case(" \u{200B}", InvalidAddress::Empty)]
#[case("example.com", InvalidAddress::NoAt)]
#[case("@example.com", InvalidAddress::NoLocalPart)]
#[case("\"jo b\"@example.com", InvalidAddress::BadLocalPart)]
#[case("jo b@example.com", InvalidAddress::BadLocalPart)]
#[case("a@b@example.com", InvalidAddress::BadLocalPart)]
#[case("Jo <jo@example.com>", InvalidAddress::BadLocalPart)]
#[case("jo\u{0007}@example.com", InvalidAddress::BadLocalPart)]
#[case("jo@", InvalidAddress::BadDomain)]
#[case("jo@localhost", InvalidAddress::BadDomain)]
#[case("jo@[127.0.0.1]", InvalidAddress::BadDomain)]
#[case("jo@127.0.0.1", InvalidAddress::BadDomain)]
#[case("jo@exa mple.com", InvalidAddress::BadDomain)]
#[case("jo@example..com", InvalidAddress::BadDomain)]
#[case("jo@example.com,", InvalidAddress::BadDomain)]
fn refuses_what_is_no_address(#[case] given: &str, #[case] why: InvalidAddress) {
    assert_eq!(given.parse::<EmailAddress>().unwrap_err(), why);
}

#[test]
fn refuses_a_local_part_over_64_bytes() {
    let long = format!("{}@example.com", "a".repeat(65));
    assert_eq!(long.parse::<EmailAddress>().unwrap_err(), InvalidAddress::TooLong);
}

#[rstest]
#[case("bad+1@example.com", "bad@example.com")]
#[case("bad=1#2@example.com", "bad@example.com")]
#[case("+tag@example.com", "+tag@example.com")]
#[case("b.a.d+x@googlemail.com", "bad@gmail.com")]
#[case("b.a.d@example.com", "b.a.d@example.com")]
fn is_refused_in_its_widest_form(#[case] address: &str, #[case] widest_form: &str) {
    assert_eq!(address.parse::<EmailAddress>().unwrap().widest_form(), widest_form);
}

#[rstest]
#[case("a.b+x@googlemail.com", "a.b+x@googlemail.com", "a.b@googlemail.com", "ab@gmail.com")]
#[case("a.b=x@example.com", "a.b=x@example.com", "a.b@example.com", "a.b@example.com")]
#[case("+x@example.com", "+x@example.com", "+x@example.com", "+x@example.com")]
fn is_compared_as_the_policy_says(#[case] given: &str, #[case] exact: &str, #[case] tag: &str, #[case] dots: &str) {
    let address: EmailAddress = given.parse().unwrap();
    assert_eq!(EmailMatch::ALL.map(|email_match| address.compared(email_match).into_owned()), [exact, tag, dots]);
}

#[test]
fn an_address_does_not_print_itself() {
    let address: EmailAddress = "jo@example.com".parse().unwrap();
    assert!(!format!("{address:?}").contains("example"));
}

proptest! {
    #[test]
    fn the_canonical_form_is_its_own_canonical_form(text in "\\PC{1,12}@[a-zA-ZäöüßİſK.]{1,10}\\.(com|example)") {
        if let Ok(address) = text.parse::<EmailAddress>() {
            let again: EmailAddress = address.canonical().parse().unwrap();
            prop_assert_eq!(again.canonical(), address.canonical());
        }
    }
}

/// The canonical form of any text by Unicode's rules alone, without the short way for ASCII.
fn by_unicode(text: &str) -> Result<(String, String), InvalidAddress> {
    if text.len() > MAX_GIVEN {
        return Err(InvalidAddress::TooLong);
    }
    let invisible = |c: &char| "\u{200B}\u{200E}\u{2060}\u{FEFF}".contains(*c);
    let given: String = text.chars().filter(|c| !invisible(c)).nfc().collect();
    let nfkc: String = given.trim().nfkc().collect();
    if nfkc.is_empty() {
        return Err(InvalidAddress::Empty);
    }
    let (local, domain) = nfkc.rsplit_once('@').ok_or(InvalidAddress::NoAt)?;
    if local.is_empty() {
        return Err(InvalidAddress::NoLocalPart);
    }
    let fold = |text: &str| caseless::default_case_fold_str(text).nfkc().collect::<String>();
    let folded = fold(&fold(local));
    let refused = |c: char| c.is_control() || c.is_whitespace() || "<>()[]\\,;:\"@".contains(c);
    if local.chars().chain(folded.chars()).any(refused) {
        return Err(InvalidAddress::BadLocalPart);
    }
    if folded.len() > MAX_LOCAL {
        return Err(InvalidAddress::TooLong);
    }
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let host = idna::domain_to_ascii_strict(domain).map_err(|_| InvalidAddress::BadDomain)?;
    let labels: Vec<&str> = host.split('.').collect();
    let is_number = labels.last().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    if host.starts_with('[') || labels.len() < 2 || labels.contains(&"") || is_number {
        return Err(InvalidAddress::BadDomain);
    }
    let canonical = format!("{folded}@{host}");
    if canonical.len() > MAX_ADDRESS { Err(InvalidAddress::TooLong) } else { Ok((given.trim().to_owned(), canonical)) }
}

/// Parts of addresses: usual ones, odd ones in ASCII, ones at the limits, and a few that are not ASCII.
fn local_part() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-zA-Z0-9._+=#'-]{1,9}",
        2 => "[ -~]{0,6}",
        1 => "[\\x00-\\x7f]{1,4}",
        1 => "[aB]{62,66}",
        1 => "[ -~é\u{df}\u{200b}\u{ff20}\u{37e}]{1,5}",
    ]
}

fn host() -> impl Strategy<Value = String> {
    let label = prop_oneof![
        8 => "[a-zA-Z0-9-]{1,7}",
        2 => "[ -~]{0,4}",
        2 => "(xn|XN|ab|a)--[a-z0-9-]{0,7}",
        1 => "[aZ9]{62,64}",
        1 => "[a-z_]{1,4}",
        1 => "[0-9]{1,3}",
        1 => "[a-zü\u{df}\u{2060}\u{3002}]{1,4}",
    ];
    let labels = proptest::collection::vec(label, 1..5).prop_map(|labels| labels.join("."));
    let ip_literal = "\\[?(127\\.0\\.0\\.1|::1|2001:db8::7|1\\.2\\.3)\\]?";
    prop_oneof![8 => (labels, "\\.{0,2}").prop_map(|(host, dots)| host + &dots), 1 => ip_literal]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_short_way_for_ascii_says_what_unicode_says(
        blank in "[ \t\u{a0}\u{feff}]{0,2}", local in local_part(), at in "@{0,2}", host in host(), end in "[ \n]{0,1}"
    ) {
        let text = format!("{blank}{local}{at}{host}{end}");
        let parsed = text.parse::<EmailAddress>();
        let parsed = parsed.map(|address| (address.as_given().to_owned(), address.canonical().to_owned()));
        prop_assert_eq!(parsed, by_unicode(&text), "{:?}", text);
    }
}
