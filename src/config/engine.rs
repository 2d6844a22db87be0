//! Reads a TOML file and its overrides into declared types, and describes what may be written. It knows no section.
//!
//! The text is parsed into a tree of nodes that know their places ([`parse_file`]). App settings are merged into the tree
//! ([`apply_overrides`]). Then each declared type decodes its node ([`Decode`]) and reports errors to [`Diagnostics`]. A
//! declaration also has a [`Shape`]; the JSON Schema and the reference are made from it.

mod decode;
mod diagnostics;
mod doc_comment;
mod duration_pattern;
mod kinds;
mod limit;
mod named_files;
mod origin;
mod overrides;
mod problems;
mod reference;
mod schema;
mod shape;
mod text_format;
mod tree;

pub(super) use decode::{Decode, Fallback, SectionKeys, SectionNode, Spanned, built_in, choice};
pub(super) use decode::{UNNAMED, as_toml, decode_key, decode_section, is_inline_table, section, unnamed};
pub(super) use diagnostics::Diagnostics;
pub(super) use kinds::{Kind, Kinds};
pub(super) use limit::Limit;
pub(crate) use named_files::NamedFile;
pub(super) use origin::Origin;
pub(super) use overrides::apply as apply_overrides;
pub(super) use problems::sort as sort_problems;
pub use problems::{Finding, FindingSeverity, InvalidConfig};
pub(crate) use problems::{Problem, Severity};
pub(super) use reference::markdown;
#[cfg(test)]
pub(super) use reference::toml;
pub(super) use schema::json_schema;
#[cfg(test)]
pub(super) use schema::value_schema;
pub(super) use shape::{Choice, Key, Section, Shape, SharedKey};
pub(super) use text_format::TextFormat;
pub(super) use tree::{Entry, Node, Table, Value, parse_file, parse_setting};
