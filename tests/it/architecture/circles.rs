//! No two files need each other, directly or through others.
//!
//! A file needs another one if it uses a name that is declared there. A `mod` line is not a use, and a re-export is none. What a file takes
//! from a module that it is a part of does not count: `accounts/run.rs` may use types of `accounts.rs`, which calls it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::source::{File, Purpose, Source};
use super::{PRODUCT, root};

/// What each file takes from each other file.
type Arrows<'s> = BTreeMap<&'s str, BTreeMap<&'s str, BTreeSet<String>>>;

/// Follows every name of every file.
fn arrows(source: &Source) -> Arrows<'_> {
    let mut arrows = Arrows::new();
    for file in &source.files {
        let from = arrows.entry(shown(file)).or_default();
        for name in file.names.iter().filter(|name| name.purpose == Purpose::Use) {
            if let Some(target) = source.resolve(file, &name.path)
                && let Some(item) = target.item
                && !file.module.starts_with(&target.file.module)
            {
                from.entry(shown(target.file)).or_default().insert(item);
            }
        }
    }
    arrows
}

fn shown(file: &File) -> &str {
    file.path.to_str().unwrap()
}

/// Every file that one needs, directly or through others.
fn needed<'s>(arrows: &Arrows<'s>, file: &'s str) -> BTreeSet<&'s str> {
    let mut needed = BTreeSet::new();
    let mut ahead: Vec<&str> = vec![file];
    while let Some(file) = ahead.pop() {
        ahead.extend(arrows[file].keys().filter(|next| needed.insert(**next)));
    }
    needed
}

/// The arrows that are a part of a circle, as lines.
fn circles(source: &Source) -> Vec<String> {
    let arrows = arrows(source);
    let needed: BTreeMap<&str, BTreeSet<&str>> = arrows.keys().map(|file| (*file, needed(&arrows, file))).collect();
    let mut lines = Vec::new();
    for (file, others) in &arrows {
        for (other, names) in others.iter().filter(|(other, _)| needed[**other].contains(file)) {
            lines.push(format!("{file} -> {other}: {names:?}"));
        }
    }
    lines
}

#[test]
fn no_two_files_of_the_product_need_each_other() {
    let circles = circles(&PRODUCT);
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn no_two_files_of_the_emulator_need_each_other() {
    let circles = circles(&Source::read(&root().join("emulator/src")));
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn a_circle_is_found_through_a_third_file_and_not_through_a_module_and_its_parts() {
    let circles = |files: &[(&str, &str)]| {
        circles(&Source::of(files.iter().map(|(path, text)| ((*text).to_owned(), PathBuf::from(path)))))
    };
    let a = ("a.rs", "use crate::b::f; pub struct A; fn g() { f() }");
    let b = ("b.rs", "mod part; pub use part::h; pub fn f() { h() }");
    let part = ("b/part.rs", "use super::f; use crate::c; pub fn h() { c::k(f) }");
    let harmless = ("c.rs", "mod a; pub use crate::a::A; pub fn k() { /* crate::a::A */ }");
    assert_eq!(circles(&[a, b, part, harmless]), Vec::<String>::new());
    let closing = ("c.rs", "pub fn k() { crate::a::A }");
    let arrows = ["a.rs -> b.rs: {\"f\"}", "b.rs -> b/part.rs: {\"h\"}"];
    let more = ["b/part.rs -> c.rs: {\"k\"}", "c.rs -> a.rs: {\"A\"}"];
    assert_eq!(circles(&[a, b, part, closing]), [arrows, more].concat());
}
