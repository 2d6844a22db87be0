//! The lines with a code, found by the code's digest. A digest is looked up by a keyed hash and compared in constant
//! time, so that the time of an answer tells nothing about the digests in the list.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use crate::invites::line_problem::LineProblem;
use crate::values::{CodeDigest, Invitation};

/// The lines with a code.
#[derive(Debug, Default)]
pub(super) struct CodeIndex {
    hasher: RandomState,
    /// Lines by the hash of their digest. Several digests may have one hash.
    by_hash: HashMap<u64, Vec<Invitation>>,
}

impl CodeIndex {
    /// Adds a line. Its code must be a new one.
    pub(super) fn add(&mut self, invitation: Invitation) -> Result<(), LineProblem> {
        let Some(code) = &invitation.code else { return Ok(()) };
        let known = self.find(&code.digest).next().map(|other| other.line);
        if let Some(line) = known {
            return Err(LineProblem::CodeTwice { line });
        }
        let hash = self.hash(&code.digest);
        self.by_hash.entry(hash).or_default().push(invitation);
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.by_hash.values().map(Vec::len).sum()
    }

    /// The lines with the code.
    pub(super) fn find(&self, digest: &CodeDigest) -> impl Iterator<Item = &Invitation> {
        let same_hash = self.by_hash.get(&self.hash(digest)).map(Vec::as_slice).unwrap_or_default();
        same_hash.iter().filter(move |invitation| invitation.code.as_ref().is_some_and(|code| code.digest == *digest))
    }

    fn hash(&self, digest: &CodeDigest) -> u64 {
        self.hasher.hash_one(digest.as_bytes())
    }
}
