//! Secrets: texts that cannot be printed, and the error of a missing one.

use secrecy::{ExposeSecret, SecretString};

/// A secret's value. `Debug` shows that there is one, nothing more; it is wiped from memory when dropped.
#[derive(Debug, Clone)]
pub(crate) struct Secret(SecretString);

impl Secret {
    /// Wraps the value; white space around it (a file's last line break) is dropped.
    #[must_use]
    pub(crate) fn new(value: &str) -> Self {
        Self(SecretString::from(value.trim()))
    }

    /// The value, for the one place that sends or compares it.
    #[must_use]
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// A secret that could not be resolved when the configuration was read.
///
/// It does not stop the service: whoever needs the secret reports this error when it is needed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SecretError {
    /// The named app setting is absent or empty.
    #[error("the app setting {name} is not set: give it the secret's value")]
    SettingMissing {
        /// The setting's name.
        name: String,
    },
    /// The setting holds a Key Vault reference that the platform did not resolve.
    #[error("the app setting {name} still holds its Key Vault reference: give the app's identity access to the secret")]
    ReferenceUnresolved {
        /// The setting's name.
        name: String,
    },
    /// The named file cannot be read, or is empty.
    #[error("the secret file {path} cannot be used: {reason}")]
    FileUnusable {
        /// The file's path.
        path: String,
        /// What the system said.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print_itself() {
        let secret = Secret::new("hunter2\n");
        assert_eq!(secret.expose(), "hunter2");
        assert!(!format!("{secret:?}").contains("hunter2"));
    }
}
