//! What is answered when no decision can be made. Whether the person is stopped then is for the caller to say.

use super::{Decision, DecisionServices};
use crate::entra::event::{EventKind, SignUpEvent};
use crate::signup::answer::emptied_code;
use crate::signup::decision::{StartDecision, SubmitDecision};
use crate::signup::messages::{MessageContext, key};
use crate::signup::policy::Mode;
use crate::values::{App, AttributeValues, CorrelationId};

/// What is known of a sign-up that may have to be answered without a decision. Nothing, until the event is read.
#[derive(Debug, Default)]
pub(crate) struct UndecidedSignUp {
    /// What ties the events of the sign-up together.
    pub correlation_id: Option<CorrelationId>,
    /// The app the person signs up to.
    pub app: App,
    locale: String,
    /// The field of a code, emptied: no code is stored with an account, whatever happens.
    emptied_code: AttributeValues,
}

impl UndecidedSignUp {
    /// The code that the page shows; empty if the event has no correlation id.
    #[must_use]
    pub(crate) fn support_code(&self) -> String {
        self.correlation_id.as_ref().map(CorrelationId::support_code).unwrap_or_default()
    }

    /// The sign-up goes on, without a code in its field.
    #[must_use]
    pub(crate) fn go_on(&self, kind: EventKind) -> Decision {
        match kind {
            EventKind::Start => Decision::Start(StartDecision::Continue),
            EventKind::Submit => Decision::Submit(SubmitDecision::with_values(self.emptied_code.clone())),
        }
    }
}

impl DecisionServices {
    /// What has to be known of an event if no decision about it comes.
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

    /// Whether the sign-up is under a policy that only reports, and so stops nobody. Which policy it is under is known
    /// once its app is.
    #[must_use]
    pub(crate) fn only_reports(&self, sign_up: &UndecidedSignUp) -> bool {
        let policy = sign_up.app.id.as_ref().and_then(|_| self.sign_up.policy_for(&sign_up.app));
        policy.is_some_and(|policy| policy.mode == Mode::Report)
    }

    /// A page that asks the person to try again later.
    #[must_use]
    pub(crate) fn try_later(&self, kind: EventKind, sign_up: &UndecidedSignUp) -> Decision {
        let support_code = sign_up.support_code();
        let (locale, app) = (&sign_up.locale, &sign_up.app);
        let context = MessageContext { locale, email: None, app, support_code: &support_code };
        let page = self.sign_up.messages.page(key::TRY_LATER, context);
        match kind {
            EventKind::Start => Decision::Start(StartDecision::Refuse(page)),
            EventKind::Submit => Decision::Submit(SubmitDecision::Refuse(page)),
        }
    }
}
