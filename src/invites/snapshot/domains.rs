//! The lines for domains, found by the domain, so that a list of thousands of partners is searched as quickly as a
//! short one.

use std::collections::HashMap;

use crate::values::{AddressRule, EmailAddress, EmailMatch, Invitation};

/// The lines for a domain, or for the domains below it.
#[derive(Debug, Default)]
pub(super) struct DomainIndex {
    /// In the list's order.
    invitations: Vec<Invitation>,
    /// The places in `invitations` of the rules that name a domain.
    by_domain: HashMap<Box<str>, Vec<u32>>,
}

impl DomainIndex {
    /// Adds the next line, whose rule names the domain.
    pub(super) fn add(&mut self, domain: String, invitation: Invitation) {
        let at = u32::try_from(self.invitations.len()).unwrap_or(u32::MAX);
        self.by_domain.entry(domain.into()).or_default().push(at);
        self.invitations.push(invitation);
    }

    pub(super) fn len(&self) -> usize {
        self.invitations.len()
    }

    /// Every line whose rule matches the address: those that name its domain or one above.
    pub(super) fn matching<'a>(&'a self, address: &'a EmailAddress) -> impl Iterator<Item = &'a Invitation> {
        let above = |domain: &&'a str| domain.split_once('.').map(|(_, parent)| parent);
        let named = std::iter::successors(Some(address.domain()), above).flat_map(|domain| self.naming(domain));
        // The way of comparing addresses makes no difference to domains.
        let matches = |rule: &AddressRule| rule.matches(address, EmailMatch::Exact);
        named.filter(move |invitation| invitation.rule.as_ref().is_some_and(matches))
    }

    /// The first line with exactly this rule.
    pub(super) fn line_of(&self, rule: &AddressRule) -> Option<u64> {
        let (AddressRule::Domain(domain) | AddressRule::Subdomains(domain)) = rule else { return None };
        self.naming(domain).find(|invitation| invitation.rule.as_ref() == Some(rule)).map(|invitation| invitation.line)
    }

    fn naming(&self, domain: &str) -> impl Iterator<Item = &Invitation> {
        let places = self.by_domain.get(domain).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|at| self.invitations.get(*at as usize))
    }
}
