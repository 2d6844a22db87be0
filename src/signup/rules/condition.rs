//! Evaluates the condition of a rule, to find out whether the rule applies.
//!
//! If several attributes are at one path of the condition (see [`is_at`]), the condition is evaluated for each of them,
//! since nobody knows which of them the directory takes. The strictest answer counts.
//!
//! The result of "is this field required?" is kept until a value changes, since many conditions can need it.

use std::collections::BTreeMap;

use super::form_check::{Applicability, FormCheck, RuleFailure};
use super::{Required, Rule};
use crate::expressions::{CheckResult, Condition, ConditionError, Path};
use crate::signup::attribute_path::AttributePath;
use crate::signup::facts::is_at;
use crate::values::{AttributeName, AttributeValue, FormField};

/// The most combinations of attributes of the same name that are tried. The directory itself has no such attributes.
const MAX_COMBINATIONS: usize = 4;

/// The fields that the failing part of a condition reads, and what is wrong with each.
type Marks = BTreeMap<usize, RuleFailure>;

/// What a condition says about one combination of attributes of the same name.
enum ConditionResult {
    No,
    Yes,
    /// It cannot be evaluated.
    Failed(Marks, Option<ConditionError>),
}

impl FormCheck<'_> {
    /// Whether the rule applies. If the rule checks by its condition and that cannot be evaluated, marks the fields
    /// that the condition reads.
    pub(super) fn evaluate_condition(&mut self, rule_index: usize, rule: &Rule) -> Applicability {
        let Some(condition) = &rule.when else { return Applicability::Yes };
        let groups = if self.same_names { self.groups(condition) } else { Vec::new() };
        let combinations = groups.iter().try_fold(1_usize, |count, group| count.checked_mul(group.len()));
        let Some(combinations) = combinations.filter(|count| *count <= MAX_COMBINATIONS) else {
            let marks = groups.into_iter().flatten().map(|field| (field, RuleFailure::Invalid)).collect();
            return self.not_evaluated(rule_index, rule, &marks, None);
        };
        let mut applies = Applicability::No;
        for combination in 0..combinations {
            let hidden = self.show_combination(&groups, combination);
            let one_result = match self.condition_result(rule, condition, &hidden) {
                ConditionResult::No => Applicability::No,
                ConditionResult::Yes => return Applicability::Yes,
                ConditionResult::Failed(marks, error) => self.not_evaluated(rule_index, rule, &marks, error.as_ref()),
            };
            applies = applies.max(one_result);
        }
        applies
    }

    fn condition_result(&self, rule: &Rule, condition: &Condition, hidden: &[usize]) -> ConditionResult {
        let Some(context) = &self.context else { return ConditionResult::Yes };
        if !rule.checks_by_condition() {
            return match condition.evaluate(context.json()) {
                Ok(true) => ConditionResult::Yes,
                Ok(false) => ConditionResult::No,
                Err(error) => ConditionResult::Failed(Marks::new(), Some(error)),
            };
        }
        let fields_at = |path: &[String]| {
            let at_path = |(_, field): &(usize, &FormField)| is_at(&field.name, path);
            let fields = self.submission.form.0.iter().enumerate().filter(at_path).map(|(index, _)| index);
            fields.filter(|index| !hidden.contains(index)).collect::<Vec<_>>()
        };
        let fields_at_any = |paths: &[Path]| paths.iter().flat_map(|path| fields_at(path)).collect::<Vec<_>>();
        let is_empty = |path: &[String]| match AttributePath::of(path) {
            Some(_) => fields_at(path).into_iter().all(|index| self.is_empty(index)),
            None => context.is_empty_at(path),
        };
        match condition.evaluate_check(context.json(), &is_empty) {
            CheckResult::Holds => ConditionResult::Yes,
            CheckResult::DoesNotHold => ConditionResult::No,
            CheckResult::Empty(paths) => {
                let required = fields_at_any(&paths).into_iter().filter(|index| self.is_required(*index));
                let marks: Marks = required.map(|index| (index, RuleFailure::Missing)).collect();
                if marks.is_empty() { ConditionResult::No } else { ConditionResult::Failed(marks, None) }
            }
            CheckResult::Failed { paths, error } => {
                let too_long = error == ConditionError::ValueTooLarge;
                let failure = if too_long { RuleFailure::TooLong } else { RuleFailure::Invalid };
                ConditionResult::Failed(
                    fields_at_any(&paths).into_iter().map(|index| (index, failure)).collect(),
                    Some(error),
                )
            }
        }
    }

    /// Logs that a condition cannot be evaluated, and marks the fields if the rule checks by it.
    fn not_evaluated(
        &mut self,
        rule_index: usize,
        rule: &Rule,
        marks: &Marks,
        error: Option<&ConditionError>,
    ) -> Applicability {
        let form = self.submission.form;
        let marked: Vec<_> = marks.iter().filter_map(|(field, failure)| Some((form.0.get(*field)?, failure))).collect();
        let names: Vec<_> = marked.iter().map(|(field, _)| field.name.as_str()).collect();
        let (fields, attribute) = (names.join(", "), rule.attribute.as_ref().map(AttributeName::as_str));
        let fields = Some(fields).filter(|fields| !fields.is_empty());
        if let Some(error) = error {
            // The condition itself is not shown: it may name somebody's address.
            tracing::warn!(event = "condition-failed", rule = rule_index, attribute, fields, error = %error);
        }
        if !rule.checks_by_condition() {
            // There are too many combinations to try, so the rule applies.
            return if error.is_some() { Applicability::NotEvaluated } else { Applicability::Yes };
        }
        if marked.is_empty() {
            self.checked.page_error.get_or_insert_with(|| RuleFailure::Whole.built_in().to_owned());
        }
        for (field, failure) in marked {
            self.mark(&field.name, failure.built_in());
        }
        Applicability::CheckNotEvaluated
    }

    /// The groups of attributes that are at the same path of the condition.
    fn groups(&self, condition: &Condition) -> Vec<Vec<usize>> {
        let form = &self.submission.form.0;
        // A path to all attributes (`attributes`, `attributes.ext`) names no single one.
        let count_at = |path: &Path| form.iter().enumerate().filter(|(_, field)| is_at(&field.name, path)).count();
        let paths = condition.paths();
        let to_one_attribute = paths
            .iter()
            .filter(|path| matches!(AttributePath::of(path), Some(AttributePath::Custom(_) | AttributePath::Named(_))));
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for path in to_one_attribute.filter(|path| count_at(path) > 1) {
            let group = form.iter().enumerate().filter(|(_, field)| is_at(&field.name, path)).map(|(index, _)| index);
            groups.push(group.collect());
        }
        groups.sort();
        groups.dedup();
        groups
    }

    /// Sets the values that the condition sees to one attribute of each group. Returns the fields of the other
    /// attributes.
    fn show_combination(&mut self, groups: &[Vec<usize>], combination: usize) -> Vec<usize> {
        let (mut rest, mut hidden) = (combination, Vec::new());
        for group in groups {
            let shown = group.get(rest % group.len()).copied();
            rest /= group.len();
            hidden.extend(group.iter().copied().filter(|index| Some(*index) != shown));
            let Some((index, field)) = shown.and_then(|index| Some((index, self.submission.form.0.get(index)?))) else {
                continue;
            };
            let value = self.values.get(index).and_then(Option::as_deref).cloned();
            let field = FormField { value, ..field.clone() };
            if let Some(context) = &mut self.context {
                self.submission.facts.set_attribute(context, &field);
            }
        }
        hidden
    }

    fn is_empty(&self, index: usize) -> bool {
        self.values.get(index).and_then(Option::as_deref).is_none_or(AttributeValue::is_empty)
    }

    /// Whether a rule that applies to the values as they are now requires the field.
    fn is_required(&self, index: usize) -> bool {
        if let Some(required) = self.required.borrow().get(&index) {
            return *required;
        }
        let Some(field) = self.submission.form.0.get(index) else { return false };
        let is_for_field = |rule: &&Rule| rule.attribute.as_ref().is_some_and(|name| name.is(field.name.as_str()));
        let applies = |rule: &Rule| match (&rule.when, &self.context) {
            // If several attributes have the same name, every rule counts as one that applies.
            (Some(condition), Some(context)) if !self.same_names => {
                condition.evaluate(context.json()).unwrap_or_default()
            }
            _ => true,
        };
        let mut rules = self.rules.iter().filter(is_for_field);
        let required = rules.any(|rule| rule.checks.required != Required::No && applies(rule));
        self.required.borrow_mut().insert(index, required);
        required
    }
}
