//! The keys of `[[tests]]`.

use std::collections::BTreeMap;

use crate::config::engine::{Limit, Spanned, TextFormat, built_in, choice, section, unnamed};
use crate::config::scalar::Scalar;

section! {
    /// Each entry is a test of the policies: a sign-up in short form, and what is expected to come of it. `guestlist check`
    /// runs them all and shows what differs. A test asks nobody outside: look-ups find nothing in it, and codes are not
    /// used up. The form is sent only after Start has let the person see it, as in a real sign-up.
    struct TestSection {
        /// What the test says, such as "an uninvited person sees the page".
        name: Spanned<String> as NotBlank => unnamed(),
        /// Which event is looked at: `"start"`, before the form is shown, or `"submit"`, when it comes back.
        hook: TestHook = TestHook::Start,
        /// The sign-up.
        given: GivenSection = GivenSection::default(),
        /// What is expected to come of it.
        expect: ExpectSection => ExpectSection::default(),
    }
}

section! {
    /// The sign-up in short form.
    struct GivenSection: Default {
        /// The person's address. Without it they have none.
        /// Example: "jo@contoso.com"
        email: Option<String> = None,
        /// Where the address comes from: one of `email_sources`. With `"identity"` Entra has verified it.
        email_source: Spanned<String> as EmailSource = built_in("identity".to_owned()),
        /// The application's id. Without it, only a policy without `apps` matches.
        app: Option<Spanned<String>> as Guid = None,
        /// The application's name, as texts may say it.
        app_name: String = "the app".to_owned(),
        /// The person's locale.
        /// Example: "de-AT"
        locale: String = "en-us".to_owned(),
        /// The person's network address.
        ip: Option<Spanned<String>> as NetworkAddress = None,
        /// What the person has filled in. The form begins with what Start has filled in, over which this goes; it also has
        /// every other attribute that the policy names, listed and left empty.
        /// Keys: attribute
        /// Example: { country = "AU", postalCode = "2000" }
        attributes: BTreeMap<String, Spanned<Scalar>> = BTreeMap::new(),
        /// What the person typed as a code: one that is good, one that nobody knows, and so on. Real codes are secrets and
        /// do not belong into this file.
        code: Option<TestCode> = None,
        /// The one invitation there is in this test, by the columns of an invite list; `email` is the person's if it is
        /// left out. Without this key the real lists are asked. It also says what a `code` stands for.
        /// Keys: column
        /// Example: { tags = "beta;press", jobTitle = "Editor" }
        invitation: Option<Spanned<BTreeMap<String, String>>> = None,
        /// Whether the lists are empty in this test.
        no_invitations: bool = false,
        /// When it happens: a date (its first moment, UTC) or RFC 3339. Without it, now.
        /// Example: "2026-11-21"
        at: Option<Spanned<String>> = None,
    }
    limits { attributes: Limit::Keys(TextFormat::Attribute) }
}

section! {
    /// What is expected. All but `action` can be left out; what is left out may be anything.
    struct ExpectSection: Default {
        /// The action.
        action: TestAction => TestAction::Continue,
        /// The reason, as the log names it.
        /// Example: "not-invited"
        reason: Option<Spanned<String>> as Reason = None,
        /// Under a policy that only reports: the action that would have been taken.
        reported: Option<TestAction> = None,
        /// The heading of the page.
        title: Option<String> = None,
        /// The text of the page, or the one above the form.
        message: Option<String> = None,
        /// The text at each field; there must be no others.
        /// Keys: attribute
        errors: Option<BTreeMap<String, Spanned<String>>> = None,
        /// Values that the form is filled with, or that are changed; others may be there.
        /// Keys: attribute
        values: BTreeMap<String, Spanned<Scalar>> = BTreeMap::new(),
    }
    limits { errors: Limit::Keys(TextFormat::Attribute), values: Limit::Keys(TextFormat::Attribute) }
}

/// The event that a test looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TestHook {
    Start,
    Submit,
}

choice!(TestHook {
    /// Before the form is shown.
    "start" => Self::Start,
    /// After it was sent.
    "submit" => Self::Submit,
});

/// What somebody typed as a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TestCode {
    Valid,
    Wrong,
    Expired,
    NotYetValid,
    UsedUp,
}

choice!(TestCode {
    /// A code that admits.
    "valid" => Self::Valid,
    /// A code that nobody knows.
    "wrong" => Self::Wrong,
    /// A code that has expired.
    "expired" => Self::Expired,
    /// A code that is not valid yet.
    "not-yet-valid" => Self::NotYetValid,
    /// A code that somebody else has used.
    "used-up" => Self::UsedUp,
});

/// An action, by the name it has in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TestAction {
    Continue,
    Prefill,
    Modify,
    Reject,
    Refuse,
}

choice!(TestAction {
    /// The form, or the account, as it is.
    "continue" => Self::Continue,
    /// The form, filled in.
    "prefill" => Self::Prefill,
    /// The account with changed values.
    "modify" => Self::Modify,
    /// The form again, with errors.
    "reject" => Self::Reject,
    /// A page that ends the sign-up.
    "refuse" => Self::Refuse,
});
