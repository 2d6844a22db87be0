//! A whole sign-up, as the person sees it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Entra;
use super::answer::Action;
use super::call::Exchange;
use super::error::ExtensionError;
use super::event::Event;
use super::event_body::SignUp;
use super::form::{Edit, Form};
use crate::tenant::Account;

/// How a sign-up ended for the person.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// They saw a block page.
    Blocked {
        /// The title of the page.
        title: Option<String>,
        /// The text on the page.
        message: Option<String>,
    },
    /// They saw the page "Something went wrong".
    Failed(ExtensionError),
    /// They saw the form with errors, and did not correct them.
    Rejected {
        /// The text above the form.
        message: String,
        /// The text beside each field.
        attribute_errors: BTreeMap<String, String>,
    },
    /// Their account was created.
    Created {
        /// The account's object id.
        object_id: String,
    },
}

/// The calls and the outcome of a sign-up.
#[derive(Clone, Debug)]
pub struct Flow {
    /// The call before the form.
    pub start: Exchange,
    /// The form as it was first shown; `None` if it was not shown.
    pub shown: Option<Form>,
    /// The calls each time the form was sent.
    pub submits: Vec<Exchange>,
    /// How the sign-up ended.
    pub outcome: Outcome,
}

impl Entra {
    /// Plays a sign-up: Start; the form, filled in with one of `edits` each time it is shown; Submit; and on success
    /// the account in the directory, with its audit record.
    pub async fn sign_up(&self, mut sign_up: SignUp, edits: Vec<Edit>) -> Flow {
        let start = self.call_for(&sign_up.form, Event::Start, sign_up.start()).await;
        let ended = match &start.result {
            Err(error) => Some(Outcome::Failed(error.clone())),
            Ok(accepted) => match &accepted.action {
                Action::Block { title, message } => Some(blocked(title.clone(), message.clone())),
                Action::Prefill(values) => {
                    sign_up.form.fill(values);
                    None
                }
                _ => None,
            },
        };
        if let Some(outcome) = ended {
            let (shown, submits) = (None, Vec::new());
            return Flow { start, shown, submits, outcome };
        }
        let shown = Some(sign_up.form.clone());
        let (submits, outcome) = self.submit(sign_up, edits).await;
        Flow { start, shown, submits, outcome }
    }

    async fn submit(&self, mut sign_up: SignUp, edits: Vec<Edit>) -> (Vec<Exchange>, Outcome) {
        let mut submits = Vec::new();
        let mut edits = edits.into_iter();
        let mut edit = edits.next();
        loop {
            let changes: Map<String, Value> = edit.take().into_iter().flatten().collect();
            sign_up.form.fill(&changes);
            let submit = self.call_for(&sign_up.form, Event::Submit, sign_up.submit()).await;
            let result = submit.result.clone();
            submits.push(submit);
            let outcome = match result.map(|accepted| accepted.action) {
                Err(error) => Outcome::Failed(error),
                Ok(Action::Block { title, message }) => blocked(title, message),
                Ok(Action::ValidationError { message, attribute_errors }) => {
                    edit = edits.next();
                    if edit.is_some() {
                        continue;
                    }
                    Outcome::Rejected { message, attribute_errors }
                }
                Ok(Action::Modify(values)) => {
                    sign_up.form.fill(&values);
                    self.create(&sign_up)
                }
                Ok(_) => self.create(&sign_up),
            };
            return (submits, outcome);
        }
    }

    /// Creates the account. Empty fields are not stored.
    fn create(&self, sign_up: &SignUp) -> Outcome {
        let mut account = Account::signed_up(sign_up.person.sign_in());
        for field in &sign_up.form.fields {
            if field.value != "" {
                account = account.with(&field.name, field.value.clone());
            }
        }
        let object_id = self.tenant.directory.add(account);
        Outcome::Created { object_id }
    }
}

fn blocked(title: Option<String>, message: Option<String>) -> Outcome {
    Outcome::Blocked { title, message }
}
