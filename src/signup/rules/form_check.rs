//! Runs the rules of a policy over one form.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::checks::items;
use super::length::{MAX_FIELDS, too_long};
use super::{CheckedForm, Country, Finding, FindingKind, MaxLength, Outcome, PhoneCountry, Required, Rule, Submission};
use crate::signup::facts::{ConditionContext, place_of};
use crate::signup::messages::key;
use crate::values::{AttributeName, AttributeType, AttributeValue, Form, FormField};

/// The most attributes whose names differ in case only. The directory has none.
const MAX_SAME_NAMES: usize = 2;

/// Applies the rules in order.
#[must_use]
pub(crate) fn check(rules: &[Rule], submission: &Submission<'_>) -> CheckedForm {
    if let Some(checked) = reject_too_long(submission).or_else(|| reject_same_names(submission.form)) {
        return checked;
    }
    let mut form_check = FormCheck::new(rules, submission);
    for (rule_index, rule) in rules.iter().enumerate() {
        form_check.apply(rule_index, rule);
        if form_check.checked.block.is_some() {
            break;
        }
    }
    form_check.finish()
}

/// The errors of a form that is too long to be checked; `None`: it is not.
fn reject_too_long(submission: &Submission<'_>) -> Option<CheckedForm> {
    let form = submission.form;
    if form.0.len() > MAX_FIELDS {
        return Some(CheckedForm {
            page_error: Some(RuleFailure::Whole.built_in().to_owned()),
            ..CheckedForm::default()
        });
    }
    let too_long: Vec<_> = too_long(form, submission.multi_select, submission.max_text).cloned().collect();
    let errors = too_long.iter().map(|name| (name.clone(), RuleFailure::TooLong.built_in().to_owned())).collect();
    (!too_long.is_empty()).then(|| CheckedForm { errors, too_long, ..CheckedForm::default() })
}

/// The errors of a form in which too many names differ in case only; `None`: it has no such names.
fn reject_same_names(form: &Form) -> Option<CheckedForm> {
    let mut names: Vec<&AttributeName> = form.0.iter().map(|field| &field.name).collect();
    names.sort_unstable_by(|one, other| one.cmp_in_any_case(other));
    let groups = names.chunk_by(|one, other| one.is(other.as_str()));
    let too_many = groups.filter(|names| names.len() > MAX_SAME_NAMES).flatten();
    let errors: BTreeMap<_, _> =
        too_many.map(|name| ((*name).clone(), RuleFailure::Invalid.built_in().to_owned())).collect();
    (!errors.is_empty()).then(|| CheckedForm { errors, ..CheckedForm::default() })
}

/// The state of the check of one form.
pub(super) struct FormCheck<'a> {
    pub(super) rules: &'a [Rule],
    pub(super) submission: &'a Submission<'a>,
    /// The values as they are now, in the form's order.
    pub(super) values: Vec<Option<Cow<'a, AttributeValue>>>,
    /// What conditions see; `None` if there are no conditions.
    pub(super) context: Option<ConditionContext>,
    /// Whether several attributes may be at one path of a condition.
    pub(super) same_names: bool,
    /// For each field: whether it is required. Emptied when a value changes.
    pub(super) required: RefCell<BTreeMap<usize, bool>>,
    pub(super) checked: CheckedForm,
}

/// Whether a rule applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Applicability {
    /// Its condition does not hold.
    No,
    /// Its condition cannot be evaluated, and it has other checks.
    NotEvaluated,
    /// It checks by its condition, which cannot be evaluated. The fields that the condition reads were marked.
    CheckNotEvaluated,
    /// It has no condition, or one that holds.
    Yes,
}

/// How a rule fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RuleFailure {
    /// The form as a whole is wrong.
    Whole,
    /// There is no value.
    Missing,
    /// The value cannot be read as a date, a number or a phone number. That is most likely a typing error, so it never
    /// blocks.
    Unreadable,
    /// The value is too long to be checked.
    TooLong,
    /// The value does not pass.
    Invalid,
}

impl RuleFailure {
    /// The key of its built-in message.
    pub(super) fn built_in(self) -> &'static str {
        match self {
            Self::Whole => key::FIX_ERRORS,
            Self::Missing => key::FIELD_REQUIRED,
            Self::TooLong => key::FIELD_TOO_LONG,
            Self::Unreadable | Self::Invalid => key::FIELD_INVALID,
        }
    }
}

/// Adds a name, unless the list has it.
fn add_once(names: &mut Vec<AttributeName>, name: &AttributeName) {
    if !names.contains(name) {
        names.push(name.clone());
    }
}

/// A field of the form that a rule is for.
#[derive(Clone, Copy)]
struct RuleField<'a> {
    index: usize,
    field: &'a FormField,
    /// Whether it holds several choices in one text.
    is_multi_select: bool,
}

impl<'a> FormCheck<'a> {
    fn new(rules: &'a [Rule], submission: &'a Submission<'a>) -> Self {
        let mut conditions = rules.iter().filter_map(|rule| rule.when.as_ref()).peekable();
        let context = conditions.peek().is_some().then(|| submission.facts.context());
        let context = context.map(|mut context| {
            conditions.for_each(|condition| condition.path_uses().for_each(|path| context.add_spelling(path)));
            context
        });
        let fields = &submission.form.0;
        let places = || fields.iter().map(|field| place_of(&field.name)).collect::<BTreeSet<_>>();
        // Only conditions can tell.
        let same_names = context.is_some() && places().len() < fields.len();
        let values = fields.iter().map(|field| field.value.as_ref().map(Cow::Borrowed)).collect();
        let required = RefCell::default();
        Self { rules, submission, values, context, same_names, required, checked: CheckedForm::default() }
    }

    fn apply(&mut self, rule_index: usize, rule: &Rule) {
        let fields = self.fields_of(rule);
        let absent = rule.attribute.as_ref().filter(|_| fields.is_empty());
        if let Some(attribute) = absent.filter(|_| !rule.fails_if_not_listed()) {
            add_once(&mut self.checked.not_listed, attribute);
            return self.note(rule_index, FindingKind::NotListed);
        }
        match self.evaluate_condition(rule_index, rule) {
            Applicability::Yes => {}
            Applicability::No => return self.note(rule_index, FindingKind::NotApplicable),
            Applicability::NotEvaluated => return self.note(rule_index, FindingKind::NotEvaluated),
            Applicability::CheckNotEvaluated => return self.note(rule_index, FindingKind::CheckNotEvaluated),
        }
        if absent.is_some() {
            self.fail(rule_index, rule, None, RuleFailure::Missing);
        } else if fields.is_empty() && rule.checks_by_condition() {
            self.fail(rule_index, rule, None, RuleFailure::Whole);
        }
        for rule_field in fields {
            let tidy_failure = self.tidy(rule_index, rule, rule_field);
            if let Some(failure) = self.failure(rule, rule_field, tidy_failure) {
                self.fail(rule_index, rule, Some(rule_field), failure);
            }
        }
    }

    fn note(&mut self, rule: usize, kind: FindingKind) {
        self.checked.findings.push(Finding { rule, kind });
    }

    /// The fields that a rule is for: none, one, or several whose names differ in case only.
    fn fields_of(&self, rule: &Rule) -> Vec<RuleField<'a>> {
        let Some(name) = rule.attribute.as_ref().map(AttributeName::as_str) else { return Vec::new() };
        let is_multi_select = self.submission.multi_select.iter().any(|attribute| attribute.is(name));
        let fields = self.submission.form.0.iter().enumerate().filter(|(_, field)| field.name.is(name));
        fields.map(|(index, field)| RuleField { index, field, is_multi_select }).collect()
    }

    /// Sets the message of a failure at a field, unless the field has one already.
    pub(super) fn mark(&mut self, field: &AttributeName, key: &str) {
        self.checked.errors.entry(field.clone()).or_insert_with(|| key.to_owned());
    }

    fn value(&self, rule_field: RuleField<'_>) -> Option<&AttributeValue> {
        self.values.get(rule_field.index)?.as_deref()
    }

    /// Whether the field is a box, by the event or by its declared type.
    fn is_box(&self, rule_field: RuleField<'_>) -> bool {
        let FormField { name, attribute_type, .. } = rule_field.field;
        [Some(*attribute_type), self.submission.facts.types.declared(name.as_str())]
            .contains(&Some(AttributeType::Boolean))
    }

    /// Tidies the value. Returns how that failed, if it did.
    fn tidy(&mut self, rule_index: usize, rule: &Rule, rule_field: RuleField<'_>) -> Option<RuleFailure> {
        if rule.normalise.is_empty() {
            return None;
        }
        let country = self.country(rule);
        let value = self.value(rule_field)?;
        let max_length = MaxLength::of(&rule_field.field.name, self.submission.max_text);
        let tidied = rule.tidied(value, rule_field.is_multi_select, country, max_length);
        if tidied.failure == Some(RuleFailure::TooLong) {
            return tidied.failure;
        }
        if tidied.value.is_empty() && !value.is_empty() {
            // If tidying would empty the value, it stays as it was typed, and fails.
            return Some(RuleFailure::Unreadable);
        }
        let (failure, changed) = (tidied.failure, *tidied.value != *value);
        if changed {
            let tidied = tidied.value.into_owned();
            self.required.borrow_mut().clear();
            if let Some(context) = &mut self.context {
                context.set(rule_field.field, Some(&tidied), rule_field.is_multi_select);
            }
            if let Some(value) = self.values.get_mut(rule_field.index) {
                *value = Some(Cow::Owned(tidied));
            }
            self.note(rule_index, FindingKind::Changed);
        }
        failure
    }

    /// The country for phone numbers without a country code.
    fn country(&self, rule: &Rule) -> Option<Country> {
        match rule.phone_country.as_ref()? {
            PhoneCountry::Fixed(country) => Some(*country),
            PhoneCountry::Attribute(name) => {
                let index = self.submission.form.0.iter().position(|field| field.name.is(name.as_str()))?;
                self.values.get(index)?.as_ref()?.as_text().parse().ok()
            }
        }
    }

    /// How the rule fails, if it does.
    fn failure(
        &self,
        rule: &Rule,
        rule_field: RuleField<'_>,
        tidy_failure: Option<RuleFailure>,
    ) -> Option<RuleFailure> {
        if tidy_failure == Some(RuleFailure::TooLong) {
            return tidy_failure;
        }
        let value = self.value(rule_field);
        let items = items(value, rule_field.is_multi_select);
        if rule.checks.is_missing(value, &items, self.is_box(rule_field)) {
            let fails = rule.checks.required != Required::No || rule.checks_by_condition();
            return fails.then_some(RuleFailure::Missing);
        }
        if tidy_failure.is_some() || !rule.checks.can_read(&items) {
            return Some(RuleFailure::Unreadable);
        }
        let today = self.submission.now.date_naive();
        let fails = rule.checks_by_condition() || !rule.checks.passes(&items, today);
        fails.then_some(RuleFailure::Invalid)
    }

    fn fail(&mut self, rule_index: usize, rule: &Rule, rule_field: Option<RuleField<'_>>, failure: RuleFailure) {
        let built_in = failure.built_in();
        if let Some(attribute) = rule.attribute.as_ref().filter(|_| rule_field.is_none()) {
            add_once(&mut self.checked.missing, attribute);
        }
        let field = rule_field.map(|rule_field| &rule_field.field.name).or(rule.attribute.as_ref());
        let blocks = rule.outcome == Outcome::Block;
        // The text of a rule that blocks is written for a page. It does not explain that a value cannot be read.
        let is_unreadable = [RuleFailure::Unreadable, RuleFailure::TooLong].contains(&failure);
        let own = rule.message.as_deref().filter(|_| !(is_unreadable && blocks || failure == RuleFailure::TooLong));
        let text = |built_in: &str| own.unwrap_or(built_in).to_owned();
        let kind = match (rule.outcome, field) {
            (Outcome::Block, Some(field)) if is_unreadable => {
                self.mark(field, &text(built_in));
                FindingKind::FieldFailed
            }
            (Outcome::Block, _) => {
                self.checked.block = Some(text(key::RULE_BLOCKED));
                FindingKind::Blocked
            }
            (Outcome::Error, Some(field)) => {
                self.mark(field, &text(built_in));
                FindingKind::FieldFailed
            }
            (Outcome::Error, None) => {
                self.checked.page_error.get_or_insert_with(|| text(built_in));
                FindingKind::PageFailed
            }
        };
        self.note(rule_index, kind);
    }

    /// The result, with the values that changed.
    fn finish(self) -> CheckedForm {
        let mut checked = self.checked;
        let missing = &checked.missing;
        checked.not_listed.retain(|name| !missing.iter().any(|known| known.is(name.as_str())));
        for (field, value) in self.submission.form.0.iter().zip(self.values) {
            // A value can come in another type than the field's, but is sent back in the field's type only.
            let changed = value.filter(|value| Some(&**value) != field.value.as_ref());
            if let Some(value) = changed.and_then(|value| value.convert(field.attribute_type)) {
                checked.changed.insert(field.name.clone(), value);
            }
        }
        checked
    }
}
