//! guestlist decides who may sign up to a Microsoft Entra External ID tenant, checks the sign-up form, and connects
//! every new account to the rest of the business. It runs as a custom handler of Azure Functions.
//!
//! This file is the map of the rooms; `docs/ARCHITECTURE.md` says what each may use, and a test holds it.

pub mod accounts;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connectors;
pub mod credentials;
pub mod decisions;
pub mod entra;
pub mod expressions;
pub mod files;
pub mod functions;
pub mod graph;
pub mod invites;
pub mod lookups;
pub mod outbound;
mod outbox;
pub mod reservations;
pub mod server;
pub mod signup;
pub mod storage;
pub mod telemetry;
pub mod values;
