//! `guestlist invites …`: the invite lists, changed from the command line.

mod add;
mod codes_file;
mod values;

use std::process::ExitCode;

use crate::config::Environment;

/// The options of the command.
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Invite an address or a domain, or make invitation codes
    Add(Box<add::Options>),
}

/// Runs the command.
#[must_use]
pub fn run(environment: &Environment, options: &Options) -> ExitCode {
    match &options.command {
        Command::Add(options) => add::run(environment, options),
    }
}
