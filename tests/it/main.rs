#![cfg(test)]
//! The integration tests: the product from outside, against the emulator.

mod architecture;
mod association;
mod budget_process;
mod callers;
mod code_life;
mod code_uses;
mod codes;
mod commands;
mod deliveries;
#[cfg(target_os = "linux")]
mod edges;
mod examples;
mod explain;
mod failure_action;
mod federated;
mod form_rules;
mod front_door;
mod hooks;
mod invites_command;
mod lists;
mod lookups;
mod metrics;
mod mistakes;
mod no_address;
mod one_mistake;
mod package;
mod policies;
mod policy_tests;
mod prefill;
mod process;
mod redaction;
mod rehearsal;
mod schema;
mod sender;
mod support;
mod timer;
mod timer_failures;
mod timer_kills;
mod unread_output;
