#![cfg(test)]
//! The integration tests: the product from outside, against the emulator.

mod architecture;
mod association;
mod budget_process;
mod callers;
mod commands;
mod front_door;
mod function_app;
mod hooks;
mod process;
mod redaction;
mod schema;
mod service;
mod stage;
mod timer;
mod timer_failures;
mod timer_kills;
mod wire;
