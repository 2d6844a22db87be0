//! An invite list in memory: immutable, and small, since most lines are a bare address.
//!
//! An address is kept as a keyed 128-bit hash, sorted for binary search: 24 bytes for a bare address. Only lines that
//! say more are kept as they are. A wider way of comparing changes an address only if it has a tag, or a dot at Gmail;
//! such an address is kept a second time by its changed form. Domain rules are found by the address's domain and its
//! parents. Lines with a code are kept apart: no address finds them.

mod addresses;
mod codes;
mod domains;

use std::collections::BTreeMap;

use addresses::{AddressEntry, AddressIndex, AddressKey, KeyedHasher};
use codes::CodeIndex;
use domains::DomainIndex;

use super::line_problem::LineProblem;
use crate::values::{AddressRule, CodeDigest, EmailAddress, EmailMatch, Invitation};

/// A whole list, as it was read.
#[derive(Debug)]
pub struct Snapshot {
    hasher: KeyedHasher,
    /// Lines for one address, by its canonical form.
    exact: AddressIndex,
    /// The same lines by the form that a wider way of comparing gives their address, if no narrower way gives that
    /// form.
    wider: BTreeMap<EmailMatch, AddressIndex>,
    /// Lines that say more than an address.
    details: Box<[Invitation]>,
    domains: DomainIndex,
    codes: CodeIndex,
    /// What every bare line has in common: its source, and the apps that the source is for.
    bare: Option<Box<Invitation>>,
}

impl Snapshot {
    /// A builder without lines.
    #[must_use]
    pub(super) fn builder() -> SnapshotBuilder {
        SnapshotBuilder {
            hasher: KeyedHasher::default(),
            exact: Vec::new(),
            wider: BTreeMap::new(),
            details: Vec::new(),
            domains: DomainIndex::default(),
            codes: CodeIndex::default(),
            bare: None,
        }
    }

    /// How many invitations there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.exact.len() + self.domains.len() + self.codes.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every invitation without a code that matches the address, in the list's order. Of a bare line only a hash is
    /// kept, so its invitation names the address that was asked for, even if the line has another form of it.
    #[must_use]
    pub fn find(&self, address: &EmailAddress, email_match: EmailMatch) -> Vec<Invitation> {
        let key = self.hasher.of(&address.compared(email_match));
        let wider = self.wider.range(..=email_match).map(|(_, addresses)| addresses);
        let entries = std::iter::once(&self.exact).chain(wider).flat_map(|addresses| addresses.find(key));
        let mut found: Vec<Invitation> = entries.filter_map(|entry| self.invitation(entry, address)).collect();
        found.extend(self.domains.matching(address).cloned());
        found.sort_by_key(|invitation| invitation.line);
        found
    }

    /// Every invitation with the code, in the list's order.
    #[must_use]
    pub(crate) fn find_code(&self, code: &CodeDigest) -> Vec<Invitation> {
        self.codes.find(code).cloned().collect()
    }

    /// The first line without a code that has exactly this rule.
    #[must_use]
    pub fn line_of(&self, rule: &AddressRule) -> Option<u64> {
        match rule {
            AddressRule::Exact(address) => {
                self.exact.find(self.hasher.of(address.canonical())).first().map(|entry| u64::from(entry.line))
            }
            AddressRule::Domain(_) | AddressRule::Subdomains(_) => self.domains.line_of(rule),
        }
    }

    fn invitation(&self, entry: &AddressEntry, address: &EmailAddress) -> Option<Invitation> {
        if let Some(details) = self.details.get(entry.details as usize) {
            return Some(details.clone());
        }
        let mut invitation = (**self.bare.as_ref()?).clone();
        invitation.line = u64::from(entry.line);
        invitation.rule = Some(AddressRule::Exact(address.clone()));
        invitation.columns = BTreeMap::from([("email".to_owned(), address.as_given().to_owned())]);
        Some(invitation)
    }
}

/// Collects the lines of a list.
pub(super) struct SnapshotBuilder {
    hasher: KeyedHasher,
    exact: Vec<AddressEntry>,
    wider: BTreeMap<EmailMatch, Vec<AddressEntry>>,
    details: Vec<Invitation>,
    domains: DomainIndex,
    codes: CodeIndex,
    bare: Option<Box<Invitation>>,
}

impl SnapshotBuilder {
    /// Adds the next line. The error says why it cannot be used.
    pub(super) fn add(&mut self, invitation: Invitation) -> Result<(), LineProblem> {
        if invitation.code.is_some() {
            return self.codes.add(invitation);
        }
        match &invitation.rule {
            Some(AddressRule::Exact(address)) => {
                let forms = self.forms(address);
                self.add_exact(invitation, &forms);
            }
            Some(AddressRule::Domain(domain) | AddressRule::Subdomains(domain)) => {
                let domain = domain.clone();
                self.domains.add(domain, invitation);
            }
            None => {}
        }
        Ok(())
    }

    /// The hash of each form of an address, with the narrowest way of comparing that leads to that form.
    fn forms(&self, address: &EmailAddress) -> Vec<(EmailMatch, AddressKey)> {
        let mut forms = EmailMatch::ALL.map(|email_match| (email_match, address.compared(email_match))).to_vec();
        forms.dedup_by(|wider, narrower| wider.1 == narrower.1);
        forms.into_iter().map(|(email_match, form)| (email_match, self.hasher.of(&form))).collect()
    }

    fn add_exact(&mut self, invitation: Invitation, forms: &[(EmailMatch, AddressKey)]) {
        let line = u32::try_from(invitation.line).unwrap_or(u32::MAX);
        let details = self.details_of(invitation);
        for &(email_match, key) in forms {
            let addresses = match email_match {
                EmailMatch::Exact => &mut self.exact,
                wider => self.wider.entry(wider).or_default(),
            };
            addresses.push(AddressEntry { key, line, details });
        }
    }

    /// The place of a line that says more than an address. A bare line has no other cell than its email. So what all
    /// bare lines have in common, which they have from the source, is kept once.
    fn details_of(&mut self, mut invitation: Invitation) -> u32 {
        if invitation.columns.len() > 1 {
            self.details.push(invitation);
            u32::try_from(self.details.len() - 1).unwrap_or(AddressEntry::BARE)
        } else {
            invitation.columns.clear();
            invitation.rule = None;
            self.bare.get_or_insert_with(|| Box::new(invitation));
            AddressEntry::BARE
        }
    }

    /// The list of the added lines.
    pub(super) fn finish(self) -> Snapshot {
        Snapshot {
            hasher: self.hasher,
            exact: AddressIndex::new(self.exact),
            wider: self
                .wider
                .into_iter()
                .map(|(email_match, entries)| (email_match, AddressIndex::new(entries)))
                .collect(),
            details: self.details.into_boxed_slice(),
            domains: self.domains,
            codes: self.codes,
            bare: self.bare,
        }
    }
}

#[cfg(test)]
mod tests;
