//! The keys of `[[policies]]`.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::rules::RuleSection;
use crate::config::engine::{Limit, Spanned, TextFormat, built_in, choice, section, unnamed};
use crate::config::scalar::Scalar;
use crate::signup::email_source::EmailSource;
use crate::signup::policy::{Gate, Mode, NoAddress};
use crate::values::EmailMatch;

/// The most rules of a policy.
pub(super) const MAX_RULES: usize = 256;

/// The values of `max_text`, in bytes.
pub(super) const MAX_TEXT: RangeInclusive<usize> = 64..=65536;

section! {
    /// Who may sign up to some apps, or to all, and what the form shows and accepts. The order of the decision is
    /// fixed: `gate = "closed"`, an exact invitation or address in `allow`, an exact address in `deny`, the longest
    /// domain of invitations, `allow` and `deny`, disposable domains, and at last `gate`; where there is an
    /// `invitation_code`, whom `gate` would refuse needs a code instead.
    struct PolicySection {
        /// The name of the policy, in logs, in `guestlist explain` and in the names of app settings. No two have the
        /// same.
        /// Example: `"default"`
        name: Spanned<String> as NotBlank => unnamed(),
        /// The application ids of the apps that the policy is for; none: every app, so that no policy after this one
        /// decides.
        apps: Vec<Spanned<String>> as Guid = Vec::new(),
        /// What happens to an address that neither an invitation nor `allow` nor `deny` names.
        gate: Gate => Gate::Closed,
        /// Addresses and domains that are let in without an invitation. A public suffix such as `@co.uk` is an error; a public
        /// mail provider such as `@gmail.com`, where everybody can have an address, is a warning.
        /// Example: `["@contoso.com", "@*.contoso.com", "ceo@fabrikam.com"]`
        allow: Vec<Spanned<String>> as AddressRule = Vec::new(),
        /// Addresses and domains that are refused. An exact address is refused with any `+tag`; of two domains of the
        /// same length, the denied one wins.
        /// Example: `["@mailinator.com"]`
        deny: Vec<Spanned<String>> as AddressRule = Vec::new(),
        /// Refuses addresses at domains of disposable mail services, unless an invitation or `allow` names the address or
        /// its domain.
        deny_disposable: bool = false,
        /// Whether the policy's decisions count. With `"report"` they are made and logged, and everybody goes on.
        mode: Mode = Mode::Enforce,
        /// What happens to a person for whom no source says an address: `"refuse"` at Start, or `"code"`, which shows them
        /// the form and asks for a code. `"code"` needs `invitation_code`.
        no_address: Spanned<NoAddress> = built_in(NoAddress::Refuse),
        /// How invitations and `allow` are compared with the address. `deny` always goes by the widest form.
        email_match: EmailMatch = EmailMatch::Exact,
        /// Where the person's address is looked for; the first source that says one decides. `"identity"`: what Entra
        /// verified. `"attribute:email"`, `"attribute:ext.IdpEmail"`: an attribute that the identity provider's claim is
        /// mapped to. `"federated-id"`: the provider's own id of the person, if it has an @. What the person may have
        /// edited on the form never admits.
        email_sources: Vec<Spanned<String>> as EmailSource = usual_sources(),
        /// The form's field for an invitation code. Whom nothing admits or denies is then shown the form and needs a code.
        /// The field is emptied before the account is made.
        invitation_code: Option<Spanned<String>> as Attribute = None,
        /// Shows the text `not-invited` for every refusal, so that nobody learns from it who is on a list.
        uniform_refusals: bool = false,
        /// Attributes that hold several choices, as the directory does: in one text with commas between. Rules check each
        /// choice, conditions see a list.
        multi_select: Vec<Spanned<String>> as Attribute = Vec::new(),
        /// The `[[lookups]]` whose answers fill the form, by name; an earlier one wins.
        lookups: Vec<Spanned<String>> = Vec::new(),
        /// What the form shows to begin with, by attribute: a text, a whole number, or true or false. A text is a
        /// template in which `invite`, `email` and `app` can be used. These values win over the columns of the invite
        /// list.
        /// Keys: attribute
        /// Example: `{ country = "AU", displayName = "{{ invite.name }}" }`
        prefill: BTreeMap<String, Spanned<Scalar>> = BTreeMap::new(),
        /// The longest text that a field of the form may hold, from 64 to 65536 bytes (UTF-8); of a list, all its texts
        /// together. Entra's own attributes have Entra's limits as well: `givenName`, `surname` 64 characters, `postalCode`
        /// 40, `city`, `country`, `jobTitle`, `state` 128, `displayName` 256, `streetAddress` 1024. A list, or a text with
        /// several choices, has 256 of them at most. What is longer is an error at its field, with the text
        /// `field-too-long`, before any rule runs.
        max_text: Spanned<usize> = built_in(4096),
        /// What is tidied and checked when the form comes back, one rule after the other. All rules of a policy together
        /// may take 20 ms over the worst form that there can be, by an estimate that `guestlist check` makes; there are at
        /// most 256 of them, with 16 steps of `normalise` for one attribute.
        rules: Vec<RuleSection> = Vec::new(),
    }
    limits {
        email_sources: Limit::AtLeast(1),
        email_sources: Limit::Unique,
        lookups: Limit::Unique,
        prefill: Limit::Keys(TextFormat::Attribute),
        max_text: MAX_TEXT,
        rules: Limit::AtMost(MAX_RULES),
    }
}

choice!(Gate {
    /// It is refused.
    "invite-only" => Self::InviteOnly,
    /// It is let in.
    "open" => Self::Open,
    /// Everybody is refused, invited or not.
    "closed" => Self::Closed,
});

choice!(Mode {
    /// What is decided is answered.
    "enforce" => Self::Enforce,
    /// What is decided is logged, and everybody goes on.
    "report" => Self::Report,
});

choice!(NoAddress {
    /// The person is refused.
    "refuse" => Self::Refuse,
    /// The person sees the form and needs a code.
    "code" => Self::Code,
});

choice!(EmailMatch {
    /// Two addresses are the same if their compared forms are.
    "exact" => Self::Exact,
    /// What follows `+`, `=` or `#` before the `@` does not count.
    "ignore-tag" => Self::IgnoreTag,
    /// Nor do dots at Gmail, whose two domains are one.
    "ignore-tag-and-dots" => Self::IgnoreTagAndDots,
});

/// `email_sources` where the file says none.
fn usual_sources() -> Vec<Spanned<String>> {
    EmailSource::usual().iter().map(|source| built_in(source.to_string())).collect()
}
