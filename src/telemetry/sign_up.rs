//! Which sign-up a line belongs to.
//!
//! A span of `tracing` would do the same, and every request would pay for it; this costs a line a look.

use tokio::task_local;

use crate::values::CorrelationId;

task_local! {
    static CORRELATION_ID: Option<CorrelationId>;
}

/// Runs the future. Every line that it writes has the correlation id, if there is one.
pub(crate) async fn in_sign_up<F: Future>(correlation_id: Option<CorrelationId>, future: F) -> F::Output {
    CORRELATION_ID.scope(correlation_id, future).await
}

/// Passes on the correlation id of the sign-up that the present task works for, if it works for one that has one.
pub(super) fn with_correlation_id(pass_on: impl FnOnce(&CorrelationId)) {
    // Outside of a sign-up there is none.
    let _ = CORRELATION_ID.try_with(|id| id.as_ref().map(pass_on));
}
