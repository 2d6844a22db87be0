//! Sections of one of several kinds: keys that all kinds have, and keys that one of them has.
//!
//! The kinds are one list. Decoding, the schema, the reference and the error texts follow from it. As long as there is
//! only one kind and sections need not name it, it cannot be named.

use std::sync::Arc;

use super::decode::{Fallback, SectionKeys, SectionNode, Spanned, key, structured};
use super::diagnostics::Diagnostics;
use super::shape::{Section, Shape};
use super::tree::Node;

/// The key that names the kind.
const KIND: &str = "kind";

/// One kind. What its own keys decode to is used as an `S`.
pub(in crate::config) struct Kind<S: ?Sized> {
    word: &'static str,
    known: &'static [&'static str],
    planned: &'static [&'static str],
    section: fn() -> Section,
    decode: fn(&SectionNode<'_>, &mut Diagnostics) -> Option<Arc<S>>,
}

impl<S: ?Sized> Kind<S> {
    /// The kind that is named by a word, and has the keys of `K`.
    pub(in crate::config) const fn new<K: SectionKeys>(
        word: &'static str,
        decode: fn(&SectionNode<'_>, &mut Diagnostics) -> Option<Arc<S>>,
    ) -> Self {
        Self { word, known: K::KNOWN, planned: K::PLANNED, section: K::section, decode }
    }
}

/// All kinds of a section.
pub(in crate::config) struct Kinds<S: ?Sized + 'static> {
    /// Those that there are.
    pub(in crate::config) all: &'static [Kind<S>],
    /// The words of those that there will be.
    pub(in crate::config) planned: &'static [&'static str],
    /// Whether a section that names no kind is of the first one. Otherwise each has to name its kind.
    pub(in crate::config) first_is_default: bool,
}

impl<S: ?Sized> Kinds<S> {
    /// Decodes a section: the keys `C` that all kinds have, and those of its kind.
    pub(in crate::config) fn decode<C: SectionKeys>(
        &self,
        node: &Node,
        diagnostics: &mut Diagnostics,
    ) -> Option<(C, Arc<S>)> {
        let node = structured(node, diagnostics)?;
        let section = SectionNode::of(&node, diagnostics)?;
        let kind = self.kind(&section, diagnostics)?;
        let named = if self.are_named() { &[KIND][..] } else { &[] };
        section.check_keys(&[C::KNOWN, kind.known, named].concat(), &[C::PLANNED, kind.planned].concat(), diagnostics);
        let (common, own) = (C::decode_keys(&section, diagnostics), (kind.decode)(&section, diagnostics));
        Some((common?, own?))
    }

    /// What may be written in a section of any kind.
    pub(in crate::config) fn shape<C: SectionKeys>(&self) -> Shape {
        let common = C::section();
        if let [only] = self.all
            && !self.are_named()
        {
            return Shape::Section((only.section)().with_shared(common.keys).named(common.name));
        }
        let section = |kind: &Kind<S>| (kind.word, (kind.section)().with_shared(common.keys.clone()));
        Shape::kinds(KIND, self.default().map(|kind| kind.word), self.all.iter().map(section))
    }

    /// The kind of a section that names none.
    fn default(&self) -> Option<&Kind<S>> {
        self.all.first().filter(|_| self.first_is_default)
    }

    /// Whether sections can name their kind.
    fn are_named(&self) -> bool {
        !self.first_is_default || self.all.len() > 1
    }

    /// The kind that the section names.
    fn kind(&self, section: &SectionNode<'_>, diagnostics: &mut Diagnostics) -> Option<&Kind<S>> {
        if !self.are_named() {
            return self.default();
        }
        let absent: Fallback<Option<Spanned<String>>> =
            if self.first_is_default { Fallback::Default(|| None) } else { Fallback::None };
        let Some(written) = key(section, KIND, &absent, diagnostics)? else { return self.default() };
        let kind = self.all.iter().find(|kind| kind.word == written.value);
        if kind.is_none() {
            diagnostics.error_at(KIND, &written.origin, self.unknown(&written.value));
        }
        kind
    }

    fn unknown(&self, word: &str) -> String {
        if self.planned.contains(&word) {
            return format!("{word:?} is not supported by this version");
        }
        let words: Vec<&str> = self.all.iter().map(|kind| kind.word).collect();
        format!("{word:?} is none of {}", words.join(", "))
    }
}

#[cfg(test)]
mod tests;
