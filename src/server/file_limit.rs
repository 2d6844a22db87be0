//! How many files the system lets the process hold open. A connection is one of them.

/// Raises the limit as far as the system allows without rights, and returns it; `None` if there is none.
#[cfg(unix)]
pub(super) fn raise() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let highest = Rlimit { current: limit.maximum, maximum: limit.maximum };
    // Some systems refuse their own maximum. Then the limit stays as it was.
    let raised = limit.current != limit.maximum && setrlimit(Resource::Nofile, highest).is_ok();
    if raised { limit.maximum } else { limit.current }
}

/// Other systems have no such limit.
#[cfg(not(unix))]
pub(super) fn raise() -> Option<u64> {
    None
}
