//! The command line: what an engineer types. One file per command; without a command it serves.
//!
//! Exit codes: 0 done, 1 failed, 64 the command line or the configuration is wrong.

pub mod check;
pub mod explain;
pub mod invites;
mod rehearsal;
pub mod schema;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::telemetry;

/// The exit code for a wrong command line or configuration.
pub(crate) const USAGE: u8 = 64;

/// Decides who may sign up to a Microsoft Entra External ID tenant, and connects every new account.
#[derive(Debug, Parser)]
#[command(name = "guestlist", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

/// The commands.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Answer the Functions host (the default); the port comes from `FUNCTIONS_CUSTOMHANDLER_PORT`
    Serve,
    /// Read the configuration as the service does and show everything that is wrong with it
    Check(check::Options),
    /// Show what would be decided about an address, and why
    Explain(Box<explain::Options>),
    /// Print the JSON Schema of `guestlist.toml`, for editors
    Schema(schema::Options),
    /// Change the invite lists
    Invites(invites::Options),
}

/// Reads the command line. If the answer was printed already (help, version, a usage error), the error is the exit
/// code.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, ExitCode> {
    match Arguments::try_parse_from(arguments) {
        Ok(arguments) => Ok(arguments.command.unwrap_or(Command::Serve)),
        Err(error) => {
            // If the terminal cannot be written to, there is no way to report that.
            let _ = error.print();
            let asked_for = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            Err(if asked_for { ExitCode::SUCCESS } else { ExitCode::from(USAGE) })
        }
    }
}

/// Prints a command's answer, and hands back the command's exit code. A reader that went away (`| head`) is no failure, a
/// device that takes no more is one.
fn show(text: &str, exit: ExitCode) -> ExitCode {
    match print(text) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            print_error(&format!("cannot write to standard output: {error}\n"));
            ExitCode::FAILURE
        }
        _ => exit,
    }
}

/// Writes to standard output.
fn print(text: &str) -> io::Result<()> {
    // Log lines that were written before the answer come first.
    telemetry::flush();
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Prints why there is no answer.
fn print_error(text: &str) {
    telemetry::flush();
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
