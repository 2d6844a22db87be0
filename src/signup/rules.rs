//! Rules: how a submitted form is tidied and checked.
//!
//! Rules run in order. A rule, and its condition, see the values as earlier rules have tidied them.
//!
//! **Conditions.** A rule with `when` applies only if its condition holds. If a condition cannot be evaluated, the rule
//! does not apply, and a warning names it without any value.
//!
//! **Rules that check by their condition.** A rule with a condition and no other check fails if the condition holds.
//! Here a value that the condition cannot be evaluated for, or that is too long for it, is an error: otherwise such a
//! value would get people past the check. The error stands at the fields that the failing part of the condition reads,
//! or above the form if it reads none of them, whatever the outcome. If everything that this part reads is empty, the
//! condition does not hold, unless one of the fields is required. If only some of it is empty, every listed field that
//! it reads is marked, also those that are filled in. A guard (`attributes.ext.Max != 0 && …`) says that a field may
//! be empty; `required` says that it may not.
//!
//! **Failures** are shown at the rule's attribute. A rule without an attribute fails for the whole form, and its text
//! stands above the form. If the outcome of the rule is [`Outcome::Block`], the failure ends the sign-up. But a value
//! that cannot be read as a date, a number or a phone number, or of which tidying would leave nothing, is always an
//! error at its field.
//!
//! **Order.** A rule that blocks goes first, then errors, then changed values, then continue. The first rule that
//! blocks, the first failure of each attribute and the first failure of the whole form are shown.
//!
//! **Empty fields.** Nobody knows how Entra lists a field that was left empty, or a box that was not ticked: as empty,
//! as null, as false or not at all. So all of these count as not filled in, and only `required` and conditions apply
//! to them. A box that has to be ticked is filled in only if its value means yes, in whatever type it comes.
//!
//! **Attributes that the event does not list.** Such an attribute fails a rule with `required = true` and a rule that
//! checks by its condition: otherwise people could pass by leaving the field empty. Its field may not be on the page,
//! so the result lists the attribute in `missing` as well. Every other rule for it is skipped, and the result lists it
//! in `not_listed`.
//!
//! **Several values.** If the names of several attributes differ in case only, each is tidied and checked, and a
//! condition holds if it holds for one of them. A list, and an attribute that holds several choices in one text, is
//! tidied and checked choice by choice. Tidied choices are joined with a comma and no white space.
//!
//! **Types and lengths.** A changed value has the type of its field; a value that this type cannot hold is not sent
//! back. A value that is too long ([`MaxLength`]) is an error at its field, and then no rule runs. So is a value that
//! tidying makes too long.
//!
//! No input makes a rule panic, and no step takes more than linear time. The cost of a policy at worst is limited when
//! the configuration is read (`config/policies/cost.rs`).

mod checks;
mod condition;
mod dates;
mod form_check;
mod length;
mod normalise;
mod phone;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::facts::Facts;
use crate::expressions::Condition;
use crate::values::{AttributeName, AttributeValues, Form};

pub(crate) use checks::{Checks, Required};
pub(crate) use dates::{DateCheck, Day, check_date_format};
pub(crate) use form_check::check;
pub(crate) use length::{MAX_CHOICES, MAX_TEXT, MaxLength};
pub(crate) use normalise::Normalise;
pub(crate) use phone::{Country, PhoneCountry, prepare as prepare_phones};

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
    /// The condition under which it applies; `None`: always.
    pub when: Option<Condition>,
    /// What a failure leads to.
    pub outcome: Outcome,
    /// What is done to a text before it is checked, in order.
    pub normalise: Vec<Normalise>,
    /// The country of phone numbers without a country code.
    pub phone_country: Option<PhoneCountry>,
    /// What the value must be like.
    pub checks: Checks,
    /// The key of the message for a failure; `None`: a built-in one.
    pub message: Option<String>,
}

impl Rule {
    /// Whether it checks by its condition, so that it fails if the condition holds: it has no other check, and does
    /// more than tidy.
    #[must_use]
    pub(crate) fn checks_by_condition(&self) -> bool {
        let does_more_than_tidy = self.normalise.is_empty() || self.message.is_some() || self.outcome == Outcome::Block;
        self.when.is_some() && does_more_than_tidy && !self.checks_values()
    }

    /// Whether it fails if its condition holds and the event does not list its attribute.
    #[must_use]
    pub(crate) fn fails_if_not_listed(&self) -> bool {
        self.checks.required == Required::Always || self.checks_by_condition()
    }

    /// Whether a value can make it fail.
    #[must_use]
    pub(crate) fn checks_values(&self) -> bool {
        !self.checks.is_empty() || self.normalise.contains(&Normalise::Phone)
    }
}

/// The input of the rules.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Submission<'a> {
    /// The form as it came.
    pub form: &'a Form,
    /// Attributes that hold several choices in one text, with commas between.
    pub multi_select: &'a [AttributeName],
    /// The longest text, in bytes.
    pub max_text: usize,
    /// What conditions see.
    pub facts: &'a Facts<'a>,
    /// The time of the sign-up.
    pub now: DateTime<Utc>,
}

/// The result of all rules.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct CheckedForm {
    /// The key of the page that ends the sign-up; no later rule was looked at.
    pub block: Option<String>,
    /// The first failure of each field: the key of its message.
    pub errors: BTreeMap<AttributeName, String>,
    /// The fields that are too long; then no rule ran.
    pub too_long: Vec<AttributeName>,
    /// The first failure of the whole form: the key of its message.
    pub page_error: Option<String>,
    /// The fields whose value changed, in the field's type.
    pub changed: AttributeValues,
    /// The attributes that the event does not list, and whose rules were skipped.
    pub not_listed: Vec<AttributeName>,
    /// The attributes that the event does not list, and whose rules failed for that reason.
    pub missing: Vec<AttributeName>,
    /// What each rule did, for a trace. Rules that passed and changed nothing are left out.
    pub findings: Vec<Finding>,
}

/// What one rule did to the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The rule's place in the policy, from 0.
    pub rule: usize,
    /// What it did.
    pub kind: FindingKind,
}

/// The ways in which a rule can end, if it did not simply pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FindingKind {
    /// It changed its attribute's value.
    Changed,
    /// It failed and ended the sign-up.
    Blocked,
    /// It failed at its attribute.
    FieldFailed,
    /// It failed for the whole form.
    PageFailed,
    /// The event does not list its attribute.
    NotListed,
    /// Its condition does not hold.
    NotApplicable,
    /// Its condition cannot be evaluated for these values, so the rule does not apply.
    NotEvaluated,
    /// It checks by its condition, which cannot be evaluated for these values, so it failed.
    CheckNotEvaluated,
}

impl FindingKind {
    /// What it did, in words for `explain`.
    #[must_use]
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::Changed => "changed the value",
            Self::Blocked => "failed: ends the sign-up",
            Self::FieldFailed => "failed: an error at the field",
            Self::PageFailed => "failed: an error above the form",
            Self::NotListed => "skipped: the event does not list the attribute",
            Self::NotApplicable => "does not apply: its condition does not hold",
            Self::NotEvaluated => "does not apply: its condition cannot be evaluated",
            Self::CheckNotEvaluated => "failed: its condition cannot be evaluated, an error at what it reads",
        }
    }
}
