//! The keys of `[[policies.rules]]`.

use std::ops::RangeInclusive;

use crate::config::engine::{
    Choice, Decode, Diagnostics, Limit, Node, Shape, Spanned, UNNAMED, Value, choice, section,
};
use crate::config::scalar::Scalar;
use crate::signup::rules::{Normalise, Outcome, Required};

/// The values of `min_age`, in years.
pub(super) const AGES: RangeInclusive<usize> = 1..=150;

/// The most steps of `normalise` for one attribute, and in all rules of a policy.
pub(in crate::config) const MAX_STEPS: [usize; 2] = [16, 256];

/// The most values of `one_of`.
pub(in crate::config) const MAX_VALUES: usize = 1000;

/// One of `[[policies.rules]]`, with its place.
pub(in crate::config) type RuleSection = Spanned<RuleKeys>;

section! {
    /// What is tidied and checked when the form comes back. Rules run in order, and what one of them tidied the next one
    /// sees. For an attribute that the event does not list, a rule with `required = true` fails, and so does one with
    /// nothing to check but `when`; every other rule is skipped with a warning in the log.
    struct RuleKeys {
        /// The attribute that the rule is for: `city`, `ext.Plan`. Its failures are shown at this field. A rule with `when`
        /// can do without: then it fails for the whole form, and its text stands above it.
        /// Example: `"postalCode"`
        attribute: Option<Spanned<String>> as Attribute = None,
        /// A condition in CEL; the rule applies only where it holds. It sees `attributes`, `invite`, `app`, `client` and
        /// `identity`, with the values as the rules before have tidied them. A rule with nothing else to check fails where
        /// its condition holds: `attributes.country == 'AU' && attributes.state == ''`. Then a value for which the condition
        /// has no answer (`int(attributes.city) < 18` and `five`), or one of more than 1,024 characters, is an error at its
        /// field, or above the form; an empty one counts as false, unless the field is required. In a rule with other
        /// checks such a condition counts as false.
        /// Example: `"attributes.country == 'AU' && attributes.state == ''"`
        when: Option<Spanned<String>> as Condition = None,
        /// What a failure leads to: the form is shown again with the error, or a page ends the sign-up. A page goes before
        /// all errors, errors before changed values. A value that is no date, number or phone number where one is asked
        /// for is always an error at the field.
        /// Example: `"block"`
        outcome: Outcome = Outcome::Error,
        /// What is done to the value before it is checked, in this order. What it changes is what the account gets.
        /// Example: `["trim", "upper"]`
        normalise: Vec<Normalise> = Vec::new(),
        /// The country of phone numbers that do not begin with `+`, for `normalise = ["phone"]`: an ISO 3166 code such as
        /// `AU`, or the attribute that holds one, such as `attributes.country`. Without it every number needs the `+`.
        /// Example: `"attributes.country"`
        phone_country: Option<Spanned<String>> as Country = None,
        /// Whether the field must be filled in. With `true` it fails where nothing was entered and where a box is not
        /// ticked, also if the event does not list the attribute: nobody knows whether Entra lists what was left empty.
        /// `"if-asked"` is for flows that do not ask for the field, and for questions that may be answered with no: it
        /// fails only for an attribute that the event lists, and `false` is filled in.
        /// Example: `"if-asked"`
        required: Required = Required::No,
        /// A regular expression that the whole value must match. Like all checks but `required`, it leaves empty values
        /// alone.
        /// Example: `"[0-9]{4}"`
        pattern: Option<Spanned<String>> as Pattern = None,
        /// The value has at least so many characters.
        min_length: Option<Spanned<usize>> = None,
        /// The value has at most so many characters.
        max_length: Option<Spanned<usize>> = None,
        /// The values that pass: texts, whole numbers, or true and false. One that was not answered passes as well, unless
        /// it is `required`.
        /// Example: `["NSW", "VIC", "QLD"]`
        one_of: Vec<Scalar> = Vec::new(),
        /// The least whole number that passes; a text that is no whole number fails.
        min: Option<Spanned<i64>> = None,
        /// The greatest whole number that passes; a text that is no whole number fails.
        max: Option<Spanned<i64>> = None,
        /// How a date is written, in the notation of `strftime`: `%d.%m.%Y`. A value that is no such date fails. Without
        /// it, `earliest`, `latest` and `min_age` expect `%Y-%m-%d`.
        date_format: Option<Spanned<String>> = None,
        /// The first date that passes: `2026-01-31`, or `today`, which is the day of the sign-up in UTC.
        earliest: Option<Spanned<String>> as Day = None,
        /// The last date that passes: `2026-12-31`, or `today`, which is the day of the sign-up in UTC.
        latest: Option<Spanned<String>> as Day = None,
        /// For a date of birth: the whole years at least that somebody has lived on the day of the sign-up, in UTC, 1 to
        /// 150. A birthday on 29 February counts from 1 March in other years; a date in the future fails.
        min_age: Option<Spanned<usize>> = None,
        /// For an attribute with several choices: at least so many different ones.
        min_items: Option<Spanned<usize>> = None,
        /// For an attribute with several choices: at most so many different ones.
        max_items: Option<Spanned<usize>> = None,
        /// The key in `[messages]` of the text that people see when the rule fails. Without it: `field-required` or
        /// `field-invalid` at a field (`field-too-long` for what is too long, whatever the rule says), `fix-errors` above the form, `rule-blocked` on a page.
        message: Option<Spanned<String>> = None,
    }
    limits {
        normalise: Limit::AtMost(MAX_STEPS[0]),
        one_of: Limit::AtMost(MAX_VALUES),
        min_age: AGES,
    }
    one_of { attribute, when }
}

impl RuleKeys {
    /// What the rule is called in the path of a key.
    pub(in crate::config) fn path_segment(&self) -> &str {
        self.attribute.as_ref().map_or(UNNAMED, |attribute| &attribute.value)
    }
}

choice!(Outcome {
    /// The form is shown again, with the error.
    "error" => Self::Error,
    /// A page ends the sign-up.
    "block" => Self::Block,
});

choice!(Normalise {
    /// White space at both ends goes.
    "trim" => Self::Trim,
    /// Lower case.
    "lower" => Self::Lower,
    /// Upper case.
    "upper" => Self::Upper,
    /// The first letter of each word in upper case, the others in lower case.
    "title" => Self::Title,
    /// Runs of white space become one space, and white space at both ends goes.
    "collapse" => Self::Collapse,
    /// Unicode's form NFKC: full-width letters, ligatures and the like become plain ones.
    "nfkc" => Self::Nfkc,
    /// Only the digits 0 to 9 stay.
    "digits" => Self::Digits,
    /// A phone number in international form (E.164); what is none fails. Not for `multi_select`.
    "phone" => Self::Phone,
});

impl Decode for Required {
    fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Boolean(true) => return Some(Self::Always),
            Value::Boolean(false) => return Some(Self::No),
            Value::String(text) | Value::Setting(text) => match text.as_str() {
                "if-asked" => return Some(Self::IfAsked),
                // An app setting is a text in any case.
                "true" if matches!(node.value, Value::Setting(_)) => return Some(Self::Always),
                "false" if matches!(node.value, Value::Setting(_)) => return Some(Self::No),
                _ => {}
            },
            _ => {}
        }
        diagnostics.error(&node.origin, "expected true, false or \"if-asked\"");
        None
    }

    fn shape() -> Shape {
        let about = "It must be filled in if the event lists the attribute.";
        Shape::Either(
            "boolean or `\"if-asked\"`",
            vec![Shape::Boolean, Shape::Choice(vec![Choice::new("if-asked", &[about])])],
        )
    }

    fn written(&self) -> Option<serde_json::Value> {
        Some(match self {
            Self::No => false.into(),
            Self::Always => true.into(),
            Self::IfAsked => "if-asked".into(),
        })
    }
}
