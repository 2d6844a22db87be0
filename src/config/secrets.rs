//! References to secrets: `{ env = "NAME" }` or `{ file = "path" }`. A secret is never a plain string in the file.

use std::path::{Path, PathBuf};

use super::engine::{
    Decode, Diagnostics, Key, Node, Origin, Section, SectionNode, Severity, Shape, Spanned, TextFormat, Value, as_toml,
    built_in,
};
use super::environment::Environment;
use crate::files;
use crate::values::{Secret, SecretError};

/// The largest file of a secret, in bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// Where a secret is.
#[derive(Debug, Clone)]
pub(super) struct SecretRef {
    place: Place,
    origin: Origin,
}

#[derive(Debug, Clone)]
enum Place {
    Setting(String),
    File(PathBuf),
    /// Nobody knows; that was reported.
    Unknown,
}

impl Decode for SecretRef {
    fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        const REMEDY: &str = r#"write { env = "NAME" } or { file = "path" }"#;
        if matches!(node.value, Value::String(_)) {
            diagnostics.error(&node.origin, format!("a secret is never a plain string: {REMEDY}"));
            return None;
        }
        let node = as_toml(node, diagnostics)?;
        let mut section = SectionNode::of(&node, diagnostics)?;
        section.check_keys(&["env", "file"], &["key_vault"], &|_| false, diagnostics);
        let text = |key| section.get(key).map(|node| &node.value);
        let place = match (text("env"), text("file")) {
            (Some(Value::String(name) | Value::Setting(name)), None) if !name.is_empty() => {
                Place::Setting(name.clone())
            }
            (None, Some(Value::String(path) | Value::Setting(path))) if !path.is_empty() => {
                Place::File(PathBuf::from(path))
            }
            _ if section.get("key_vault").is_some() => return None,
            _ => {
                diagnostics.error(&node.origin, REMEDY);
                return None;
            }
        };
        Some(Self { place, origin: node.origin.clone() })
    }

    fn shape() -> Shape {
        let setting = Key::new("env", &["The name of the app setting that holds the secret."], String::shape());
        let setting = setting.with_format(TextFormat::NotEmpty);
        let file = Key::new("file", &["The file that holds the secret, and nothing else."], String::shape());
        Shape::Secret(vec![
            Section::new("SecretInSetting", &["A secret in an app setting."], vec![setting]),
            Section::new("SecretInFile", &["A secret in a file."], vec![file.with_format(TextFormat::SecretFile)]),
        ])
    }
}

impl SecretRef {
    /// The placeholder of a missing reference.
    pub(super) fn unknown() -> Self {
        let Spanned { value: place, origin } = built_in(Place::Unknown);
        Self { place, origin }
    }

    /// The secret, or why it is missing. A missing secret is also reported; it does not stop the service.
    pub(super) fn resolve(
        &self,
        environment: &Environment,
        diagnostics: &mut Diagnostics,
    ) -> Result<Secret, SecretError> {
        let resolved = match &self.place {
            Place::Setting(name) => from_setting(name, environment),
            Place::File(written) => {
                let path = environment.folder.join(written);
                diagnostics.add_named_file(&self.origin, written, &path);
                from_file(&path)
            }
            Place::Unknown => return Err(SecretError::SettingMissing { name: String::new() }),
        };
        if let Err(error) = &resolved {
            diagnostics.report(Severity::MissingSecret, &self.origin, error.to_string());
        }
        resolved
    }
}

fn from_setting(name: &str, environment: &Environment) -> Result<Secret, SecretError> {
    let name = name.to_owned();
    match environment.variables.get(&name).map(|value| value.trim()).filter(|value| !value.is_empty()) {
        None => Err(SecretError::SettingMissing { name }),
        // The platform leaves the reference in place if it cannot resolve it.
        Some(value) if value.starts_with("@Microsoft.KeyVault(") => Err(SecretError::ReferenceUnresolved { name }),
        Some(value) => Ok(Secret::new(value)),
    }
}

fn from_file(path: &Path) -> Result<Secret, SecretError> {
    let unusable = |reason: String| SecretError::FileUnusable { path: path.display().to_string(), reason };
    let content = files::read(path, MAX_BYTES).map_err(|error| unusable(error.to_string()))?;
    let text = std::str::from_utf8(&content.bytes).map_err(|_| unusable("it is not UTF-8".to_owned()))?;
    if text.trim().is_empty() { Err(unusable("it is empty".to_owned())) } else { Ok(Secret::new(text)) }
}
