//! `[[policies.rules]]`.

use crate::config::decode::{Spanned, choice, section};
use crate::signup::rules::Normalise;

section! {
    /// What one attribute must be like. A rule for an attribute that the form does not have is skipped. Empty is the
    /// same as absent, and only `required` applies to it.
    struct RuleSection {
        /// The attribute that the rule is about. It is also the name of the rule in app settings.
        /// Example: `"postalCode"`
        attribute: Spanned<String> as Attribute,
        /// What is done to a text before it is checked, in this order. What comes out is what is stored.
        /// Example: `["trim", "upper"]`
        normalise: Vec<Normalise> = Vec::new(),
        /// Whether the field must be filled in.
        required: bool = false,
        /// What the value must match, from its beginning to its end.
        /// Example: `"[0-9]{4}"`
        pattern: Option<Spanned<String>> as Pattern = None,
        /// The least number of characters.
        min_length: Option<Spanned<usize>> = None,
        /// The largest number of characters.
        max_length: Option<usize> = None,
        /// The only values that pass; none: any value does.
        /// Example: `["NSW", "VIC", "QLD"]`
        one_of: Vec<String> = Vec::new(),
        /// The key in `[messages]` of the text that is shown at the field. Without it, the built-in text
        /// `field-required` or `field-invalid` is.
        /// Example: `"postal-code"`
        message: Option<Spanned<String>> = None,
    }
    planned { "when", "block" }
}

choice!(Normalise {
    /// White space at both ends goes.
    "trim" => Self::Trim,
    /// Lower case.
    "lower" => Self::Lower,
    /// Upper case.
    "upper" => Self::Upper,
    /// Each run of white space becomes one blank; at both ends it goes.
    "collapse" => Self::Collapse,
} planned { "title", "nfkc", "digits", "phone" });
