//! `[[policies.rules]]`.

use crate::config::decode::{Spanned, choice, section};
use crate::signup::rules::Normalise;

section! {
    /// `[[policies.rules]]`
    struct RuleSection {
        /// The attribute.
        attribute: Spanned<String>,
        /// What is done to a text before it is checked.
        normalise: Vec<Normalise> = Vec::new(),
        /// Whether it must be filled in.
        required: bool = false,
        /// What the whole value must match.
        pattern: Option<Spanned<String>> = None,
        /// At least so many characters.
        min_length: Option<Spanned<usize>> = None,
        /// At most so many characters.
        max_length: Option<usize> = None,
        /// The values there are.
        one_of: Vec<String> = Vec::new(),
        /// The key of the text at the field.
        message: Option<Spanned<String>> = None,
    }
    planned { "when", "block" }
}

choice!(Normalise {
    "trim" => Self::Trim, "lower" => Self::Lower, "upper" => Self::Upper, "collapse" => Self::Collapse,
} planned { "title", "nfkc", "digits", "phone" });
