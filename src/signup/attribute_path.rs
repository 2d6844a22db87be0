//! Which attributes a path of a condition names.

/// The member of `attributes` below which the custom attributes are.
const CUSTOM: &str = "ext";

/// What a path names that begins with `attributes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AttributePath<'p> {
    /// `attributes`: all of them.
    All,
    /// `attributes.ext`: the custom ones.
    AllCustom,
    /// `attributes.ext.Plan`: a custom one, by its short name.
    Custom(&'p str),
    /// `attributes.city`: one by its name.
    Named(&'p str),
}

impl<'p> AttributePath<'p> {
    /// Reads a whole path; `None`: it does not begin with `attributes`.
    #[must_use]
    pub(crate) fn of(path: &'p [String]) -> Option<Self> {
        let (root, members) = path.split_first()?;
        (root == "attributes").then(|| Self::below_attributes(members))
    }

    /// Reads what follows `attributes`. Members of a value are ignored.
    #[must_use]
    pub(crate) fn below_attributes(members: &'p [String]) -> Self {
        match members {
            [] => Self::All,
            [custom] if custom == CUSTOM => Self::AllCustom,
            [custom, name, ..] if custom == CUSTOM => Self::Custom(name),
            [name, ..] => Self::Named(name),
        }
    }
}
