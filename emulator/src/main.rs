//! `cargo dev`: builds the product and runs it in a tenant on this machine.
//!
//! Without `--script` it says what to try, and runs until Ctrl-C. With `--script` it plays three sign-ups and two timer
//! runs, checks every answer against the sample configuration, and exits with 1 if one is wrong.

mod dev;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use dev::sandbox::Sandbox;
use dev::screen::{Screen, chain};
use dev::{DevError, interactive, product, script};

/// Runs guestlist in a tenant on this machine.
#[derive(Parser, Debug)]
#[command(name = "cargo dev", bin_name = "cargo dev --")]
struct Options {
    /// Play three sign-ups and a timer run, check everything, and end
    #[arg(long)]
    script: bool,
    /// Show the product's own log lines in a script, too
    #[arg(long)]
    verbose: bool,
    /// Build and run the optimised product
    #[arg(long)]
    release: bool,
    /// The function app's folder; by default the workspace's root
    #[arg(long, value_name = "DIR")]
    project: Option<PathBuf>,
    /// Run this executable and build nothing
    #[arg(long, value_name = "FILE")]
    executable: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse_from(arguments());
    let screen = Screen::standard();
    match run(&options, &screen).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "cargo dev: {}", chain(&error));
            ExitCode::FAILURE
        }
    }
}

/// The arguments without a `--` in front: the alias `cargo dev` ends in one, and people may type another.
fn arguments() -> impl Iterator<Item = OsString> {
    std::env::args_os().enumerate().filter(|(at, argument)| *at != 1 || argument != "--").map(|(_, argument)| argument)
}

/// Runs the chosen mode. True if nothing was wrong.
async fn run(options: &Options, screen: &Screen) -> Result<bool, DevError> {
    let root = product::workspace();
    let executable = match &options.executable {
        Some(path) => path.canonicalize().map_err(|error| DevError::Executable(path.clone(), error))?,
        None => product::build(&root, options.release, screen).await?,
    };
    let project = options.project.as_ref().unwrap_or(&root);
    let shows_lines = options.verbose || !options.script;
    let sandbox = Sandbox::start(project, executable, shows_lines.then(|| screen.clone())).await?;
    if options.script {
        Ok(Box::pin(script::play(&sandbox, screen)).await)
    } else {
        interactive::run(sandbox, screen).await.map(|()| true)
    }
}
