//! What invite lists cost: `cargo bench --bench lists`, a table in Markdown.
//!
//! Each row is measured in a process of its own, which this program starts again with the name of the row, so that the
//! memory of one list is not that of another. Resident memory is what Linux says of the process (`VmRSS`, `VmHWM` in
//! `/proc/self/status`), less what it was before the list was read. Nothing is asserted: machines differ.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a bench that cannot be set up has nothing to measure")]
#![expect(clippy::print_stdout, reason = "printing figures is what it is for")]

#[path = "lists/measure.rs"]
mod measure;
#[path = "lists/sample.rs"]
mod sample;
#[path = "lists/swap.rs"]
mod swap;

use std::path::Path;
use std::process::{Command, Stdio};

use sample::SAMPLES;

/// The product's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The row that is measured on the service instead of a list alone.
const SWAP: &str = "swap-under-load";

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (row, file) = (arguments.next().unwrap_or_default(), arguments.next().unwrap_or_default());
    if let Some(sample) = SAMPLES.iter().find(|sample| sample.name == row) {
        return println!("{}", measure::row(sample, Path::new(&file)));
    }
    if row == SWAP {
        return println!("{}", swap::table(Path::new(&file)));
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("invites.csv");
    println!("{}", measure::HEAD);
    for sample in &SAMPLES {
        sample.write(&file);
        print!("{}", measured_apart(sample.name, &file));
    }
    println!("\n{}\n", measure::method());
    SAMPLES.iter().find(|sample| sample.name == "three-columns").unwrap().write(&file);
    print!("{}", measured_apart(SWAP, &file));
}

/// The output of a process that measures one row, with this list.
fn measured_apart(row: &str, file: &Path) -> String {
    let own = std::env::current_exe().unwrap();
    let output = Command::new(own).arg(row).arg(file).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "the row {row} could not be measured");
    String::from_utf8(output.stdout).unwrap()
}
