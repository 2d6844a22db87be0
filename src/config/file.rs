//! The list of the sections of `guestlist.toml`. Each section has a file of its own, with its keys, their defaults and
//! their meaning.

use super::accounts::AccountsSection;
use super::connectors::ConnectorSection;
use super::engine::{Limit, TextFormat, section};
use super::expectations::TestSection;
use super::graph::GraphSection;
use super::hooks::HooksSection;
use super::invites::InvitesSection;
use super::lookups::LookupSection;
use super::messages::Texts;
use super::policies::PolicySection;
use super::state::StateSection;
use super::telemetry::TelemetrySection;
use super::tenant::TenantSection;

section! {
    /// The sections of the file. What is not required has defaults, or belongs to something that is off without it.
    struct File {
        /// The external tenant whose sign-ups are decided.
        tenant: Option<TenantSection> => None,
        /// Who may call the hooks, how long they may take, and what they answer when nothing can be decided.
        hooks: Option<HooksSection> => None,
        /// The lists of invitations, in the order in which they are asked. The first valid invitation counts.
        invites: Vec<InvitesSection> = Vec::new(),
        /// Values asked from outside while a form is filled in, for the policies that name them.
        lookups: Vec<LookupSection> = Vec::new(),
        /// Who may sign up to which app, and what the form asks. The first policy whose `apps` match decides; without
        /// one, nobody is let in.
        policies: Vec<PolicySection> = Vec::new(),
        /// The texts that people see, by locale (`en`, `de-AT`) and key. A text is looked for in the person's locale,
        /// then in the language (`de-AT`, then `de`), then in `en`; `guestlist check` warns of a language that lacks a text
        /// which another one has. It is a template in which `email`, `app.name`,
        /// `app.id` and `support_code` can be used, and is cut after 500 characters.
        /// Keys: locale
        /// Keys: key
        messages: Texts = Texts::default(),
        /// The app registration with which new accounts are found and changed. Without it there are no connectors,
        /// and the timer answers that it cannot run.
        graph: Option<GraphSection> = None,
        /// Where it is remembered which accounts have been found, and how far each one is.
        state: StateSection = StateSection::default(),
        /// How the timer finds new accounts and takes them through the connectors.
        accounts: AccountsSection = AccountsSection::default(),
        /// Tests of the policies, which `guestlist check` runs.
        tests: Vec<TestSection> = Vec::new(),
        /// The outside systems that every new account is taken to, in this order if `after` does not say otherwise.
        connectors: Vec<ConnectorSection> = Vec::new(),
        /// What the logs say, and how much.
        telemetry: TelemetrySection = TelemetrySection::default(),
    }
    limits { messages: Limit::Keys(TextFormat::Locale) }
}
