//! Decodes sections of which there are several kinds. Some keys belong to all kinds, others to one kind only.
//!
//! The kinds are one list. Decoding, the schema, the reference and the error texts follow from it. If there is only one
//! kind and sections need not name it, the key `kind` does not exist.

use std::sync::Arc;

use super::decode::{Fallback, SectionKeys, SectionNode, Spanned, as_toml, decode_key};
use super::diagnostics::Diagnostics;
use super::shape::{Section, Shape};
use super::tree::Node;
use crate::values::nearest;

/// The key that names the kind.
const KIND: &str = "kind";

/// One kind of a section. `S` is the trait that the decoded keys of every kind implement.
pub(in crate::config) struct Kind<S: ?Sized> {
    word: &'static str,
    known: &'static [&'static str],
    planned: &'static [&'static str],
    section: fn() -> Section,
    decode: fn(&SectionNode<'_>, &mut Diagnostics) -> Arc<S>,
}

impl<S: ?Sized> Kind<S> {
    /// The kind that is named by a word, and has the keys of `K`.
    pub(in crate::config) const fn new<K: SectionKeys>(
        word: &'static str,
        decode: fn(&SectionNode<'_>, &mut Diagnostics) -> Arc<S>,
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
    /// Decodes a section: the keys `C` that all kinds have, and those of its kind. If nobody knows its kind, it has none of
    /// the latter.
    pub(in crate::config) fn decode<C: SectionKeys>(
        &self,
        node: &Node,
        diagnostics: &mut Diagnostics,
    ) -> Option<(C, Option<Arc<S>>)> {
        let node = as_toml(node, diagnostics)?;
        let mut section = SectionNode::of(&node, diagnostics)?;
        let (known, planned) = self.keys::<C>(self.available);
        section.find_misspelt_keys(&known, &planned, &|_| false);
        let kind = match self.kind(&section, diagnostics) {
            NamedKind::Known(kind) => Some(kind),
            NamedKind::Unknown => None,
            // Nobody knows its keys.
            NamedKind::Planned => return Some((C::decode_keys(&section, diagnostics), None)),
        };
        let (known, planned) = self.keys::<C>(kind.map_or(self.available, std::slice::from_ref));
        section.check_keys(&known, &planned, &|_| false, diagnostics);
        let common = C::decode_keys(&section, diagnostics);
        Some((common, kind.map(|kind| (kind.decode)(&section, diagnostics))))
    }

    /// The known and the planned keys of sections of these kinds.
    fn keys<C: SectionKeys>(&self, kinds: &[Kind<S>]) -> (Vec<&'static str>, Vec<&'static str>) {
        let kind_key = if self.can_be_named() { &[KIND][..] } else { &[] };
        let known = kinds.iter().flat_map(|kind| kind.known).chain(C::KNOWN).chain(kind_key);
        let planned = kinds.iter().flat_map(|kind| kind.planned).chain(C::PLANNED);
        (known.copied().collect(), planned.copied().collect())
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

    /// The kind that the section names. A misspelt word stands for the nearest kind, so that its keys are checked as well.
    fn kind(&self, section: &SectionNode<'_>, diagnostics: &mut Diagnostics) -> NamedKind<'_, S> {
        let fallback: Fallback<Option<Spanned<String>>> =
            if self.first_is_default { Fallback::Default(|| None) } else { Fallback::Placeholder(|| None) };
        let written =
            if self.can_be_named() { decode_key(section, KIND, &fallback, Section::empty, diagnostics) } else { None };
        let Some(written) = written else {
            let default = self.default().filter(|_| !diagnostics.is_wrong(KIND));
            return default.map_or(NamedKind::Unknown, NamedKind::Known);
        };
        let word = written.value.as_str();
        let find = |word| self.available.iter().find(|kind| kind.word == word);
        if let Some(kind) = find(word) {
            return NamedKind::Known(kind);
        }
        if self.planned.contains(&word) {
            diagnostics.error_at(KIND, &written.origin, format!("{word:?} is not supported by this version"));
            return NamedKind::Planned;
        }
        let words: Vec<&str> = self.available.iter().map(|kind| kind.word).collect();
        diagnostics.error_at(KIND, &written.origin, format!("{word:?} is none of {}", words.join(", ")));
        nearest(word, words).and_then(find).map_or(NamedKind::Unknown, NamedKind::Known)
    }
}

/// The kind of a section.
enum NamedKind<'k, S: ?Sized> {
    Known(&'k Kind<S>),
    /// It is none that this version has.
    Planned,
    /// It is not said, or misspelt beyond recognition.
    Unknown,
}

#[cfg(test)]
mod tests;
