//! The binary: allocator, command line, exit code.

use std::process::ExitCode;

use guestlist::cli::{self, Command};
use guestlist::config::Environment;
use guestlist::server;
use guestlist::telemetry::FlushAtEnd;
use mimalloc::MiMalloc;

/// A request costs less with it than with the system's allocator, and the memory of a replaced list is used again
/// (docs/ARCHITECTURE.md, Dependencies).
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let _flush_at_end = FlushAtEnd;
    let command = match cli::parse(std::env::args_os()) {
        Ok(command) => command,
        Err(exit_code) => return exit_code,
    };
    let environment = Environment::of_the_process();
    match command {
        Command::Serve => server::run(&environment),
        Command::Check(options) => cli::check::run(&environment, &options),
        Command::Explain(options) => cli::explain::run(&environment, &options),
        Command::Schema(options) => cli::schema::run(&options),
        Command::Invites(options) => cli::invites::run(&environment, &options),
    }
}
