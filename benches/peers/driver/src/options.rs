//! The command line. `scripts/bench` fills most of it.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::plan::Plan;

/// Compares guestlist with its peers under load.
#[derive(Debug, Parser)]
#[command(disable_version_flag = true)]
pub(crate) struct Options {
    /// The executable of guestlist.
    #[arg(long)]
    pub guestlist: PathBuf,
    /// The executable of the echo.
    #[arg(long)]
    pub echo: PathBuf,
    /// The Node.js handler, beside the modules that it needs.
    #[arg(long)]
    pub node: PathBuf,
    /// A further executable of guestlist, measured in turns with the others.
    #[arg(long, value_name = "NAME=PATH", value_parser = beside)]
    pub beside: Vec<(String, PathBuf)>,
    /// How much is measured.
    #[arg(long, value_enum, default_value_t = Extent::Full)]
    pub extent: Extent,
    /// Markdown about lists, to be added to the report.
    #[arg(long, value_name = "FILE")]
    pub lists: Option<PathBuf>,
    /// What the benchmarks in process print, to be added to the report.
    #[arg(long, value_name = "FILE")]
    pub figures: Option<PathBuf>,
    /// The document whose generated part is replaced by the report.
    #[arg(long, value_name = "FILE")]
    pub write: Option<PathBuf>,
    /// The document whose generated part is replaced by a summary.
    #[arg(long, value_name = "FILE")]
    pub summary: Option<PathBuf>,
}

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Extent {
    /// Everything that the document shows.
    Full,
    /// 100,000 invites at saturation: to compare two builds.
    Quick,
    /// As little as shows that all parts work. Its figures mean nothing.
    Smoke,
}

impl Options {
    pub(crate) fn plan(&self) -> Plan {
        match self.extent {
            Extent::Full => Plan::full(),
            Extent::Quick => Plan::quick(),
            Extent::Smoke => Plan::smoke(),
        }
    }
}

fn beside(text: &str) -> Result<(String, PathBuf), String> {
    let (name, path) = text.split_once('=').ok_or("write NAME=PATH")?;
    Ok((name.to_owned(), path.into()))
}
