//! What a room owns in the store.

/// The folders and the single objects of one room; no other room reads or writes them. A room declares it as a
/// constant.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Namespace {
    room: &'static str,
    folders: &'static [&'static str],
    objects: &'static [&'static str],
}

impl Namespace {
    /// What `room` owns: whole folders (`reservations`, `contacts/pending`) and single objects (`cursor.json`).
    #[must_use]
    pub(crate) const fn new(
        room: &'static str,
        folders: &'static [&'static str],
        objects: &'static [&'static str],
    ) -> Self {
        Self { room, folders, objects }
    }

    /// The name of the room.
    pub(crate) fn room(&self) -> &'static str {
        self.room
    }

    /// The names of all folders and objects.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.folders.iter().chain(self.objects).copied()
    }

    /// Whether an object of this name is the room's.
    pub(super) fn has_object(&self, name: &str) -> bool {
        self.objects.contains(&name) || self.folders.iter().any(|folder| is_below(name, folder))
    }

    /// Whether everything in this folder is the room's.
    pub(super) fn has_folder(&self, name: &str) -> bool {
        self.folders.iter().any(|folder| name == *folder || is_below(name, folder))
    }
}

/// Whether a name lies in a folder: `pending/a` lies in `pending`, `pending2/a` does not.
pub(crate) fn is_below(name: &str, folder: &str) -> bool {
    name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Every name that two of the namespaces claim, with both rooms. Empty if each name has one owner.
#[cfg(test)]
pub(crate) fn overlaps(namespaces: &[&Namespace]) -> Vec<String> {
    let claims: Vec<_> =
        namespaces.iter().flat_map(|namespace| namespace.names().map(|name| (namespace.room(), name))).collect();
    let mut found = Vec::new();
    for (at, (room, name)) in claims.iter().enumerate() {
        for (other_room, other) in claims.iter().skip(at + 1) {
            if name == other || is_below(name, other) || is_below(other, name) {
                found.push(format!("{room} claims {name}, and {other_room} claims {other}"));
            }
        }
    }
    found
}
