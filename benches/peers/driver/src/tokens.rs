//! Tokens: signed before anything is measured, on all processors.

use std::thread;

use guestlist_emulator::Tenant;
use guestlist_emulator::tenant::KeyError;

use crate::Outcome;

/// So many tokens, each another one, and other ones than those of another `batch`.
pub(crate) fn mint(tenant: &Tenant, batch: usize, count: usize) -> Outcome<Vec<String>> {
    let workers = thread::available_parallelism()?.get();
    let token = tenant.token();
    let sign = |number: usize| token.clone().claim("uti", format!("{batch}-{number}")).encode();
    thread::scope(|scope| {
        let share = |worker| (worker..count).step_by(workers).map(sign).collect::<Result<Vec<_>, KeyError>>();
        let running: Vec<_> = (0..workers).map(|worker| scope.spawn(move || share(worker))).collect();
        let mut tokens = Vec::with_capacity(count);
        for worker in running {
            tokens.extend(worker.join().map_err(|_| "a thread that signs tokens has panicked")??);
        }
        Ok(tokens)
    })
}
