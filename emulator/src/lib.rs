//! A whole external tenant on one machine.
//!
//! Entra cannot call an extension on `localhost`, and shows every mistake as "Something went wrong". This crate plays
//! everything outside of the product: Entra's side of a sign-up, the tenant, the outside systems, and the Functions
//! host that runs the product's binary. It knows the contracts of the outside only, and never depends on the product.
//!
//! | module | plays |
//! | --- | --- |
//! | [`tenant`] | Entra's authorities and tokens, and Microsoft Graph; each on its own loopback port |
//! | [`systems`] | the outside systems that connectors write to; each on its own loopback port |
//! | [`sign_up`] | Entra's calls of the hooks: events, the limit of two seconds, one retry, what an answer means for the person |
//! | [`host`] | the Functions host: starts the executable, routes HTTP functions, fires timers, kills |
//! | [`clock`] | the time that all of them share |
#![expect(
    clippy::disallowed_methods,
    reason = "the outside world has its own clock, its own HTTP client and nobody who waits for its tasks"
)]

pub mod clock;
mod faults;
pub mod host;
mod shared;
pub mod sign_up;
pub mod systems;
pub mod tenant;

pub use clock::Clock;
pub use host::Host;
pub use sign_up::Entra;
pub use tenant::Tenant;
