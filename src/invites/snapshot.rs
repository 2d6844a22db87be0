//! An invite list in memory: immutable, and small, since most lines are a bare address.
//!
//! An address is kept as a keyed 128-bit hash (`SipHash`, the key drawn at start), sorted for binary search: 32 bytes for
//! a bare address. Only lines that say more keep an entry of their own.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use crate::values::{AddressRule, CodeDigest, EmailAddress, EmailMatch, Invitation};

/// The rest of a line, if it says more than an address.
#[derive(Debug)]
struct Details(Box<Invitation>);

/// An exact invitation.
#[derive(Debug, Clone, Copy)]
struct Entry {
    key: u128,
    /// The line, from 1 with the header; saturates at 2³².
    line: u32,
    /// Index into `details`; `u32::MAX`: a bare address.
    details: u32,
}

const BARE: u32 = u32::MAX;

/// A list, complete.
#[derive(Debug)]
pub struct Snapshot {
    source: Arc<str>,
    hashers: (RandomState, RandomState),
    exact: Box<[Entry]>,
    details: Box<[Details]>,
    /// Domain rules, few; in the list's order.
    domains: Box<[Invitation]>,
    /// What every bare line has in common: the apps of the source.
    bare: Option<Box<Invitation>>,
}

impl Snapshot {
    /// Begins a list.
    #[must_use]
    pub(super) fn builder(source: Arc<str>) -> Builder {
        let hashers = (RandomState::new(), RandomState::new());
        Builder { source, hashers, exact: Vec::new(), details: Vec::new(), domains: Vec::new(), bare: None }
    }

    /// How many invitations there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.exact.len() + self.domains.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every invitation that matches the address, in the list's order.
    #[must_use]
    pub fn find(&self, address: &EmailAddress, how: EmailMatch) -> Vec<Invitation> {
        let key = key(&self.hashers, address);
        let first = self.exact.partition_point(|entry| entry.key < key);
        let same = self.exact.get(first..).unwrap_or_default().iter().take_while(|entry| entry.key == key);
        let mut found: Vec<Invitation> = same.filter_map(|entry| self.invitation(entry, address)).collect();
        let matches =
            |invitation: &&Invitation| invitation.rule.as_ref().is_some_and(|rule| rule.matches(address, how));
        found.extend(self.domains.iter().filter(matches).cloned());
        found.sort_by_key(|invitation| invitation.line);
        found
    }

    /// Every invitation with the code, in the list's order.
    #[must_use]
    pub fn find_code(&self, code: &CodeDigest) -> Vec<Invitation> {
        let has_it = |invitation: &&Invitation| invitation.code.as_ref().is_some_and(|known| known.digest == *code);
        self.domains.iter().filter(has_it).cloned().collect()
    }

    fn invitation(&self, entry: &Entry, address: &EmailAddress) -> Option<Invitation> {
        let mut invitation = match self.details.get(entry.details as usize) {
            Some(details) => (*details.0).clone(),
            None => (**self.bare.as_ref()?).clone(),
        };
        invitation.source = Arc::clone(&self.source);
        invitation.rule = Some(AddressRule::Exact(address.clone()));
        if entry.details == BARE {
            invitation.line = u64::from(entry.line);
            invitation.columns = BTreeMap::from([("email".to_owned(), address.as_given().to_owned())]);
        }
        Some(invitation)
    }
}

/// A list in the making.
pub(super) struct Builder {
    source: Arc<str>,
    hashers: (RandomState, RandomState),
    exact: Vec<Entry>,
    details: Vec<Details>,
    domains: Vec<Invitation>,
    bare: Option<Box<Invitation>>,
}

impl Builder {
    /// Adds the next line.
    pub(super) fn add(&mut self, mut invitation: Invitation) {
        let Some(AddressRule::Exact(address)) = &invitation.rule else {
            self.domains.push(invitation);
            return;
        };
        let key = key(&self.hashers, address);
        let line = u32::try_from(invitation.line).unwrap_or(u32::MAX);
        let says_more = invitation.columns.len() > 1 || invitation.tags.len() > 1;
        let as_the_others = self.bare.as_ref().is_none_or(|bare| bare.apps == invitation.apps);
        let details = if says_more || !as_the_others {
            self.details.push(Details(Box::new(invitation)));
            u32::try_from(self.details.len() - 1).unwrap_or(BARE)
        } else {
            invitation.columns.clear();
            self.bare.get_or_insert_with(|| Box::new(invitation));
            BARE
        };
        self.exact.push(Entry { key, line, details });
    }

    /// Ends the list.
    pub(super) fn finish(mut self) -> Snapshot {
        self.exact.sort_unstable_by_key(|entry| (entry.key, entry.line));
        Snapshot {
            source: self.source,
            hashers: self.hashers,
            exact: self.exact.into_boxed_slice(),
            details: self.details.into_boxed_slice(),
            domains: self.domains.into_boxed_slice(),
            bare: self.bare,
        }
    }
}

fn key(hashers: &(RandomState, RandomState), address: &EmailAddress) -> u128 {
    let half = |state: &RandomState| {
        let mut hasher = state.build_hasher();
        hasher.write(address.canonical().as_bytes());
        u128::from(hasher.finish())
    };
    half(&hashers.0) << 64 | half(&hashers.1)
}
