//! Compares guestlist with its peers: a bare axum echo and a Node.js handler. `scripts/bench` builds everything, installs
//! what is missing, and runs it.
//!
//! The peers run at the same time and are measured in turns, so that what else happens on the machine falls on all of
//! them. Every figure is a median over the rounds, every ratio the median of the ratios within a round. Nothing here
//! asserts a figure: a bar that is missed is printed as missed.
#![expect(clippy::print_stderr, reason = "progress is for whoever waits")]
#![expect(clippy::print_stdout, reason = "printing figures is what it is for")]

mod answers;
mod bars;
mod document;
mod histogram;
mod load;
mod machine;
mod numbers;
mod options;
mod peer;
mod plan;
mod project;
mod report;
mod run;
mod starts;
mod summary;
mod tokens;
mod usage;

use std::process::ExitCode;

use clap::Parser;
use guestlist_emulator::Tenant;

use crate::options::Options;
use crate::report::Report;

/// What can go wrong ends the run, and its text says what it was.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    let options = Options::parse();
    match measure(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("guestlist-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(options: &Options) -> Outcome<()> {
    // The tenant serves its keys from these threads while everything else here blocks.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let tenant = runtime.block_on(Tenant::start_default())?;
    let plan = options.plan();
    let runs = run::all(options, &plan, &tenant)?;
    let report = Report { options, plan: &plan, runs: &runs, machine: machine::describe(tenant.clock())? };
    let text = report.markdown()?;
    println!("{text}");
    if let Some(document) = &options.write {
        document::replace(document, &text)?;
    }
    if let Some(document) = &options.summary {
        document::replace(document, &summary::markdown(&report)?)?;
    }
    Ok(())
}
