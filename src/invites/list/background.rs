//! Work that must not slow down hooks: on a thread of its own, which gets a processor when nobody else wants one.
//!
//! A thread with a low priority is interrupted as soon as a hook comes in. Otherwise a hook may wait for some
//! milliseconds on a machine with few processors. Only Linux has priorities of threads that everybody may lower.

use std::panic::resume_unwind;

/// The lowest priority is 19, the usual one 0.
#[cfg(target_os = "linux")]
const PRIORITY: i32 = 15;

/// Does the work, and waits for it. `None`: there is no thread for it.
pub(super) fn run<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    std::thread::scope(|scope| {
        let lowered = || {
            lower_priority();
            work()
        };
        let thread = std::thread::Builder::new().name("list".to_owned()).spawn_scoped(scope, lowered).ok()?;
        Some(thread.join().unwrap_or_else(|panicked| resume_unwind(panicked)))
    })
}

#[cfg(target_os = "linux")]
fn lower_priority() {
    // Without an id it is this thread. If it fails, the thread is as important as the others.
    let _ = rustix::process::setpriority_process(None, PRIORITY);
}

#[cfg(not(target_os = "linux"))]
fn lower_priority() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::getpriority_process;

    use super::*;

    #[test]
    fn only_the_thread_that_works_has_a_low_priority() {
        let own = getpriority_process(None).unwrap();
        let of_the_work = run(|| getpriority_process(None).unwrap());
        assert_eq!((of_the_work, getpriority_process(None).unwrap()), (Some(PRIORITY.max(own)), own));
    }
}
