//! The files of a function app: `host.json`, `local.settings.json`, and for each function a folder with
//! `function.json`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

/// How HTTP requests are passed to the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `enableForwardingHttpRequest`: the host makes a new request, with the original `Host`.
    Forwarding,
    /// `enableProxyingHttpRequest`: the host passes the request through, with `X-Forwarded-*`.
    Proxying,
}

/// Why a folder is not a function app that can be run.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// A file cannot be read.
    #[error("read {}", .0.display())]
    Read(PathBuf, #[source] std::io::Error),
    /// A file has no JSON, or not the expected one.
    #[error("understand {}", .0.display())]
    Parse(PathBuf, #[source] serde_json::Error),
    /// `host.json` names no executable.
    #[error("host.json has no customHandler.description.defaultExecutablePath")]
    NoExecutable,
    /// `host.json` enables neither of the two ways to pass HTTP requests.
    #[error("host.json enables neither proxying nor forwarding; the wrapped form is not played")]
    NoMode,
    /// `functionTimeout` is not a time span.
    #[error("functionTimeout `{0}` is not a time span")]
    Timeout(String),
    /// A function has no trigger.
    #[error("function {0} has no trigger")]
    NoTrigger(String),
}

/// One binding of a function.
#[derive(Clone, Debug, Deserialize)]
pub struct Binding {
    /// `httpTrigger`, `timerTrigger`, `http`, `queue` …
    #[serde(rename = "type")]
    pub kind: String,
    /// `in` or `out`.
    #[serde(default)]
    pub direction: String,
    /// The name of the binding.
    #[serde(default)]
    pub name: String,
    /// The methods of an HTTP trigger; if empty, all.
    #[serde(default)]
    pub methods: Vec<String>,
    /// The route of an HTTP trigger; by default the function's name.
    #[serde(default)]
    pub route: Option<String>,
    /// The schedule of a timer trigger.
    #[serde(default)]
    pub schedule: Option<String>,
}

#[derive(Deserialize)]
struct FunctionFile {
    bindings: Vec<Binding>,
    #[serde(default)]
    disabled: bool,
}

/// One function.
#[derive(Clone, Debug)]
pub struct Function {
    /// The name of the folder, and of the function.
    pub name: String,
    trigger: Binding,
    bindings: Vec<Binding>,
}

impl Function {
    /// The binding that starts it.
    #[must_use]
    pub fn trigger(&self) -> &Binding {
        &self.trigger
    }

    /// The names of its out bindings.
    pub fn outputs(&self) -> impl Iterator<Item = &str> {
        let outputs = self.bindings.iter().filter(|binding| binding.direction == "out");
        outputs.map(|binding| binding.name.as_str())
    }

    pub(super) fn is(&self, trigger: &str) -> bool {
        self.trigger.kind.eq_ignore_ascii_case(trigger)
    }
}

/// A function app.
#[derive(Clone, Debug)]
pub struct Project {
    /// The folder of the app.
    pub root: PathBuf,
    /// The functions, sorted by name.
    pub functions: Vec<Function>,
    /// `extensions.http.routePrefix`.
    pub route_prefix: String,
    /// `functionTimeout`; `None` for unlimited.
    pub function_timeout: Option<Duration>,
    /// `Values` of `local.settings.json`.
    pub settings: BTreeMap<String, String>,
    host: Value,
}

const EXECUTABLE: &str = "/customHandler/description/defaultExecutablePath";

impl Project {
    /// Reads the files below `root`.
    pub fn read(root: &Path) -> Result<Self, ProjectError> {
        let host: Value = parse(&root.join("host.json"))?;
        let prefix = host.pointer("/extensions/http/routePrefix");
        let timeout = host.get("functionTimeout").and_then(Value::as_str);
        let mut functions = Vec::new();
        let failed = |error| ProjectError::Read(root.to_owned(), error);
        for entry in std::fs::read_dir(root).map_err(failed)? {
            let folder = entry.map_err(failed)?.path();
            if folder.join("function.json").is_file() {
                functions.extend(function(&folder)?);
            }
        }
        functions.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self {
            root: root.to_owned(),
            functions,
            route_prefix: prefix.and_then(Value::as_str).unwrap_or("api").to_owned(),
            function_timeout: timeout.map_or(Ok(Some(Duration::from_mins(30))), time_span)?,
            settings: local_settings(root)?,
            host,
        })
    }

    /// How HTTP requests are passed to the process. If both ways are enabled, it is proxying.
    pub fn mode(&self) -> Result<Mode, ProjectError> {
        let enabled = |name: &str| {
            let flag = self.host.pointer(&format!("/customHandler/{name}"));
            flag.and_then(Value::as_bool) == Some(true)
        };
        if enabled("enableProxyingHttpRequest") {
            Ok(Mode::Proxying)
        } else if enabled("enableForwardingHttpRequest") {
            Ok(Mode::Forwarding)
        } else {
            Err(ProjectError::NoMode)
        }
    }

    /// The executable of `setting` or else of `host.json`: below the root if it is there, otherwise on the `PATH`.
    pub fn executable(&self, setting: Option<String>) -> Result<PathBuf, ProjectError> {
        let named = self.host.pointer(EXECUTABLE).and_then(Value::as_str);
        let name = setting
            .or_else(|| named.map(str::to_owned))
            .filter(|name| !name.is_empty())
            .ok_or(ProjectError::NoExecutable)?;
        let below = self.root.join(&name);
        Ok(if below.is_file() { below } else { name.into() })
    }

    /// The arguments of the executable, from `host.json`.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let arguments = self.host.pointer("/customHandler/description/arguments");
        let texts = arguments.and_then(Value::as_array).into_iter().flatten();
        texts.filter_map(Value::as_str).map(str::to_owned).collect()
    }
}

fn function(folder: &Path) -> Result<Option<Function>, ProjectError> {
    let file: FunctionFile = parse(&folder.join("function.json"))?;
    let name = folder.file_name().unwrap_or_default();
    let name = name.to_string_lossy().into_owned();
    if file.disabled {
        return Ok(None);
    }
    let is_trigger = |binding: &&Binding| binding.kind.to_ascii_lowercase().ends_with("trigger");
    let trigger = file.bindings.iter().find(is_trigger).cloned();
    Ok(Some(Function {
        trigger: trigger.ok_or_else(|| ProjectError::NoTrigger(name.clone()))?,
        name,
        bindings: file.bindings,
    }))
}

fn local_settings(root: &Path) -> Result<BTreeMap<String, String>, ProjectError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct LocalSettings {
        #[serde(default)]
        values: BTreeMap<String, String>,
    }
    let path = root.join("local.settings.json");
    if !path.is_file() {
        return Ok(BTreeMap::new());
    }
    parse(&path).map(|settings: LocalSettings| settings.values)
}

fn parse<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, ProjectError> {
    let text = std::fs::read(path).map_err(|error| ProjectError::Read(path.to_owned(), error))?;
    serde_json::from_slice(&text).map_err(|error| ProjectError::Parse(path.to_owned(), error))
}

/// `hh:mm:ss` or `d.hh:mm:ss`; `-1` means unlimited.
fn time_span(text: &str) -> Result<Option<Duration>, ProjectError> {
    if text == "-1" {
        return Ok(None);
    }
    let wrong = || ProjectError::Timeout(text.to_owned());
    let (days, time) = text.split_once('.').unwrap_or(("0", text));
    let numbers: Result<Vec<u64>, _> = std::iter::once(days).chain(time.split(':')).map(str::parse).collect();
    match numbers.map_err(|_| wrong())?.as_slice() {
        [days, hours, minutes, seconds] => {
            let hours = days * 24 + hours;
            Ok(Some(Duration::from_secs((hours * 60 + minutes) * 60 + seconds)))
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_time_spans() {
        assert_eq!(time_span("00:10:00").unwrap(), Some(Duration::from_mins(10)));
        assert_eq!(time_span("1.00:00:01").unwrap(), Some(Duration::from_secs(86_401)));
        assert_eq!(time_span("-1").unwrap(), None);
        assert!(time_span("10 minutes").is_err());
    }
}
