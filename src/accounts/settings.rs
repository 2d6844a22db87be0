//! The settings of the runs, and the order of the connectors.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::expressions::Condition;
use crate::values::{AppId, AttributeTypes, EmailMatch};

/// The most characters of a connector's name.
const MAX_NAME: usize = 40;

/// The settings of the runs.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// `graph.client_id`: accounts made by this application are not sign-ups.
    pub client_id: AppId,
    /// How much of the previous window each run reads again.
    pub overlap: Duration,
    /// How long before the present a window ends.
    pub settle: Duration,
    /// How far the very first run looks back. Older accounts are never touched.
    pub look_back: Duration,
    /// The longest time of a run. Then it takes no more accounts and waits for nothing.
    pub run_limit: Duration,
    /// Accounts under way at once; at least one.
    pub concurrency: usize,
    /// How often one connector is tried for one account before it is given up; at least one.
    pub max_attempts: u32,
    /// Whether a template or a condition of a connector uses `invite`. If none does, no invite source is asked.
    pub needs_invite: bool,
    /// The ways in which policies compare addresses with invitations, the narrowest first.
    pub email_matches: Vec<EmailMatch>,
    /// The declared types of attributes, for the columns of an invitation.
    pub types: AttributeTypes,
    /// The connectors, in the order of the configuration.
    pub connectors: Vec<ConnectorSettings>,
}

/// How the association runs one connector.
#[derive(Debug, Clone)]
pub(crate) struct ConnectorSettings {
    /// The name: letters, digits, `-` and `_`, 40 at most.
    pub name: String,
    /// The connectors that must have a result before it runs.
    pub after: Vec<String>,
    /// The condition for an account; `None`: every account. Its variables are `connectors::VARIABLES`.
    pub when: Option<Condition>,
}

/// Why the settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SettingsError {
    /// A name that cannot be part of an object's name.
    #[error("the connector name {name:?} is not usable: write letters, digits, - and _")]
    BadName { name: String },
    /// A name that is too long for that.
    #[error("the connector name {name:?} is too long: the limit is {MAX_NAME} characters")]
    LongName { name: String },
    /// Two names that differ in case at most.
    #[error("two connectors are called {name}")]
    Duplicate { name: String },
    /// `after` names a connector that does not exist.
    #[error("the connector {name} is to run after {after}, which there is not")]
    UnknownAfter { name: String, after: String },
    /// Connectors that wait for each other.
    #[error("the connectors {} wait for each other", .names.join(", "))]
    Cycle {
        /// The connectors that can never run.
        names: Vec<String>,
    },
    /// No connector was built for the name.
    #[error("there is no connector {name}")]
    NoConnector { name: String },
}

/// The connectors in the order in which they run: as configured, but each one after those in its `after`.
pub(crate) fn in_order(connectors: &[ConnectorSettings]) -> Result<Vec<&ConnectorSettings>, Vec<SettingsError>> {
    let errors = name_errors(connectors);
    if !errors.is_empty() {
        return Err(errors);
    }
    let (mut order, mut placed) = (Vec::new(), BTreeSet::new());
    let mut waiting: Vec<&ConnectorSettings> = connectors.iter().collect();
    while !waiting.is_empty() {
        let ready = waiting.iter().position(|connector| connector.after.iter().all(|name| placed.contains(name)));
        let Some(ready) = ready else {
            let names = waiting.iter().map(|connector| connector.name.clone()).collect();
            return Err(vec![SettingsError::Cycle { names }]);
        };
        let next = waiting.remove(ready);
        placed.insert(&next.name);
        order.push(next);
    }
    Ok(order)
}

fn name_errors(connectors: &[ConnectorSettings]) -> Vec<SettingsError> {
    let (mut errors, mut names) = (Vec::new(), BTreeSet::new());
    let known = |after: &String| connectors.iter().any(|connector| connector.name == *after);
    for ConnectorSettings { name, after, .. } in connectors {
        if !is_usable(name) {
            errors.push(SettingsError::BadName { name: name.clone() });
        } else if name.len() > MAX_NAME {
            errors.push(SettingsError::LongName { name: name.clone() });
        }
        if !names.insert(name.to_ascii_lowercase()) {
            errors.push(SettingsError::Duplicate { name: name.clone() });
        }
        let unknown = after.iter().filter(|after| !known(after));
        errors.extend(unknown.map(|after| SettingsError::UnknownAfter { name: name.clone(), after: after.clone() }));
    }
    errors
}

#[cfg(test)]
impl Settings {
    /// Settings that a test begins with. They have no connectors.
    pub(crate) fn for_tests() -> Self {
        Self {
            client_id: "88888888-3333-4444-5555-666666666666".parse().unwrap(),
            overlap: Duration::from_hours(2),
            settle: Duration::ZERO,
            look_back: Duration::from_mins(10),
            run_limit: Duration::from_mins(8),
            concurrency: 4,
            max_attempts: 12,
            needs_invite: false,
            email_matches: vec![EmailMatch::Exact],
            types: AttributeTypes::default(),
            connectors: Vec::new(),
        }
    }
}

fn is_usable(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !name.is_empty() && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(connectors: &[(&str, &[&str])]) -> Settings {
        let connector = |(name, after): &(&str, &[&str])| ConnectorSettings {
            name: (*name).to_owned(),
            after: after.iter().map(|name| (*name).to_owned()).collect(),
            when: None,
        };
        Settings { connectors: connectors.iter().map(connector).collect(), ..Settings::for_tests() }
    }

    fn order(connectors: &[(&str, &[&str])]) -> Result<Vec<String>, Vec<SettingsError>> {
        let settings = settings(connectors);
        in_order(&settings.connectors).map(|order| order.into_iter().map(|one| one.name.clone()).collect())
    }

    #[test]
    fn a_connector_runs_after_those_it_names_and_otherwise_as_configured() {
        let connectors: [(&str, &[&str]); 4] = [("d", &["b", "c"]), ("a", &[]), ("c", &["b"]), ("b", &[])];
        assert_eq!(order(&connectors).unwrap(), ["a", "b", "c", "d"]);
    }

    #[test]
    fn connectors_that_wait_for_each_other_are_refused() {
        let errors = order(&[("a", &["b"]), ("b", &["a"]), ("c", &[])]).unwrap_err();
        assert_eq!(errors, [SettingsError::Cycle { names: vec!["a".to_owned(), "b".to_owned()] }]);
        assert!(order(&[("a", &["a"])]).is_err());
    }

    #[test]
    fn names_that_cannot_be_used_are_all_refused() {
        let errors = order(&[("a/b", &[]), ("c", &["z"]), ("C", &[]), ("", &[])]).unwrap_err();
        assert_eq!(errors.len(), 4, "{errors:?}");
    }
}
