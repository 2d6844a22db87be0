//! What a process used, as `/proc` says.

use std::collections::HashMap;
use std::fs;

use crate::Outcome;

/// The CPU time of each thread of a process, in nanoseconds of the scheduler, which are finer than the ticks of
/// `/proc/{pid}/stat`.
pub(crate) struct CpuTime(HashMap<String, u64>);

impl CpuTime {
    pub(crate) fn of(pid: u32) -> Outcome<Self> {
        let mut threads = HashMap::new();
        for task in fs::read_dir(format!("/proc/{pid}/task"))? {
            let task = task?;
            // A thread that has ended meanwhile has no file.
            let Ok(text) = fs::read_to_string(task.path().join("schedstat")) else { continue };
            let time = text.split_whitespace().next().ok_or("an empty schedstat")?.parse()?;
            threads.insert(task.file_name().to_string_lossy().into_owned(), time);
        }
        Ok(Self(threads))
    }

    /// The nanoseconds since `earlier`.
    pub(crate) fn since(&self, earlier: &Self) -> u64 {
        let used = |(thread, time): (&String, &u64)| time.saturating_sub(earlier.0.get(thread).copied().unwrap_or(0));
        self.0.iter().map(used).sum()
    }
}

/// The memory of a process in kilobytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memory {
    /// What is resident now.
    pub resident: u64,
    /// The most that was resident so far.
    pub peak: u64,
}

impl Memory {
    pub(crate) fn of(pid: u32) -> Outcome<Self> {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let field = |name: &str| -> Outcome<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|rest| rest.split_whitespace().next());
            Ok(number.ok_or_else(|| format!("/proc/{pid}/status has no {name}"))?.parse()?)
        };
        Ok(Self { resident: field("VmRSS:")?, peak: field("VmHWM:")? })
    }
}
