//! The way of a reader from `main.rs` to the gate, along calls that are there.

use std::collections::BTreeSet;
use std::fs;

use super::source::File;
use super::{PRODUCT, root};

/// The files on the way, none of them twice.
const WAY: [&str; 5] =
    ["main.rs", "server.rs", "functions/on_attribute_collection_start.rs", "decisions/start.rs", "signup/gate.rs"];

/// The functions of `next` that are called, or passed on as values, by these functions of `file` or by those of `file` that they call.
fn called(file: &File, functions: BTreeSet<String>, next: &File) -> BTreeSet<String> {
    let (mut called, mut known) = (BTreeSet::new(), BTreeSet::new());
    let mut ahead: Vec<String> = functions.into_iter().collect();
    while let Some(name) = ahead.pop() {
        if !known.insert(name.clone()) {
            continue;
        }
        for function in file.functions.iter().filter(|function| function.name == name) {
            ahead.extend(function.methods.iter().cloned());
            for path in &function.values {
                let name = path.last().unwrap().clone();
                match PRODUCT.resolve(file, path) {
                    Some(target) if target.file.path == next.path => drop(called.insert(name)),
                    Some(target) if target.file.path == file.path => ahead.push(name),
                    None if path[0] == "Self" => ahead.push(name),
                    _ => {}
                }
            }
        }
    }
    let is_function = |name: &String| next.functions.iter().any(|function| function.name == *name);
    called.into_iter().filter(is_function).collect()
}

#[test]
fn from_main_a_reader_opens_three_files_to_get_to_the_gate() {
    let mut functions = BTreeSet::from(["main".to_owned()]);
    for hop in WAY.windows(2) {
        let (file, next) = (PRODUCT.file(hop[0]), PRODUCT.file(hop[1]));
        functions = called(file, functions.clone(), next);
        assert!(!functions.is_empty(), "{} does not call {}", hop[0], hop[1]);
    }
    assert!(functions.contains("decide"), "{functions:?}");
    let main = fs::read_to_string(root().join("src/main.rs")).unwrap();
    assert!(main.lines().count() <= 40, "main.rs has more than 40 lines");
}
