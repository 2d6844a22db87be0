//! Dates on the form. The day of the sign-up is 1 March 2026.

use rstest::rstest;

use super::super::dates::InvalidDateFormat;
use super::*;
use chrono::NaiveDate;

fn date() -> DateCheck {
    DateCheck { format: DateCheck::ISO.into(), earliest: None, latest: None, min_age: None }
}

fn day(year: i32, month: u32, day: u32) -> Option<Day> {
    NaiveDate::from_ymd_opt(year, month, day).map(Day::Fixed)
}

fn date_passes(check: DateCheck, value: &str) -> bool {
    passes(Checks { date: Some(check), ..Checks::default() }, text(value))
}

#[rstest]
#[case("%Y-%m-%d", "2004-02-29", true)]
#[case("%Y-%m-%d", "2005-02-29", false)]
#[case("%Y-%m-%d", "29.02.2004", false)]
#[case("%d.%m.%Y", "29.02.2004", true)]
#[case("%d/%m/%Y", "02/29/2004", false)]
#[case("%Y-%m-%d", "2004-02-29T10:00:00Z", false)]
#[case("%Y-%m-%d", "yesterday", false)]
#[case("%Y-%m-%d", "99999999-01-01", false)]
#[case("%-d %B %Y", "1 March 2026", true)]
#[case("%Y-%m-%d", "26-03-01", false)]
#[case("%Y-%m-%d", "-2004-02-29", false)]
fn a_date_is_one_that_exists_and_is_written_as_it_should_be(
    #[case] format: &str,
    #[case] value: &str,
    #[case] wanted: bool,
) {
    assert_eq!(date_passes(DateCheck { format: format.into(), ..date() }, value), wanted);
}

#[rstest]
#[case("2026-01-31", true)]
#[case("2026-01-30", false)]
#[case("2026-03-01", true)]
#[case("2026-03-02", false)]
#[case("no date", false)]
fn both_ends_of_a_range_pass(#[case] value: &str, #[case] wanted: bool) {
    let range = DateCheck { earliest: day(2026, 1, 31), latest: Some(Day::Today), ..date() };
    assert_eq!(date_passes(range, value), wanted);
    let turned = DateCheck { earliest: Some(Day::Today), latest: day(2026, 3, 1), ..date() };
    assert_eq!(date_passes(turned, value), value == "2026-03-01");
}

#[rstest]
#[case(18, "2008-03-01", true)]
#[case(18, "2008-03-02", false)]
#[case(18, "2008-02-29", true)]
#[case(1, "2026-03-01", false)]
#[case(0, "2026-03-01", true)]
#[case(0, "2026-03-02", false)]
#[case(150, "1876-03-01", true)]
#[case(18, "3008-03-01", false)]
#[case(18, "1875-02-28", false)]
#[case(18, "08-03-01", false)]
fn an_age_counts_whole_years_on_the_day_of_the_sign_up(#[case] age: u32, #[case] born: &str, #[case] wanted: bool) {
    assert_eq!(date_passes(DateCheck { min_age: Some(age), ..date() }, born), wanted);
}

#[test]
fn a_birthday_on_a_leap_day_counts_from_the_first_of_march() {
    let check = DateCheck { min_age: Some(18), ..date() };
    let on = |year, month, day| check.passes("2008-02-29", NaiveDate::from_ymd_opt(year, month, day).unwrap());
    assert!(!on(2026, 2, 28) && on(2026, 3, 1));
    assert!(
        DateCheck { min_age: Some(20), ..date() }.passes("2008-02-29", NaiveDate::from_ymd_opt(2028, 2, 29).unwrap())
    );
}

#[test]
fn a_whole_number_can_be_a_date() {
    let check = Checks { date: Some(DateCheck { format: "%Y%m%d".into(), ..date() }), ..Checks::default() };
    assert!(passes(check.clone(), AttributeValue::Int64(20_040_229)));
    assert!(!passes(check.clone(), AttributeValue::Int64(20_050_229)));
    assert!(!passes(check, AttributeValue::Boolean(true)));
}

#[rstest]
#[case("%Y-%m-%d", Ok(()))]
#[case("%d.%m.%Y", Ok(()))]
#[case("%-d %B %Y", Ok(()))]
#[case("%F", Ok(()))]
#[case("%Y-%j", Ok(()))]
#[case("%Y-%Q-%d", Err(InvalidDateFormat::UnknownItem))]
#[case("%", Err(InvalidDateFormat::UnknownItem))]
#[case("%m/%d", Err(InvalidDateFormat::NotADate))]
#[case("%d.%m.%y", Err(InvalidDateFormat::NotADate))]
#[case("%Y-%m-%d %H:%M", Err(InvalidDateFormat::NotADate))]
#[case("DD.MM.YYYY", Err(InvalidDateFormat::NotADate))]
#[case("", Err(InvalidDateFormat::NotADate))]
fn a_format_holds_a_whole_date(#[case] format: &str, #[case] wanted: Result<(), InvalidDateFormat>) {
    assert_eq!(check_date_format(format), wanted);
}
