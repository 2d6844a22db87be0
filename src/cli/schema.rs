//! `guestlist schema`: what may be written in `guestlist.toml`, for an editor or for a person.

use std::process::ExitCode;

use super::show;
use crate::config::documents;

/// What can be asked for.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Print the reference as Markdown
    #[arg(long)]
    markdown: bool,
}

/// Runs the command. It reads no configuration.
#[must_use]
pub fn run(options: &Options) -> ExitCode {
    show(&if options.markdown { documents::markdown() } else { documents::json_schema() }, ExitCode::SUCCESS)
}
