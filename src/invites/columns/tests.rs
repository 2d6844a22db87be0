//! Headers with slips.

use rstest::rstest;

use super::*;

fn read(header: &[&str]) -> Result<(Vec<String>, Vec<String>), HeaderError> {
    let (columns, unknown) = Columns::read(header.iter().copied(), None, false)?;
    Ok((columns.0.into_iter().map(|column| column.name).collect(), unknown))
}

#[rstest]
#[case("NotBefore", "not_before")]
#[case("not-before", "not_before")]
#[case("Not Before:", "not_before")]
#[case("expires:", "expires")]
#[case("*Expires*", "expires")]
#[case("CODE.", "code")]
fn a_reserved_name_may_have_blanks_and_punctuation(#[case] written: &str, #[case] name: &str) {
    assert_eq!(read(&["email", written]).unwrap().0, ["email", name]);
}

#[rstest]
#[case("expi\u{FFFD}es", "expires")]
#[case("expries", "expires")]
#[case("Expiry", "expires")]
#[case("expiration date", "expires")]
#[case("expires (UTC)", "expires")]
#[case("not_befor", "not_before")]
#[case("nto before", "not_before")]
#[case("c\u{FF}de", "code")]
#[case("Code (hash)", "code")]
#[case("codes", "code")]
#[case("use", "uses")]
#[case("app", "apps")]
fn a_slip_in_a_name_that_keeps_people_out_is_an_error(#[case] written: &str, #[case] name: &str) {
    let error = read(&["email", written]).unwrap_err().to_string();
    assert!(error.contains(&format!("looks like {name}, and would be ignored")), "{error}");
}

#[test]
fn other_names_of_columns_are_free() {
    let names = [
        "email",
        "company",
        "coach",
        "apples",
        "user",
        "users",
        "mode",
        "postcode",
        "code name",
        "source",
        "table",
        "note 2",
        "valid_from",
        "not_after",
        "cost",
        "maps",
        "status",
        "Land",
        "PLZ",
    ];
    let (columns, unknown) = read(&names).unwrap();
    assert_eq!(
        (columns.as_slice(), unknown.as_slice()),
        (&names.map(str::to_owned)[..], &names.map(str::to_owned)[1..])
    );
}

#[test]
fn an_own_name_never_rests_on_a_guessed_encoding() {
    let read = |name| Columns::read(["email", name].into_iter(), None, true);
    assert_eq!(read("Stra\u{DF}e").unwrap_err(), HeaderError::GuessedName { column: 2 });
    assert!(read("Strasse").is_ok());
}

#[test]
fn a_name_that_looks_like_data_is_not_quoted() {
    let error = |header: &[&str]| read(header).unwrap_err().to_string();
    assert_eq!(read(&["email", "jo@example.com"]).unwrap_err(), HeaderError::Address);
    assert_eq!(read(&["email", "+61 400 000 000"]).unwrap().1, ["(column 2)"]);
    let twice = error(&["email", "7Q4M-0ZKD-3XWT-PB9H", "7Q4M-0ZKD-3XWT-PB9H"]);
    assert!(twice.contains("(column 3) occurs twice") && !twice.contains("7Q4M"), "{twice}");
}
