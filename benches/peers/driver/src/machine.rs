//! Where and when it was measured, and with what.

use std::fs;
use std::process::Command;

use guestlist_emulator::Clock;

use crate::Outcome;

/// A Markdown list.
pub(crate) fn describe(clock: &Clock) -> Outcome<String> {
    let processor = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
    let kilobytes: u64 =
        field("/proc/meminfo", "MemTotal").and_then(|text| text.split(' ').next()?.parse().ok()).unwrap_or(0);
    let system = field("/etc/os-release", "PRETTY_NAME").unwrap_or_else(|| "unknown".to_owned());
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    Ok(format!(
        "- Date: {}. Version: {}.\n\
         - Machine: {processor}, {} processors, {} GB of memory; {}, Linux {}.\n\
         - Tools: {}; Node.js {}; {}.\n",
        clock.now().format("%-d %B %Y"),
        said("git", &["describe", "--always", "--dirty"]),
        std::thread::available_parallelism()?,
        kilobytes / 1_000_000,
        system.trim_matches('"'),
        kernel.trim(),
        said("rustc", &["--version"]),
        said("node", &["--version"]),
        said("wrk", &["--version"]).split(" [").next().unwrap_or_default(),
    ))
}

/// The value of a field: `name: value` or `name=value`.
fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(rest.trim_start_matches([' ', '\t', ':', '=']).trim().to_owned())
}

/// The first line that a command prints; `wrk --version` prints it and fails.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().map_or_else(|| format!("{program} of an unknown version"), str::to_owned)
}
