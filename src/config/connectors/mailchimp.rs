//! `kind = "mailchimp"`: its own keys and their meaning.

use std::collections::BTreeMap;

use super::expressions::ConnectorExpressions;
use super::kind::{ConnectorKeys, ConnectorKindSection};
use crate::config::checks::endpoint;
use crate::config::engine::{Diagnostics, Spanned, built_in, choice, section};
use crate::config::environment::Environment;
use crate::config::secrets::SecretRef;
use crate::connectors::ConnectorBuilder;
use crate::connectors::mailchimp::{Settings, StatusIfNew};

/// An id that no audience has, for further checks where the id is missing.
const PLACEHOLDER_LIST: &str = "0000000000";

section! {
    /// Makes the account a member of an audience of Mailchimp, or updates the member. Somebody who has unsubscribed
    /// stays so.
    struct MailchimpSection {
        /// The API key. Its end (`-us21`) names the data centre that is called.
        /// Example: `{ env = "MAILCHIMP_API_KEY" }`
        api_key: SecretRef => SecretRef::unknown(),
        /// The id of the audience, as its settings show it.
        /// Example: `"a1b2c3d4e5"`
        list: Spanned<String> as Audience => built_in(PLACEHOLDER_LIST.to_owned()),
        /// Another address of the API, for tests.
        /// Default: that of the key's data centre
        base_url: Option<Spanned<String>> as Url = None,
        /// What somebody becomes who is not a member yet. It never changes what a member is.
        status_if_new: StatusIfNew = StatusIfNew::default(),
        /// The values of the merge fields, by tag. `user`, `invite` and `results` can be used; what renders empty is
        /// left out.
        /// Keys: tag
        /// Example: `{ FNAME = "{{ user.givenName }}", LNAME = "{{ user.surname }}" }`
        merge_fields: BTreeMap<String, Spanned<String>> as Template = BTreeMap::new(),
        /// Says that everybody who signs up has given consent, so that `when` is not needed.
        consent: Option<Consent> = None,
    }
    shared {
        /// Example: `"news"`
        name,
        /// Who has given consent: the connector runs for the accounts for which this is true. `user`, `invite` and
        /// `results` can be used. Required, unless `consent` is there.
        /// Example: `"user.ext.Newsletter"`
        when before consent,
    }
    one_of { when, consent }
}

choice!(StatusIfNew {
    /// Mailchimp asks the person for a confirmation first.
    "pending" => Self::Pending,
    /// Receives campaigns at once: only with consent.
    "subscribed" => Self::Subscribed,
    /// Receives transactional mail only.
    "transactional" => Self::Transactional,
    /// Is known, and receives nothing.
    "unsubscribed" => Self::Unsubscribed,
});

/// `consent`: a mailing list asks for it; `all` says that everybody gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) struct Consent;
choice!(Consent {
    /// Everybody has given it.
    "all" => Self,
});

impl ConnectorKindSection for MailchimpSection {
    fn builder(
        &self,
        keys: &ConnectorKeys,
        expressions: &mut ConnectorExpressions<'_>,
        environment: &Environment,
        diagnostics: &mut Diagnostics,
    ) -> Option<Box<dyn ConnectorBuilder>> {
        let id = |byte: u8| byte.is_ascii_alphanumeric();
        if self.list.value.is_empty() || !self.list.value.bytes().all(id) {
            diagnostics.error_at("list", &self.list.origin, "expected an audience's id, such as a1b2c3d4e5");
        }
        let unsaid = keys.when.is_none() && self.consent.is_none();
        if unsaid && !diagnostics.is_wrong("when") && !diagnostics.is_wrong("consent") {
            let message = "a mailing list asks for consent: say `when` somebody gave it, or consent = \"all\"";
            diagnostics.error(&keys.name.origin, message);
        }
        let base_url = self.base_url.as_ref().map(|url| endpoint(url, "base_url", diagnostics));
        let merge_fields = expressions.templates("merge_fields", &self.merge_fields, diagnostics);
        Some(Box::new(Settings {
            name: keys.name.value.clone(),
            api_key: diagnostics.within("api_key", |diagnostics| self.api_key.resolve(environment, diagnostics)),
            list: self.list.value.clone(),
            base_url: base_url.map_or(Some(None), |url| url.map(Some))?,
            status_if_new: self.status_if_new,
            merge_fields,
        }))
    }
}
