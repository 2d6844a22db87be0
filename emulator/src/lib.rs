//! A whole external tenant on one machine.
//!
//! Custom authentication extensions cannot be called on `localhost`, and a mistake shows only as "Something went wrong". This crate
//! plays everything outside the product: Entra's side of a sign-up, the tenant it signs up to, the systems behind it, and the Functions
//! host that runs the product's binary. It knows the outside contracts only and never depends on the product.
//!
//! | module | plays |
//! | --- | --- |
//! | [`tenant`] | Entra's authorities and tokens, and Microsoft Graph; each on its own loopback port |
//! | [`systems`] | the outside systems that connectors write to; each on its own loopback port |
//! | [`sign_up`] | Entra calling the hooks: events, the 2-second limit, one retry, what an answer means to the person |
//! | [`host`] | the Functions host: starts the executable, routes HTTP functions, fires timers, kills |
//! | [`clock`] | the time all of them share |
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
