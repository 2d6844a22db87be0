//! Domains of disposable mail services, from the list that the `mailchecker` project keeps.

use std::collections::HashSet;
use std::sync::LazyLock;

/// The list as a set. The library's own check reads the whole list each time.
static DOMAINS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| mailchecker::blacklist().into_iter().collect());

/// Builds the set now, so that no sign-up has to wait for it. Returns the number of domains.
pub(crate) fn load() -> usize {
    DOMAINS.len()
}

/// Whether the domain (lower-case ASCII), or a parent domain, is on the list.
#[must_use]
pub(crate) fn is_disposable(domain: &str) -> bool {
    let mut candidate = Some(domain);
    while let Some(domain) = candidate {
        if DOMAINS.contains(domain) {
            return true;
        }
        candidate = domain.split_once('.').map(|(_, parent)| parent);
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
