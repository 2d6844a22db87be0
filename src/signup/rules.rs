//! What is checked, and tidied, when the form comes back.
//!
//! Rules run in order, and what one of them tidied the next one sees, its condition too.
//!
//! - A rule with `when` applies only where the condition holds. A condition that cannot be evaluated does not hold, and
//!   is named in a warning without any value.
//! - If it has nothing else that could fail, it *is* its condition: it fails where the condition holds. Then nobody gets
//!   past it with what the condition cannot read: a value that it cannot be evaluated for, or that is longer than it
//!   sees, is an error at the fields that the failing part reads (above the form, if it has none of them), whatever the
//!   outcome, and a warning. If all that this part reads is empty, the condition does not hold, unless one of these
//!   fields is required. If only some of it is empty, it fails all the same, since nobody passes with the rest: every
//!   field that it reads and the event lists is marked, also the one that is filled in where the empty one is not listed.
//!   A guard (`attributes.ext.Max != 0 && …`) says that emptiness is fine, `required` that it is not.
//! - A failure is shown at the rule's attribute. A rule without an attribute, which has a condition then, fails for the
//!   whole form: its text stands above it. A failure of a rule whose outcome is [`Outcome::Block`] ends the sign-up; but
//!   a value that cannot be read as what it has to be (a date, a number, a phone number) is a slip, and an error at the
//!   field whatever the outcome. So is a value of which tidying would leave nothing.
//! - The order of outcomes is: block, errors, changed values, continue. The first failing rule that blocks, the first
//!   failure of each attribute and the first failure of the whole form are shown.
//! - Nobody knows whether Entra lists a field that was left empty, or a box that was not ticked, as empty, as null, as
//!   false or not at all. So all of these are not filled in, and only `required` and conditions apply to them. Of a box,
//!   by the event or as declared, only what says yes is filled in where it has to be ticked, in whatever type it comes.
//! - An attribute that the event does not list fails a rule that requires it in any case, and a rule that is its condition:
//!   otherwise whoever leaves a field empty would pass. The field may not be on the page at all, so it is also named apart.
//!   Every other rule for such an attribute is skipped and named: there is nothing to check or to tidy.
//! - Of several attributes whose names differ in case only, each is tidied and checked, and a condition holds if it holds
//!   for any of them.
//! - An attribute that holds several choices in one text, and a list, is tidied and checked choice by choice. If a rule
//!   tidies it, its choices are joined again with a comma between and no white space.
//! - A changed value has the type of its field; what cannot be said in it is not sent back.
//! - A value that is too long ([`MaxLength`]) is an error at its field, whichever attribute it is, and no rule runs. So is
//!   one that tidying makes too long.
//!
//! No input makes a rule panic, and no step takes more than linear time. What a configuration can cost at worst is bounded
//! when it is read (`config/policies/cost.rs`).

mod ask;
mod checks;
mod dates;
mod length;
mod normalise;
mod phone;
mod run;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::facts::Facts;
use crate::expressions::Condition;
use crate::values::{AttributeName, AttributeValues, Form};

pub use checks::{Checks, Required};
pub use dates::{DateCheck, Day, NoDateFormat, check_date_format};
pub use length::{MAX_CHOICES, MAX_TEXT, MaxLength};
pub use normalise::Normalise;
pub use phone::{Country, PhoneCountry, UnknownCountry, prepare as prepare_phones};
pub use run::check;

/// What a failure leads to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Outcome {
    /// The form is shown again with what is wrong.
    #[default]
    Error,
    /// A page ends the sign-up.
    Block,
}

/// One rule.
#[derive(Debug, Clone, Default)]
pub struct Rule {
    /// The attribute, as the directory spells it; `None` for a rule about the whole form.
    pub attribute: Option<AttributeName>,
    /// Where it applies; `None`: everywhere.
    pub when: Option<Condition>,
    /// What a failure leads to.
    pub outcome: Outcome,
    /// What is done to a text before it is checked, in order.
    pub normalise: Vec<Normalise>,
    /// The country of phone numbers that do not say theirs.
    pub phone_country: Option<PhoneCountry>,
    /// What the value must be like.
    pub checks: Checks,
    /// The key of the message for a failure; `None`: a built-in one.
    pub message: Option<String>,
}

impl Rule {
    /// Whether it fails where its condition holds: nothing else in it can fail, and it is not there to tidy only.
    #[must_use]
    pub fn is_its_condition(&self) -> bool {
        let says_more = self.normalise.is_empty() || self.message.is_some() || self.outcome == Outcome::Block;
        self.when.is_some() && says_more && !self.checks_values()
    }

    /// Whether it fails for an attribute that the event does not list, where its condition holds.
    #[must_use]
    pub fn minds_absence(&self) -> bool {
        self.checks.required == Required::Always || self.is_its_condition()
    }

    /// Whether a value can make it fail.
    #[must_use]
    pub fn checks_values(&self) -> bool {
        !self.checks.is_empty() || self.normalise.contains(&Normalise::Phone)
    }
}

/// All that rules go by.
#[derive(Debug, Clone, Copy)]
pub struct Submission<'a> {
    /// The form as it came.
    pub form: &'a Form,
    /// Attributes that hold several choices in one text, with commas between.
    pub multi_select: &'a [AttributeName],
    /// The longest text, in bytes.
    pub max_text: usize,
    /// What conditions see.
    pub facts: &'a Facts<'a>,
    /// The present.
    pub now: DateTime<Utc>,
}

/// What the rules found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// The key of the page that ends the sign-up; nothing after it was looked at.
    pub block: Option<String>,
    /// The first failure of each field: the key of its message.
    pub errors: BTreeMap<AttributeName, String>,
    /// The fields that are too long; then no rule ran.
    pub too_long: Vec<AttributeName>,
    /// The first failure of the whole form: the key of its message.
    pub page_error: Option<String>,
    /// The fields whose value changed, in the field's type.
    pub changed: AttributeValues,
    /// Attributes that the event does not list, of rules that were skipped for it.
    pub lacking: Vec<AttributeName>,
    /// Attributes that the event does not list, of rules that failed for it.
    pub missing: Vec<AttributeName>,
    /// What each rule did, for a trace; rules that found nothing to say are left out.
    pub findings: Vec<Finding>,
}

/// What one rule did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// The rule's place in the policy, from 0.
    pub rule: usize,
    /// What it did.
    pub kind: FindingKind,
}

/// What a rule can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingKind {
    /// It changed its attribute's value.
    Changed,
    /// It failed and ended the sign-up.
    Blocked,
    /// It failed at its attribute.
    FieldFailed,
    /// It failed for the whole form.
    PageFailed,
    /// The event does not list its attribute.
    Lacking,
    /// Its condition does not hold.
    NotApplicable,
    /// Its condition cannot be evaluated for these values, and so does not hold.
    Undecided,
    /// Its condition, which is its check, cannot be evaluated for these values, and so it failed.
    Unanswered,
}

impl FindingKind {
    /// What it did, in words for `explain`.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Changed => "changed the value",
            Self::Blocked => "failed: ends the sign-up",
            Self::FieldFailed => "failed: an error at the field",
            Self::PageFailed => "failed: an error above the form",
            Self::Lacking => "skipped: the event does not list the attribute",
            Self::NotApplicable => "does not apply: its condition does not hold",
            Self::Undecided => "does not apply: its condition cannot be evaluated",
            Self::Unanswered => "failed: its condition cannot be evaluated, an error at what it reads",
        }
    }
}
