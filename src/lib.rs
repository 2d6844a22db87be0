//! guestlist decides who may sign up to a Microsoft Entra External ID tenant, checks the sign-up form, and connects
//! every new account to the rest of the business. It runs as a custom handler of Azure Functions.
//!
//! This file is the map of the rooms; `docs/ARCHITECTURE.md` says what each may use, and a test holds it.

mod accounts;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
mod connectors;
mod credentials;
mod decisions;
pub mod entra;
mod expressions;
mod files;
mod functions;
mod graph;
pub mod invites;
mod lookups;
mod outbound;
mod outbox;
mod reservations;
pub mod server;
pub mod signup;
mod storage;
pub mod telemetry;
pub mod values;
