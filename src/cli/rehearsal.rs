//! Rehearses a sign-up without Entra: makes the events that Entra would send, and lets the code of the hooks decide.
//! `explain` and the configuration's own tests use it.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use crate::clock::Clock;
use crate::config::Config;
use crate::decisions::{
    self, ActionKind, Decision, DecisionContext, DecisionError, DecisionRecord, DecisionServices, GuessLimit, Reason,
    SharedState,
};
use crate::entra::event::SignUpEvent;
use crate::invites::{Invites, columns};
use crate::lookups::Lookups;
use crate::signup::decision::StartDecision;
use crate::signup::identity::EmailSource;
use crate::signup::policy::{Policy, SignUpSettings};
use crate::signup::trace::Step;
use crate::values::{
    App, AttributeName, AttributeTypes, AttributeValue, AttributeValues, Client, CorrelationId, Deadline, Form,
    FormField, Identity,
};

/// How long a decision may take here, where nobody waits on a page.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// The services for decisions outside of the hooks.
pub(super) fn services(
    sign_up: SignUpSettings,
    invites: Invites,
    lookups: Lookups,
    state: SharedState,
    clock: Arc<dyn Clock>,
) -> DecisionServices {
    DecisionServices { sign_up, invites, lookups, state, guess_limit: GuessLimit::default(), clock }
}

/// The person who signs up, and what they do.
#[derive(Debug, Clone)]
pub(super) struct Person {
    /// Their address as it is written, if they have one.
    pub(super) email: Option<String>,
    /// The place of the address in the event.
    pub(super) source: EmailSource,
    /// The app they sign up to.
    pub(super) app: App,
    /// Where they are: network address, locale, market.
    pub(super) client: Client,
    /// What they fill in. It replaces what the form is filled with.
    pub(super) attributes: AttributeValues,
    /// What they type as a code.
    pub(super) code: Option<String>,
    /// The attributes of the form beside those that the policy names.
    pub(super) fields: Vec<AttributeName>,
}

/// The attributes that the columns of lists and the look-ups can fill.
pub(super) fn prefilled_attributes(config: &Config) -> Vec<AttributeName> {
    let columns = config.invites.iter().filter_map(|source| source.columns()).flatten();
    let by_lists = columns.filter_map(|column| columns::attribute(column, config.extension_app.as_ref()));
    let by_lookups = config.lookups.iter().flat_map(|lookup| lookup.prefill.iter().map(|(name, _)| name.clone()));
    by_lists.chain(by_lookups).collect()
}

/// The result of one hook.
#[derive(Debug)]
pub(super) struct HookResult {
    /// The decision, and why.
    pub(super) decided: DecisionRecord,
    /// The steps that led to it.
    pub(super) steps: Vec<Step>,
    /// The code that a page would show.
    pub(super) support_code: String,
}

/// The outcome of a hook for the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PersonOutcome {
    /// They are shown a page that ends the sign-up.
    Refused,
    /// They are shown the form again, with what is wrong.
    Rejected,
    /// They see the form and have to give a valid code with it.
    NeedsCode,
    /// They may go on.
    Admitted,
}

impl HookResult {
    /// The outcome for the person. Under a policy that only reports: the outcome that would have been.
    pub(super) fn outcome(&self) -> PersonOutcome {
        let DecisionRecord { decision, reason, reported, .. } = &self.decided;
        match reported.unwrap_or(decision.action()) {
            ActionKind::Refuse => PersonOutcome::Refused,
            ActionKind::Reject => PersonOutcome::Rejected,
            _ if *reason == Reason::NeedsCode => PersonOutcome::NeedsCode,
            ActionKind::Continue | ActionKind::Prefill | ActionKind::Modify => PersonOutcome::Admitted,
        }
    }
}

/// The results of a rehearsed sign-up.
#[derive(Debug)]
pub(super) struct Rehearsal {
    /// The result of Start.
    pub(super) start: HookResult,
    /// The result of Submit, if the form was to be sent and Start let the person see it.
    pub(super) submit: Option<HookResult>,
}

impl Rehearsal {
    /// The result of the hook that was called last.
    pub(super) fn last(&self) -> &HookResult {
        self.submit.as_ref().unwrap_or(&self.start)
    }
}

impl Person {
    /// Rehearses the sign-up: Start, and the form if `sends` and Start let them see it.
    pub(super) async fn rehearse(
        &self,
        services: &DecisionServices,
        now: DateTime<Utc>,
        sends_form: bool,
    ) -> Result<Rehearsal, DecisionError> {
        let policy = services.sign_up.policy_for(&self.app);
        let (id, event) = (correlation_id(), self.start_event());
        let start =
            run_hook(services, SignUpEvent { correlation_id: id.clone(), ..event }, now, decisions::start).await?;
        let form_is_shown = !matches!(start.decided.decision, Decision::Start(StartDecision::Refuse(_)));
        let submit = if sends_form && form_is_shown {
            let event = self.submit_event(policy, &start.decided.decision);
            let event = SignUpEvent { correlation_id: id, ..event };
            Some(run_hook(services, event, now, decisions::submit).await?)
        } else {
            None
        };
        Ok(Rehearsal { start, submit })
    }

    fn start_event(&self) -> SignUpEvent {
        let email = self.email.clone().unwrap_or_default();
        let identity = match &self.source {
            EmailSource::Identity if self.email.is_some() => {
                identity("emailAddress", "contoso.onmicrosoft.com", &email)
            }
            EmailSource::FederatedId if self.email.is_some() => {
                identity("federated", "https://idp.example.com", &email)
            }
            _ => identity("federated", "https://idp.example.com", "0f1e2d3c"),
        };
        // Start lists what Entra knows of the person, not what the form asks.
        let mut form = Form::default();
        if let (EmailSource::Attribute(name), Some(email)) = (&self.source, &self.email) {
            fill(&mut form, name, &AttributeValue::String(email.clone()), &AttributeTypes::default());
        }
        self.event(vec![identity], form)
    }

    /// A submitted form has no identities. It has the address as the attribute `email` if Entra has verified it. It
    /// begins with what Start filled in; what the person fills in replaces that.
    fn submit_event(&self, policy: Option<&Policy>, start: &Decision) -> SignUpEvent {
        let mut form = self.empty_form(policy);
        let types = policy.map(|policy| policy.types.clone()).unwrap_or_default();
        if let Decision::Start(StartDecision::Prefill(values)) = start {
            for (name, value) in values {
                fill(&mut form, name, value, &types);
            }
        }
        let address_attribute = match &self.source {
            EmailSource::Identity => Some(AttributeName::new("email")),
            EmailSource::Attribute(name) => Some(name.clone()),
            EmailSource::FederatedId => None,
        };
        if let (Some(address_attribute), Some(email)) = (&address_attribute, &self.email) {
            fill(&mut form, address_attribute, &AttributeValue::String(email.clone()), &types);
        }
        for (name, value) in &self.attributes {
            fill(&mut form, name, value, &types);
        }
        let field = policy.and_then(|policy| policy.invitation_code.as_ref());
        if let (Some(field), Some(code)) = (field, &self.code) {
            fill(&mut form, field, &AttributeValue::String(code.clone()), &types);
        }
        self.event(Vec::new(), form)
    }

    /// The empty form, with every attribute that the policy names or that something fills in.
    fn empty_form(&self, policy: Option<&Policy>) -> Form {
        let mut form = Form(Vec::new());
        let Some(policy) = policy else { return form };
        let of_rules = policy.rules.iter().filter_map(|rule| rule.attribute.as_ref());
        let of_prefill = policy.prefill.iter().map(|(name, _)| name);
        let named = of_rules.chain(of_prefill).chain(&policy.invitation_code).chain(&policy.multi_select);
        for name in named.chain(&self.fields) {
            if form.field(name.as_str()).is_none() {
                let attribute_type = policy.types.of(name.as_str());
                form.0.push(FormField { name: name.clone(), attribute_type, value: None });
            }
        }
        form
    }

    fn event(&self, identities: Vec<Identity>, form: Form) -> SignUpEvent {
        let (app, client) = (self.app.clone(), self.client.clone());
        SignUpEvent { correlation_id: None, app, client, identities, form }
    }
}

/// The same for all rehearsals, so that a test can expect a text with the support code in it.
fn correlation_id() -> Option<CorrelationId> {
    "00000000-0000-4000-8000-000000000001".parse().ok()
}

fn identity(sign_in_type: &str, issuer: &str, id: &str) -> Identity {
    Identity { sign_in_type: sign_in_type.into(), issuer: issuer.into(), issuer_assigned_id: id.into() }
}

/// Puts a value into the form, in the declared type of its attribute if it has one, else in its own type.
fn fill(form: &mut Form, name: &AttributeName, value: &AttributeValue, types: &AttributeTypes) {
    form.0.retain(|field| !field.name.is(name.as_str()));
    let attribute_type = types.declared(name.as_str()).unwrap_or_else(|| value.attribute_type());
    let value = Some(value.convert(attribute_type).unwrap_or_else(|| value.clone()));
    form.0.push(FormField { name: name.clone(), attribute_type, value });
}

async fn run_hook(
    services: &DecisionServices,
    event: SignUpEvent,
    now: DateTime<Utc>,
    decide: impl AsyncFnOnce(&DecisionServices, &mut DecisionContext<'_>) -> Result<DecisionRecord, DecisionError>,
) -> Result<HookResult, DecisionError> {
    let started = Instant::now();
    let deadline = Deadline::new(started.into_std(), TIME_LIMIT);
    let support_code = event.correlation_id.as_ref().map(CorrelationId::support_code).unwrap_or_default();
    let mut context = DecisionContext::new(&event, now, deadline).with_trace(started);
    let decided = decide(services, &mut context).await?;
    Ok(HookResult { decided, steps: context.steps().to_vec(), support_code })
}
