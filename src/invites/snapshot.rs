//! An invite list in memory: immutable and compact, in few large allocations.
//!
//! A line is found by a keyed 128-bit hash of its address, its domain rule or its code: 24 bytes, and half a byte for the
//! table that shortens the search. That is all that is kept of a line that says no more than its rule. Of any other
//! line the cells are kept as well (`compact_lines.rs`), and the invitation is made from them when it is found, by the
//! code that checked the line. A wider way of comparing changes an address only if it has a tag, or a dot at Gmail;
//! such an address has a second entry, by its changed form. Lines with a code are kept apart: no address finds them.

mod line_index;

use std::collections::BTreeMap;

use line_index::{KeyedHasher, LineEntry, LineIndex};

use super::columns::Columns;
use super::compact_lines::{CompactLines, Place};
use super::line;
use super::line_problem::{LineProblem, LineReport};
use super::list_options::ListOptions;
use crate::values::{AddressRule, CodeDigest, EmailAddress, EmailMatch, Invitation, InvitationCode};

/// A whole list, as it was read.
#[derive(Debug)]
pub struct Snapshot {
    hasher: KeyedHasher,
    /// Lines for one address, by its canonical form.
    exact: LineIndex,
    /// The same lines by the form that a wider way of comparing gives their address, if no narrower way gives that
    /// form.
    wider: BTreeMap<EmailMatch, LineIndex>,
    /// Lines for a domain or for those below it, by the rule.
    domains: LineIndex,
    /// Lines with a code, by its digest.
    codes: LineIndex,
    /// The cells of lines that say more than their rule.
    lines: CompactLines,
    columns: Columns,
    options: ListOptions,
    load_peak: usize,
}

impl Snapshot {
    /// A builder that expects so many lines, which have so many bytes in their file.
    #[must_use]
    pub(super) fn builder(lines: usize, bytes: usize) -> SnapshotBuilder {
        SnapshotBuilder {
            hasher: KeyedHasher::default(),
            expected: lines,
            exact: Vec::new(),
            wider: BTreeMap::new(),
            domains: Vec::new(),
            codes: Vec::new(),
            // A line takes one byte more than in its file; a long cell another one.
            lines: CompactLines::with_capacity(bytes + bytes / 16),
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

    /// The bytes that the list takes in memory.
    #[must_use]
    pub fn memory(&self) -> usize {
        let indexes = [&self.exact, &self.domains, &self.codes].into_iter().chain(self.wider.values());
        indexes.map(LineIndex::memory).sum::<usize>() + self.lines.len()
    }

    /// The most bytes that reading the list took at once: those of the file, and all that was kept of its lines.
    #[must_use]
    pub fn load_peak(&self) -> usize {
        self.load_peak
    }

    /// Every invitation without a code that matches the address, in the list's order. Of a bare line only a hash is
    /// kept, so its invitation names the address that was asked for, even if the line has another form of it.
    #[must_use]
    pub fn find(&self, address: &EmailAddress, email_match: EmailMatch) -> Vec<Invitation> {
        let key = self.hasher.of_address(&address.compared(email_match));
        let mut found = Vec::new();
        let wider = self.wider.range(..=email_match).map(|(_, lines)| lines);
        for entry in std::iter::once(&self.exact).chain(wider).flat_map(|lines| lines.find(key)) {
            let bare = || (AddressRule::Exact(address.clone()), address.as_given().to_owned());
            found.extend(self.invitation(entry, bare));
        }
        if self.domains.len() > 0 {
            self.find_domains(address, &mut found);
        }
        found.sort_by_key(|invitation| invitation.line);
        found
    }

    /// Every invitation for the address's domain, and for the domains below one of its parents.
    fn find_domains(&self, address: &EmailAddress, found: &mut Vec<Invitation>) {
        let domains = std::iter::successors(Some(address.domain()), |domain| Some(domain.split_once('.')?.1));
        let below = domains.skip(1).map(|parent| AddressRule::Subdomains(parent.to_owned()));
        for rule in std::iter::once(AddressRule::Domain(address.domain().to_owned())).chain(below) {
            let entries = self.domains.find(self.hasher.of_rule(&rule)).iter();
            found.extend(entries.filter_map(|entry| self.invitation(entry, || (rule.clone(), rule.to_string()))));
        }
    }

    /// Every invitation with the code, in the list's order. A digest is looked up by its keyed hash and compared in
    /// constant time, so that the time of an answer tells nothing about the digests in the list.
    #[must_use]
    pub(crate) fn find_code(&self, code: &CodeDigest) -> Vec<Invitation> {
        let entries = self.codes.find(self.hasher.of_code(code)).iter();
        let invitations = entries.filter_map(|entry| self.read(entry.cells()?, entry));
        invitations.filter(|found| found.code.as_ref().is_some_and(|known| known.digest == *code)).collect()
    }

    /// The first line without a code that has exactly this rule.
    #[must_use]
    pub fn line_of(&self, rule: &AddressRule) -> Option<u64> {
        let lines = if matches!(rule, AddressRule::Exact(_)) { &self.exact } else { &self.domains };
        lines.find(self.hasher.of_rule(rule)).first().map(|entry| u64::from(entry.line))
    }

    /// The invitation of a line. `bare` gives the rule and the email of a line that says no more than its rule.
    fn invitation(&self, entry: &LineEntry, bare: impl Fn() -> (AddressRule, String)) -> Option<Invitation> {
        if let Some(cells) = entry.cells() {
            return self.read(cells, entry);
        }
        let (rule, email) = bare();
        Some(line::bare_invitation(rule, email, u64::from(entry.line), &self.options))
    }

    fn read(&self, cells: Place, entry: &LineEntry) -> Option<Invitation> {
        line::invitation(&self.columns, self.lines.line(cells), u64::from(entry.line), &self.options)
    }
}

/// Collects the lines of a list.
pub(super) struct SnapshotBuilder {
    hasher: KeyedHasher,
    /// How many lines there may be.
    expected: usize,
    exact: Vec<LineEntry>,
    wider: BTreeMap<EmailMatch, Vec<LineEntry>>,
    domains: Vec<LineEntry>,
    codes: Vec<LineEntry>,
    /// The cells of the lines that say more than their rule. The reader puts them there.
    pub(super) lines: CompactLines,
}

impl SnapshotBuilder {
    /// Adds a line that was checked; without `cells` it says no more than its rule.
    pub(super) fn add(
        &mut self,
        line: u64,
        cells: Option<Place>,
        rule: Option<&AddressRule>,
        code: Option<&InvitationCode>,
    ) {
        if let Some(code) = code {
            let key = self.hasher.of_code(&code.digest);
            return push(&mut self.codes, self.expected, LineEntry::new(key, line, cells));
        }
        match rule {
            Some(AddressRule::Exact(address)) => self.add_exact(line, cells, address),
            Some(rule) => {
                let key = self.hasher.of_rule(rule);
                push(&mut self.domains, self.expected, LineEntry::new(key, line, cells));
            }
            None => {}
        }
    }

    /// Adds an address by each of its forms, with the narrowest way of comparing that leads to that form.
    fn add_exact(&mut self, line: u64, cells: Option<Place>, address: &EmailAddress) {
        let mut narrower = None;
        for email_match in EmailMatch::ALL {
            let form = address.compared(email_match);
            if narrower.as_ref() == Some(&form) {
                continue;
            }
            let entry = LineEntry::new(self.hasher.of_address(&form), line, cells);
            match email_match {
                EmailMatch::Exact => push(&mut self.exact, self.expected, entry),
                wider => self.wider.entry(wider).or_default().push(entry),
            }
            narrower = Some(form);
        }
    }

    /// The bytes of what was added so far.
    pub(super) fn memory(&self) -> usize {
        let wider: usize = self.wider.values().map(Vec::capacity).sum();
        let entries = self.exact.len() + self.domains.len() + self.codes.len() + wider;
        entries * size_of::<LineEntry>() + self.lines.len()
    }

    /// The list of the added lines, and the lines that have the code of an earlier one, which are not used.
    pub(super) fn finish(
        mut self,
        columns: Columns,
        options: ListOptions,
        load_peak: usize,
    ) -> (Snapshot, Vec<LineReport>) {
        let twice = remove_repeated_codes(&mut self.codes);
        self.lines.shrink();
        let wider = self.wider.into_iter().map(|(email_match, lines)| (email_match, LineIndex::new(lines)));
        let snapshot = Snapshot {
            hasher: self.hasher,
            exact: LineIndex::new(self.exact),
            wider: wider.collect(),
            domains: LineIndex::new(self.domains),
            codes: LineIndex::new(self.codes),
            lines: self.lines,
            columns,
            options,
            load_peak,
        };
        (snapshot, twice)
    }
}

/// Adds an entry to a vector that will have about as many as the file has lines. Memory that is not used is not taken
/// from the system.
fn push(entries: &mut Vec<LineEntry>, expected: usize, entry: LineEntry) {
    if entries.is_empty() {
        entries.reserve_exact(expected);
    }
    entries.push(entry);
}

/// Removes each line whose code an earlier line has. Returns the removed lines in the list's order.
fn remove_repeated_codes(codes: &mut Vec<LineEntry>) -> Vec<LineReport> {
    codes.sort_unstable_by_key(|entry| (entry.key, entry.line));
    let mut removed = Vec::new();
    codes.dedup_by(|later, first| {
        let is_repeated = later.key == first.key;
        if is_repeated {
            let problem = LineProblem::CodeTwice { line: u64::from(first.line) };
            removed.push(LineReport { line: u64::from(later.line), problem });
        }
        is_repeated
    });
    removed.sort_by_key(|report| report.line);
    removed
}

#[cfg(test)]
mod tests;
