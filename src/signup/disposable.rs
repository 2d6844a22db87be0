//! Domains of disposable mail services, from the list that the `mailchecker` project keeps.

use std::collections::HashSet;
use std::sync::LazyLock;

/// The list as a set. The library's own check goes through the whole list each time.
static DOMAINS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| mailchecker::blacklist().into_iter().collect());

/// Makes the set before a sign-up has to wait for it. Returns how many domains there are.
pub(crate) fn load() -> usize {
    DOMAINS.len()
}

/// Whether the domain (lower-case ASCII), or one above it, is on the list.
#[must_use]
pub(crate) fn is_disposable(domain: &str) -> bool {
    let mut rest = Some(domain);
    while let Some(at) = rest {
        if DOMAINS.contains(at) {
            return true;
        }
        rest = at.split_once('.').map(|(_, above)| above);
    }
    false
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("mailinator.com", true)]
    #[case("anything.mailinator.com", true)]
    #[case("mailinator.contoso.com", false)]
    #[case("gmail.com", false)]
    #[case("contoso.com", false)]
    #[case("com", false)]
    #[case("", false)]
    fn knows_the_services_and_what_lies_below_them(#[case] domain: &str, #[case] disposable: bool) {
        assert_eq!(is_disposable(domain), disposable);
    }

    #[test]
    fn the_list_is_a_list_of_domains() {
        assert!(load() > 10_000, "{}", load());
    }
}
