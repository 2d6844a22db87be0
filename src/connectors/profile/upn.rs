//! User principal names: made from a rendered text, with a suffix if somebody else has the same one.

use serde_json::{Value, json};

use crate::graph::User;
use crate::values::{ObjectId, hex, sha256};

/// The longest part before the `@`.
const MAX_LOCAL: usize = 64;
/// The longest domain.
const MAX_DOMAIN: usize = 48;
/// How many hexadecimal digits each suffix has, in the order of the attempts.
const SUFFIXES: [usize; 3] = [4, 8, 16];

/// A user principal name, without suffix.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Upn {
    local: String,
    domain: String,
}

impl Upn {
    /// The name that the rendered text asks for. Without an `@` it gets the user's present domain. `None` if the text
    /// makes no name, or if the user has this name already, with or without a suffix.
    pub(super) fn wanted(rendered: &str, user: &User) -> Option<Self> {
        let current = user.text("userPrincipalName");
        let kept = current.rsplit_once('@').map_or("", |(_, domain)| domain);
        let (local, domain) = rendered.rsplit_once('@').unwrap_or((rendered, kept));
        let domain = domain.trim().to_ascii_lowercase();
        let is_host = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
        let usable = domain.contains('.') && domain.len() <= MAX_DOMAIN && domain.chars().all(is_host);
        let local = clean(local);
        let upn = (usable && !local.is_empty()).then_some(Self { local, domain })?;
        let has_it = upn.candidates(user.id()).iter().any(|candidate| candidate.eq_ignore_ascii_case(current));
        (!has_it).then_some(upn)
    }

    /// The names to try, in this order: without a suffix, then with suffixes that follow from the object id.
    pub(super) fn candidates(&self, id: &ObjectId) -> Vec<String> {
        let hex = hex(&sha256(id.as_str().as_bytes()));
        let plain = format!("{}@{}", self.local, self.domain);
        let suffixed = SUFFIXES.iter().map(|digits| {
            let room: String = self.local.chars().take(MAX_LOCAL - 1 - digits).collect();
            let suffix: String = hex.chars().take(*digits).collect();
            format!("{}-{suffix}@{}", room.trim_end_matches('.'), self.domain)
        });
        std::iter::once(plain).chain(suffixed).collect()
    }

    pub(super) fn to_json(&self) -> Value {
        json!({"local": self.local, "domain": self.domain})
    }

    pub(super) fn from_json(value: &Value) -> Option<Self> {
        let part = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self { local: part("local")?, domain: part("domain")? })
    }
}

/// The part before the `@`, as the directory takes it: allowed characters only, no dot at an end or beside another dot,
/// at most 64 characters.
fn clean(local: &str) -> String {
    let allowed = |c: &char| c.is_ascii_alphanumeric() || "'.-_!#^~".contains(*c);
    let kept: String = local.chars().filter(allowed).collect();
    let parts: Vec<&str> = kept.split('.').filter(|part| !part.is_empty()).collect();
    let joined: String = parts.join(".").chars().take(MAX_LOCAL).collect();
    joined.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::Map;

    use super::*;

    fn user(upn: &str) -> User {
        let properties = Map::from_iter([("userPrincipalName".to_owned(), upn.into())]);
        User::new("9fb7a577-9469-4489-912d-bc58a5bca276".parse().unwrap(), properties, None)
    }

    #[rstest]
    #[case("jo.bradford", Some("jo.bradford@contoso.com"))]
    #[case("jo.bradford@Fabrikam.com", Some("jo.bradford@fabrikam.com"))]
    #[case(".bradford", Some("bradford@contoso.com"))]
    #[case("..jo...bradford..", Some("jo.bradford@contoso.com"))]
    #[case("jö brädford", Some("jbrdford@contoso.com"))]
    #[case("a@b@fabrikam.com", Some("ab@fabrikam.com"))]
    #[case(".", None)]
    #[case("", None)]
    #[case("jo@fabrikam", None)]
    #[case("jo@fabri kam.com", None)]
    fn makes_a_name_that_the_directory_takes(#[case] rendered: &str, #[case] upn: Option<&str>) {
        let user = user("9fb7a577-9469-4489-912d-bc58a5bca276@contoso.com");
        let made = Upn::wanted(rendered, &user).map(|upn| upn.candidates(user.id()).remove(0));
        assert_eq!(made.as_deref(), upn);
    }

    #[test]
    fn suffixes_are_the_same_each_time_and_fit() {
        let user = user("x@contoso.com");
        let upn = Upn::wanted(&"a".repeat(80), &user).unwrap();
        let candidates = upn.candidates(user.id());
        assert_eq!(candidates, upn.candidates(user.id()));
        let locals: Vec<_> = candidates.iter().map(|one| one.split_once('@').unwrap().0.to_owned()).collect();
        assert!(locals.iter().all(|local| local.len() == 64), "{locals:?}");
        assert_eq!(locals.iter().collect::<std::collections::HashSet<_>>().len(), 4);
    }

    #[test]
    fn a_name_the_user_has_already_is_left_with_or_without_its_suffix() {
        let fresh = user("x@contoso.com");
        for candidate in Upn::wanted("jo", &fresh).unwrap().candidates(fresh.id()) {
            assert!(Upn::wanted("Jo", &user(&candidate)).is_none());
        }
    }
}
