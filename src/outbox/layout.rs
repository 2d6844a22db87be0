//! The names that the objects of one kind of work have in the store.

use std::fmt::Display;
use std::str::FromStr;

const PENDING: &str = "pending";
const DONE: &str = "done";
const ABANDONED: &str = "abandoned";

/// The folders of a kind of work whose root is the top of the store. Any other kind has one folder: its root.
pub(crate) const TOP_FOLDERS: &[&str] = &[PENDING, DONE, ABANDONED];

/// Where the objects of one kind of work are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    root: &'static str,
    entry: &'static str,
}

/// One object of an entry, without its folder and its `.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// The entry's own object.
    Entry,
    /// `request-{step}`.
    Request(String),
    /// `result-{step}`.
    Result(String),
    /// `attempt-{n}`, counted from 1.
    Attempt(u32),
    /// Another object in the entry's folder. It is deleted with the others.
    Unknown(String),
}

impl Layout {
    /// A layout below the folder `root` of the store (empty: at its top). The own object of each entry is called
    /// `{entry}.json`.
    pub(crate) const fn new(root: &'static str, entry: &'static str) -> Self {
        Self { root, entry }
    }

    /// The folder of the outbox.
    pub(super) fn pending(&self) -> String {
        self.folder(PENDING)
    }

    fn folder(&self, name: &str) -> String {
        if self.root.is_empty() { name.to_owned() } else { format!("{}/{name}", self.root) }
    }

    /// The folder of one entry.
    pub(super) fn parts_of(&self, id: &impl Display) -> String {
        format!("{}/{id}", self.pending())
    }

    /// The name of one object of an entry.
    pub(super) fn part(&self, id: &impl Display, part: &Part) -> String {
        let folder = self.parts_of(id);
        match part {
            Part::Entry => format!("{folder}/{}.json", self.entry),
            Part::Request(step) => format!("{folder}/request-{step}.json"),
            Part::Result(step) => format!("{folder}/result-{step}.json"),
            Part::Attempt(number) => format!("{folder}/attempt-{number}.json"),
            Part::Unknown(name) => format!("{folder}/{name}.json"),
        }
    }

    /// The name of the permanent record.
    pub(super) fn finished(&self, id: &impl Display, abandoned: bool) -> String {
        format!("{}/{id}.json", self.folder(if abandoned { ABANDONED } else { DONE }))
    }

    /// The id and the part that the name of an object in the outbox stands for. `None`: no object here has such a name.
    pub(super) fn parse<K: FromStr + Display>(&self, name: &str) -> Option<(K, Part)> {
        let (text, part) = name.strip_prefix(&self.pending())?.strip_prefix('/')?.split_once('/')?;
        let id = text.parse().ok().filter(|id: &K| id.to_string() == text)?;
        Some((id, self.parse_part(part.strip_suffix(".json")?)))
    }

    fn parse_part(&self, part: &str) -> Part {
        if part == self.entry {
            return Part::Entry;
        }
        let unknown = || Part::Unknown(part.to_owned());
        match part.split_once('-') {
            Some(("request", step)) => Part::Request(step.to_owned()),
            Some(("result", step)) => Part::Result(step.to_owned()),
            Some(("attempt", number)) => number.parse().map_or_else(|_| unknown(), Part::Attempt),
            _ => unknown(),
        }
    }
}
