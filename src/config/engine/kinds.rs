//! Decodes sections of which there are several kinds. Some keys belong to all kinds, others to one kind only.
//!
//! The kinds are one list. Decoding, the schema, the reference and the error texts follow from it. If there is only one
//! kind and sections need not name it, the key `kind` does not exist.

use std::sync::Arc;

use super::decode::{Fallback, SectionKeys, SectionNode, Spanned, as_toml, decode_key};
use super::diagnostics::Diagnostics;
use super::shape::{Section, Shape};
use super::tree::Node;

/// The key that names the kind.
const KIND: &str = "kind";

/// One kind of a section. `S` is the trait that the decoded keys of every kind implement.
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
    /// The kinds that can be written.
    pub(in crate::config) available: &'static [Kind<S>],
    /// The words of planned kinds. Naming one is an error that says so.
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
        let node = as_toml(node, diagnostics)?;
        let section = SectionNode::of(&node, diagnostics)?;
        let kind = self.kind(&section, diagnostics)?;
        let kind_key = if self.can_be_named() { &[KIND][..] } else { &[] };
        section.check_keys(
            &[C::KNOWN, kind.known, kind_key].concat(),
            &[C::PLANNED, kind.planned].concat(),
            diagnostics,
        );
        let (common, own) = (C::decode_keys(&section, diagnostics), (kind.decode)(&section, diagnostics));
        Some((common?, own?))
    }

    /// What may be written in a section of any kind.
    pub(in crate::config) fn shape<C: SectionKeys>(&self) -> Shape {
        let common = C::section();
        if let [only] = self.available
            && !self.can_be_named()
        {
            return Shape::Section((only.section)().with_shared(common.keys).named(common.name));
        }
        let section = |kind: &Kind<S>| (kind.word, (kind.section)().with_shared(common.keys.clone()));
        Shape::kinds(KIND, self.default().map(|kind| kind.word), self.available.iter().map(section))
    }

    /// The kind of a section that does not name its kind.
    fn default(&self) -> Option<&Kind<S>> {
        self.available.first().filter(|_| self.first_is_default)
    }

    /// Whether sections can name their kind.
    fn can_be_named(&self) -> bool {
        !self.first_is_default || self.available.len() > 1
    }

    /// The kind that the section names.
    fn kind(&self, section: &SectionNode<'_>, diagnostics: &mut Diagnostics) -> Option<&Kind<S>> {
        if !self.can_be_named() {
            return self.default();
        }
        let fallback: Fallback<Option<Spanned<String>>> =
            if self.first_is_default { Fallback::Default(|| None) } else { Fallback::None };
        let Some(written) = decode_key(section, KIND, &fallback, diagnostics)? else { return self.default() };
        let kind = self.available.iter().find(|kind| kind.word == written.value);
        if kind.is_none() {
            diagnostics.error_at(KIND, &written.origin, self.unknown_kind(&written.value));
        }
        kind
    }

    fn unknown_kind(&self, word: &str) -> String {
        if self.planned.contains(&word) {
            return format!("{word:?} is not supported by this version");
        }
        let words: Vec<&str> = self.available.iter().map(|kind| kind.word).collect();
        format!("{word:?} is none of {}", words.join(", "))
    }
}

#[cfg(test)]
mod tests;
