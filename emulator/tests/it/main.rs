//! The emulator against its own contracts: each system over HTTP, the host with a small handler.
#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "tests call the emulated systems with a plain client")]

mod authority;
mod dev;
mod graph;
mod handler;
mod host;
mod mailchimp;
mod sign_up;
mod support;
