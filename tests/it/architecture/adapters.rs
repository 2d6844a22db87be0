//! Adapters: the types behind the traits at the seams of the house. The composition root alone names them.

use std::collections::BTreeSet;
use std::path::Path;

use super::source::{File, Purpose, Target};
use super::{PRODUCT, room};

/// The traits at the seams, each with the file that declares it. Who implements them is taken from the tree.
const SEAMS: [(&str, &str); 5] = [
    ("clock.rs", "Clock"),
    ("connectors.rs", "Connector"),
    ("credentials.rs", "TokenSource"),
    ("graph.rs", "Directory"),
    ("invites.rs", "InviteSource"),
];

/// Which other room may name an adapter: the adapter, the room, and why.
const EXCEPTIONS: [(&str, &str, &str); 4] = [
    ("SystemClock", "server", "the process begins there, and hands the clock to the composition root"),
    ("SystemClock", "cli", "a command begins there"),
    ("SystemClock", "telemetry", "log lines are written before anything is put together"),
    ("ManualClock", "cli", "the tests of a policy are judged at the time that they name"),
];

/// A type that implements the trait of a seam.
struct Adapter {
    seam: &'static str,
    file: &'static File,
    name: String,
}

impl Adapter {
    fn all() -> Vec<Self> {
        let mut adapters = Vec::new();
        for (declared_in, seam) in SEAMS {
            for file in &PRODUCT.files {
                for (implemented, implementer) in &file.implementations {
                    let is_seam = PRODUCT.resolve(file, implemented).is_some_and(|target| {
                        target.file.path == Path::new(declared_in) && target.item.as_deref() == Some(seam)
                    });
                    let adapter = PRODUCT.resolve(file, implementer).filter(|_| is_seam);
                    adapters.extend(adapter.map(|adapter| Self {
                        seam,
                        file: adapter.file,
                        name: adapter.item.unwrap(),
                    }));
                }
            }
            assert!(adapters.iter().any(|adapter| adapter.seam == seam), "nothing implements {seam} of {declared_in}");
        }
        adapters
    }

    /// Whether a file is the adapter's own, or one below it.
    fn owns(&self, file: &File) -> bool {
        file.module.starts_with(&self.file.module)
    }
}

#[test]
fn the_composition_root_alone_names_adapters() {
    let (mut wrong, mut needed) = (Vec::new(), BTreeSet::new());
    for adapter in Adapter::all() {
        for file in PRODUCT.files.iter().filter(|file| !adapter.owns(file) && room(&file.module) != "app") {
            for name in file.names.iter().filter(|name| name.purpose == Purpose::Use) {
                let target = PRODUCT.resolve(file, &name.path);
                let is_named = |target: Target| {
                    target.file.path == adapter.file.path && target.item.as_ref() == Some(&adapter.name)
                };
                if !target.is_some_and(is_named) {
                    continue;
                }
                let is_it =
                    |(known, own, _): &&(&str, &str, &str)| *known == adapter.name && *own == room(&file.module);
                match EXCEPTIONS.iter().find(is_it) {
                    Some(exception) => drop(needed.insert(exception)),
                    None => wrong.push(format!("src/{}:{} names {}", file.path.display(), name.line, adapter.name)),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let unneeded: Vec<_> = EXCEPTIONS.iter().filter(|exception| !needed.contains(exception)).collect();
    assert!(unneeded.is_empty(), "exceptions that nobody needs: {unneeded:?}");
}

#[test]
fn adapters_of_one_seam_never_use_each_other() {
    let adapters = Adapter::all();
    for adapter in &adapters {
        let is_other =
            |other: &&Adapter| other.seam == adapter.seam && !adapter.owns(other.file) && !other.owns(adapter.file);
        for other in adapters.iter().filter(is_other) {
            for file in PRODUCT.files.iter().filter(|file| adapter.owns(file)) {
                for name in &file.names {
                    let target = PRODUCT.resolve(file, &name.path);
                    let is_used = target.is_some_and(|target| other.owns(target.file));
                    assert!(!is_used, "src/{}:{} uses {}", file.path.display(), name.line, other.name);
                }
            }
        }
    }
}
