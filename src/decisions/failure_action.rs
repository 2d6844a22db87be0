//! The answers for the case that no decision can be made. The caller chooses whether the person is stopped.

use super::{Decision, DecisionServices};
use crate::entra::event::{EventKind, SignUpEvent};
use crate::signup::answer::emptied_code;
use crate::signup::decision::{StartDecision, SubmitDecision};
use crate::signup::messages::{MessageContext, key};
use crate::signup::policy::Mode;
use crate::values::{App, AttributeValues, CorrelationId};

/// The parts of a sign-up that an answer without a decision needs. All are empty until the event is read.
#[derive(Debug, Default)]
pub(crate) struct UndecidedSignUp {
    /// The id that all events of the sign-up share.
    pub correlation_id: Option<CorrelationId>,
    /// The app the person signs up to.
    pub app: App,
    locale: String,
    /// The code's field with an empty value: no code is stored with an account, whatever happens.
    emptied_code: AttributeValues,
}

impl UndecidedSignUp {
    /// The decision with which the sign-up goes on. It empties the code's field.
    #[must_use]
    pub(crate) fn continue_sign_up(&self, kind: EventKind) -> Decision {
        match kind {
            EventKind::Start => Decision::Start(StartDecision::Continue),
            EventKind::Submit => Decision::Submit(SubmitDecision::with_values(self.emptied_code.clone())),
        }
    }
}

impl DecisionServices {
    /// The parts of an event that an answer without a decision needs.
    #[must_use]
    pub(crate) fn undecided(&self, event: &SignUpEvent) -> UndecidedSignUp {
        let policy = self.sign_up.policy_for(&event.app);
        UndecidedSignUp {
            correlation_id: event.correlation_id.clone(),
            app: event.app.clone(),
            locale: event.client.locale.clone(),
            emptied_code: policy.map(|policy| emptied_code(policy, &event.form)).unwrap_or_default(),
        }
    }

    /// Whether the policy for the sign-up only reports, and so stops nobody. The policy is known only if the app is.
    #[must_use]
    pub(crate) fn only_reports(&self, sign_up: &UndecidedSignUp) -> bool {
        let policy = sign_up.app.id.as_ref().and_then(|_| self.sign_up.policy_for(&sign_up.app));
        policy.is_some_and(|policy| policy.mode == Mode::Report)
    }

    /// The decision that shows a page and asks the person to try again later.
    #[must_use]
    pub(crate) fn try_later(&self, kind: EventKind, sign_up: &UndecidedSignUp) -> Decision {
        let UndecidedSignUp { correlation_id, app, locale, .. } = sign_up;
        let context = MessageContext { locale, email: None, app, correlation_id: correlation_id.as_ref() };
        let page = self.sign_up.messages.page(key::TRY_LATER, context);
        match kind {
            EventKind::Start => Decision::Start(StartDecision::Refuse(page)),
            EventKind::Submit => Decision::Submit(SubmitDecision::Refuse(page)),
        }
    }
}
