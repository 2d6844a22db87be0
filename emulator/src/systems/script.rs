//! The script of `cargo dev`, as far as the outside systems know it: who gets an account, and what each system should
//! hold then.

/// The address of the person who is invited, fills in the form at once and asks for the newsletter.
pub const ALEX: &str = "alex@fabrikam.com";
/// The address of the person who is invited, has to correct the form and does not ask for the newsletter.
pub const SAM: &str = "sam@fabrikam.com";

/// Something that has to be true after the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// What has to be true.
    pub what: &'static str,
    /// Whether it is.
    pub holds: bool,
    /// What was seen, to be shown if it is not.
    pub seen: String,
}
