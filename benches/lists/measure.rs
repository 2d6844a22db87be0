//! One list: its memory, how long it takes to read, and how long a look-up takes.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use guestlist::invites::csv_reader::{self, ListOptions, UnendedLine};
use guestlist::invites::snapshot::Snapshot;
use guestlist::values::{AttributeTypes, EmailAddress, EmailMatch};

use super::sample::{LookUp, Random, Sample};

/// The head of the table.
pub(crate) const HEAD: &str = "\
| a line has | lines | bytes a line, counted | bytes a line, resident | load | look-up that finds: p50 | p99 | \
look-up that finds nothing: p50 | p99 | peak of a swap, counted | resident | after it |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |";

/// How the figures of the table are measured.
pub(crate) fn method() -> String {
    format!(
        "Counted: what the list says of itself, as in the line `invites-loaded`. Resident: what the process has more than \
         before it read the list, two seconds later: the allocator gives freed memory back after a second. Load: from the file in the system's cache to the list; \
         in parentheses the processor's time. Look-ups: {LOOK_UPS} random lines and as many addresses that are not there, \
         seed {SEED}, each timed by itself; reading the clock for that takes {:?} of each, the parsing of the address is \
         not in it. Peak of a swap: the old list, the new one, and all that reading it takes; resident: `VmHWM` less what \
         the process had before the first list. After it: what the process has more when one of the two is freed.",
        clock(),
    )
}

/// How many look-ups are timed.
const LOOK_UPS: usize = 200_000;

/// What the random numbers begin with.
const SEED: u64 = 9;

/// The row of one list, which is in the file.
pub(crate) fn row(sample: &Sample, file: &Path) -> String {
    let before = resident("VmRSS:");
    let (began, used) = (Instant::now(), processor_time());
    let list = read(file);
    let (load, used) = (began.elapsed().as_secs_f64(), processor_time() - used);
    let lines = list.len() as u64;
    assert_eq!(lines, sample.lines, "every line must be used");
    let each = settled().saturating_sub(before) / lines;
    let times = look_ups(sample, &list);
    let new = read(file);
    let peak = (list.memory() + new.load_peak()) / 1_000_000;
    let resident_peak = resident("VmHWM:").saturating_sub(before) / 1_000_000;
    let counted = list.memory() as u64 / lines;
    drop(list);
    let after = settled().saturating_sub(before) / 1_000_000;
    format!(
        "| {} | {lines} | {counted} | {each} | {load:.2} s ({used:.2} s) | {times} | {peak} MB | {resident_peak} MB | {after} MB |",
        sample.what,
    )
}

fn read(file: &Path) -> Snapshot {
    let types = AttributeTypes::default();
    let options = ListOptions { source: "beta".into(), apps: Vec::new(), extension_app: None, types };
    csv_reader::read(std::fs::read(file).unwrap(), &options, UnendedLine::Used).unwrap().0
}

/// A value of `/proc/self/status`, in bytes.
fn resident(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// The resident memory, when the allocator has given back what was freed. It does so after a second, when somebody
/// allocates something.
fn settled() -> u64 {
    std::thread::sleep(Duration::from_secs(2));
    for size in 1..2000 {
        black_box(vec![1_u8; size]);
    }
    resident("VmRSS:")
}

/// What all threads of this process have used of the processors, in seconds.
fn processor_time() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let ticks: f64 = fields.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap()).sum();
    // Linux counts a hundred in a second.
    ticks / 100.0
}

/// The cells of a row about look-ups that find something, and that find nothing.
fn look_ups(sample: &Sample, list: &Snapshot) -> String {
    let LookUp::Address(address) = sample.look_up else { return "– | – | – | –".to_owned() };
    let mut random = Random(SEED);
    let mut numbers = || random.next() % sample.lines;
    let there = timed(list, (0..LOOK_UPS).map(|_| address(numbers())), 1);
    let not_there = timed(list, (0..LOOK_UPS).map(|_| format!("not-{}", address(numbers() + sample.lines))), 0);
    format!("{} | {}", cells(there), cells(not_there))
}

/// The time of each look-up, which must find so many lines.
fn timed(list: &Snapshot, addresses: impl Iterator<Item = String>, finds: usize) -> Vec<Duration> {
    let addresses: Vec<EmailAddress> = addresses.map(|address| address.parse().unwrap()).collect();
    let look_up = |address: &EmailAddress| {
        let began = Instant::now();
        let found = black_box(list.find(black_box(address), EmailMatch::Exact));
        let took = began.elapsed();
        assert_eq!(found.len(), finds);
        took
    };
    addresses.iter().map(look_up).collect()
}

fn cells(mut times: Vec<Duration>) -> String {
    format!("{} ns | {} ns", percentile(&mut times, 50).as_nanos(), percentile(&mut times, 99).as_nanos())
}

/// The time that so many of a hundred do not exceed.
pub(crate) fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// How long it takes to read the clock twice.
pub(crate) fn clock() -> Duration {
    let mut times: Vec<Duration> = (0..LOOK_UPS).map(|_| black_box(Instant::now()).elapsed()).collect();
    percentile(&mut times, 50)
}
