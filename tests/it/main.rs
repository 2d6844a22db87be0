#![cfg(test)]
//! The integration tests: the product from outside, against the emulator.

mod architecture;
mod association;
mod budget_process;
mod callers;
mod front_door;
mod hooks;
mod process;
mod service;
mod stage;
mod timer;
mod timer_failures;
mod timer_kills;
