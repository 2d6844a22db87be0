//! Suggests what somebody may have meant by an unknown word.

/// The known word that takes the fewest edits, if these are few for its length. Case does not count.
#[must_use]
pub(crate) fn nearest<'n>(unknown: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let unknown = unknown.to_lowercase();
    let edits = |name: &str| strsim::osa_distance(&unknown, &name.to_lowercase());
    let (edits, name) = known.into_iter().map(|name| (edits(name), name)).min()?;
    (edits <= 1 + name.chars().count() / 4).then_some(name)
}

/// The end of an error text that suggests the nearest known word (`: did you mean gate?`), or nothing.
#[must_use]
pub(crate) fn did_you_mean<'n>(unknown: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    nearest(unknown, known).map(|name| format!(": did you mean {name}?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_is_near_and_nothing_else() {
        let known = ["gate", "allow", "deny", "max_length"];
        assert_eq!(nearest("Gaet", known), Some("gate"));
        assert_eq!(nearest("max_lenght", known), Some("max_length"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(did_you_mean("gat", known), ": did you mean gate?");
        assert_eq!(did_you_mean("gat", []), "");
    }
}
