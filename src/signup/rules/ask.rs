//! Evaluates the condition of a rule.
//!
//! If several attributes are at one path of the condition (see [`is_at`]), the condition is evaluated for each of them,
//! since nobody knows which of them the directory takes. The strictest answer counts.
//!
//! Which fields are required is remembered until a value changes, since many conditions can need it.

use std::collections::BTreeMap;

use super::form_check::{Applies, FormCheck, RuleFailure};
use super::{Required, Rule};
use crate::expressions::{CheckResult, Condition, ConditionError, Path};
use crate::signup::facts::is_at;
use crate::values::{AttributeName, AttributeValue, FormField};

/// How many combinations of attributes of the same name are tried. The directory has no such attributes.
const MAX_WAYS: usize = 4;

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
    /// Whether the rule applies. If it checks by its condition, marks the fields for which that cannot be evaluated.
    pub(super) fn ask(&mut self, at: usize, rule: &Rule) -> Applies {
        let Some(condition) = &rule.when else { return Applies::Yes };
        let groups = if self.same_names { self.groups(condition) } else { Vec::new() };
        let ways = groups.iter().try_fold(1_usize, |ways, group| ways.checked_mul(group.len()));
        let Some(ways) = ways.filter(|ways| *ways <= MAX_WAYS) else {
            let marks = groups.into_iter().flatten().map(|field| (field, RuleFailure::Invalid)).collect();
            return self.not_evaluated(at, rule, &marks, None);
        };
        let mut applies = Applies::No;
        for way in 0..ways {
            let hidden = self.show(&groups, way);
            let said = match self.said(rule, condition, &hidden) {
                ConditionResult::No => Applies::No,
                ConditionResult::Yes => return Applies::Yes,
                ConditionResult::Failed(marks, error) => self.not_evaluated(at, rule, &marks, error.as_ref()),
            };
            applies = applies.max(said);
        }
        applies
    }

    fn said(&self, rule: &Rule, condition: &Condition, hidden: &[usize]) -> ConditionResult {
        let Some(context) = &self.context else { return ConditionResult::Yes };
        if !rule.checks_by_condition() {
            return match condition.evaluate(context.json()) {
                Ok(true) => ConditionResult::Yes,
                Ok(false) => ConditionResult::No,
                Err(error) => ConditionResult::Failed(Marks::new(), Some(error)),
            };
        }
        let fields = |path: &[String]| {
            let at_path = |(_, field): &(usize, &FormField)| is_at(&field.name, path);
            let fields = self.submission.form.0.iter().enumerate().filter(at_path).map(|(at, _)| at);
            fields.filter(|at| !hidden.contains(at)).collect::<Vec<_>>()
        };
        let all = |paths: &[Path]| paths.iter().flat_map(|path| fields(path)).collect::<Vec<_>>();
        let is_empty = |path: &[String]| match path {
            [root, ..] if root == "attributes" => fields(path).into_iter().all(|at| self.is_empty(at)),
            _ => context.is_empty_at(path),
        };
        match condition.evaluate_check(context.json(), &is_empty) {
            CheckResult::Holds => ConditionResult::Yes,
            CheckResult::DoesNotHold => ConditionResult::No,
            CheckResult::Empty(paths) => {
                let required = all(&paths).into_iter().filter(|at| self.is_required(*at));
                let marks: Marks = required.map(|at| (at, RuleFailure::Missing)).collect();
                if marks.is_empty() { ConditionResult::No } else { ConditionResult::Failed(marks, None) }
            }
            CheckResult::Failed { paths, error } => {
                let too_long = error == ConditionError::ValueTooLarge;
                let failure = if too_long { RuleFailure::TooLong } else { RuleFailure::Invalid };
                ConditionResult::Failed(all(&paths).into_iter().map(|at| (at, failure)).collect(), Some(error))
            }
        }
    }

    /// Logs that a condition cannot be evaluated, and marks the fields if the rule checks by it.
    fn not_evaluated(&mut self, at: usize, rule: &Rule, marks: &Marks, error: Option<&ConditionError>) -> Applies {
        let form = self.submission.form;
        let marked: Vec<_> = marks.iter().filter_map(|(field, why)| Some((form.0.get(*field)?, why))).collect();
        let names: Vec<_> = marked.iter().map(|(field, _)| field.name.as_str()).collect();
        let (fields, attribute) = (names.join(", "), rule.attribute.as_ref().map(AttributeName::as_str));
        let fields = Some(fields).filter(|fields| !fields.is_empty());
        if let Some(error) = error {
            // The condition itself is not shown: it may name somebody's address.
            tracing::warn!(event = "condition-failed", rule = at, attribute, fields, error = %error);
        }
        if !rule.checks_by_condition() {
            // Nobody knows which of too many attributes counts, so the rule applies to all of them.
            return if error.is_some() { Applies::NotEvaluated } else { Applies::Yes };
        }
        if marked.is_empty() {
            self.checked.page_error.get_or_insert_with(|| RuleFailure::Whole.built_in().to_owned());
        }
        for (field, why) in marked {
            self.mark(&field.name, why.built_in());
        }
        Applies::CheckNotEvaluated
    }

    /// The groups of attributes that are at the same path of the condition.
    fn groups(&self, condition: &Condition) -> Vec<Vec<usize>> {
        let form = &self.submission.form.0;
        // A path to all attributes names none of them.
        let named = |path: &Path| form.iter().enumerate().filter(|(_, field)| is_at(&field.name, path)).count();
        let paths = condition.paths();
        let of_one = paths.iter().filter(|path| match path.as_slice() {
            [_] => false,
            [_, ext] => ext != "ext",
            _ => true,
        });
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for path in of_one.filter(|path| named(path) > 1) {
            let group = form.iter().enumerate().filter(|(_, field)| is_at(&field.name, path)).map(|(at, _)| at);
            groups.push(group.collect());
        }
        groups.sort();
        groups.dedup();
        groups
    }

    /// Shows the condition one attribute of each group. Returns the others.
    fn show(&mut self, groups: &[Vec<usize>], way: usize) -> Vec<usize> {
        let (mut rest, mut hidden) = (way, Vec::new());
        for group in groups {
            let shown = group.get(rest % group.len()).copied();
            rest /= group.len();
            hidden.extend(group.iter().copied().filter(|at| Some(*at) != shown));
            let Some((at, field)) = shown.and_then(|at| Some((at, self.submission.form.0.get(at)?))) else { continue };
            let field = FormField { value: self.values.get(at).cloned().flatten(), ..field.clone() };
            if let Some(context) = &mut self.context {
                self.submission.facts.put(context, &field);
            }
        }
        hidden
    }

    fn is_empty(&self, at: usize) -> bool {
        self.values.get(at).and_then(Option::as_ref).is_none_or(AttributeValue::is_empty)
    }

    /// Whether a rule that applies to the values as they are now requires the field.
    fn is_required(&self, at: usize) -> bool {
        if let Some(known) = self.required.borrow().get(&at) {
            return *known;
        }
        let Some(field) = self.submission.form.0.get(at) else { return false };
        let for_it = |rule: &&Rule| rule.attribute.as_ref().is_some_and(|name| name.is(field.name.as_str()));
        let holds = |rule: &Rule| match (&rule.when, &self.context) {
            // With attributes of the same name the rule counts as one that applies.
            (Some(condition), Some(context)) if !self.same_names => {
                condition.evaluate(context.json()).unwrap_or_default()
            }
            _ => true,
        };
        let mut rules = self.rules.iter().filter(for_it);
        let required = rules.any(|rule| rule.checks.required != Required::No && holds(rule));
        self.required.borrow_mut().insert(at, required);
        required
    }
}
