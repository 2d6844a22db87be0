//! The rules that match addresses: one address, a domain, or all domains below one.

use std::fmt;
use std::str::FromStr;

use super::email::{canonical_domain, canonical_host, strip_invisible};
use super::mail_providers;
use super::{EmailAddress, EmailMatch, InvalidAddress};

/// A rule of `allow`, `deny` or an invite list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressRule {
    /// `ceo@fabrikam.com`: that address.
    Exact(EmailAddress),
    /// `@contoso.com`: that domain, exactly.
    Domain(String),
    /// `@*.contoso.com`: any depth below the domain, not the domain itself.
    Subdomains(String),
}

impl AddressRule {
    /// Whether the rule is for this address.
    #[must_use]
    pub fn matches(&self, address: &EmailAddress, email_match: EmailMatch) -> bool {
        match self {
            Self::Exact(exact) => exact.compared(email_match) == address.compared(email_match),
            Self::Domain(domain) => domain == address.domain(),
            Self::Subdomains(parent) => {
                address.domain().strip_suffix(parent.as_str()).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
            }
        }
    }

    /// Whether the rule, as one of `deny`, is for this address. Denying compares by the widest form: tags do not count,
    /// dots do not count at Gmail, and Gmail's two domains count as one.
    #[must_use]
    pub(crate) fn denies(&self, address: &EmailAddress) -> bool {
        let is_gmail = |domain: &str| domain == "gmail.com" || domain == "googlemail.com";
        match self {
            Self::Domain(domain) if is_gmail(domain) => is_gmail(address.domain()),
            rule => rule.matches(address, EmailMatch::IgnoreTagAndDots),
        }
    }

    /// Whether the rule is for a public suffix (`@co.uk`, `@*.github.io`), under which anybody can have a domain.
    #[must_use]
    pub(crate) fn is_for_a_public_suffix(&self) -> bool {
        match self {
            Self::Exact(_) => false,
            Self::Domain(domain) => is_public_suffix(domain),
            // Also if every domain just below is one: `@*.kawasaki.jp`.
            Self::Subdomains(parent) => is_public_suffix(parent) || is_public_suffix(&format!("guestlist.{parent}")),
        }
    }

    /// Whether the rule is for everybody who has an address at a public mail provider (`@gmail.com`, `@*.gmail.com`).
    #[must_use]
    pub(crate) fn is_for_a_mail_provider(&self) -> bool {
        match self {
            Self::Exact(_) => false,
            Self::Domain(domain) | Self::Subdomains(domain) => mail_providers::is_public(domain),
        }
    }

    /// How narrow a domain rule is; a larger value is narrower. More labels are narrower; of as many labels, the exact
    /// domain is narrower than the domains below another one. `None` for an address.
    #[must_use]
    pub(crate) fn specificity(&self) -> Option<(usize, bool)> {
        let labels = |domain: &str| domain.split('.').count();
        match self {
            Self::Exact(_) => None,
            Self::Domain(domain) => Some((labels(domain), true)),
            Self::Subdomains(parent) => Some((labels(parent) + 1, false)),
        }
    }
}

fn is_public_suffix(domain: &str) -> bool {
    psl::suffix_str(domain) == Some(domain)
}

impl FromStr for AddressRule {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let text = strip_invisible(text);
        let text = text.trim();
        if let Some(parent) = text.strip_prefix("@*.") {
            return canonical_host(parent, 1).map(|parent| Self::Subdomains(parent.into_owned()));
        }
        if let Some(domain) = text.strip_prefix('@') {
            return canonical_domain(domain).map(|domain| Self::Domain(domain.into_owned()));
        }
        if text.split('@').next().is_some_and(|local| local.contains('*')) {
            return Err(InvalidAddress::Wildcard);
        }
        text.parse().map(Self::Exact)
    }
}

impl fmt::Display for AddressRule {
    /// Shows a domain rule as it is written. An address is personal, so it shows as `an address`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(_) => out.write_str("an address"),
            Self::Domain(domain) => write!(out, "@{domain}"),
            Self::Subdomains(parent) => write!(out, "@*.{parent}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("@contoso.com", "a@contoso.com", true)]
    #[case("@contoso.com", "a@mail.contoso.com", false)]
    #[case("@contoso.com", "a@notcontoso.com", false)]
    #[case("@*.contoso.com", "a@mail.contoso.com", true)]
    #[case("@*.contoso.com", "a@x.y.contoso.com", true)]
    #[case("@*.contoso.com", "a@contoso.com", false)]
    #[case("@*.contoso.com", "a@notcontoso.com", false)]
    #[case("CEO@fabrikam.com", "ceo@FABRIKAM.com", true)]
    #[case("ceo@fabrikam.com", "ceo+x@fabrikam.com", false)]
    fn a_rule_matches_just_what_it_says(#[case] rule: &str, #[case] address: &str, #[case] matches: bool) {
        assert_eq!(rule.parse::<AddressRule>().unwrap().matches(&address.parse().unwrap(), EmailMatch::Exact), matches);
    }

    #[rstest]
    #[case("@co.uk", true)]
    #[case("@*.co.uk", true)]
    #[case("@github.io", true)]
    #[case("@*.kawasaki.jp", true)]
    #[case("@*.compute.amazonaws.com", true)]
    #[case("@*.city.kawasaki.jp", false)]
    #[case("@contoso.co.uk", false)]
    #[case("@*.contoso.github.io", false)]
    #[case("@contoso.example", false)]
    #[case("jo@co.uk", false)]
    fn knows_public_suffixes(#[case] rule: &str, #[case] public: bool) {
        assert_eq!(rule.parse::<AddressRule>().unwrap().is_for_a_public_suffix(), public);
    }

    #[rstest]
    #[case("@Gmail.com", true)]
    #[case("@*.gmail.com", true)]
    #[case("jo@gmail.com", false)]
    #[case("@contoso.com", false)]
    fn knows_mail_providers(#[case] rule: &str, #[case] public: bool) {
        assert_eq!(rule.parse::<AddressRule>().unwrap().is_for_a_mail_provider(), public);
    }

    #[test]
    fn a_wildcard_before_the_at_is_no_rule() {
        for rule in ["*@mailinator.com", "a*@contoso.com"] {
            assert_eq!(rule.parse::<AddressRule>().unwrap_err(), InvalidAddress::Wildcard);
        }
        assert!("@*.ru".parse::<AddressRule>().unwrap().matches(&"jo@example.ru".parse().unwrap(), EmailMatch::Exact));
    }

    #[rstest]
    #[case("@gmail.com", "jo@googlemail.com", true)]
    #[case("@googlemail.com", "jo@gmail.com", true)]
    #[case("@*.gmail.com", "jo@googlemail.com", false)]
    #[case("jo@gmail.com", "j.o+x@googlemail.com", true)]
    #[case("@contoso.com", "jo@contoso.com", true)]
    #[case("@contoso.com", "jo@mail.contoso.com", false)]
    fn deny_goes_by_the_widest_form(#[case] rule: &str, #[case] address: &str, #[case] denies: bool) {
        assert_eq!(rule.parse::<AddressRule>().unwrap().denies(&address.parse().unwrap()), denies);
    }

    #[test]
    fn a_rule_does_not_print_its_address() {
        let rule: AddressRule = "jo@example.com".parse().unwrap();
        assert!(!format!("{rule:?} {rule}").contains("example"));
    }
}
