//! A crate's source as the rules of the house see it: its files, and where each name in them is declared.
//!
//! Code for tests alone is left out: what is marked `#[cfg(test)]`, and the files of modules that are declared so.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;

pub(super) use reader::{File, Purpose};

mod product;
mod reader;
mod tests;

/// Every file of a crate that is not for tests alone.
pub(super) struct Source {
    pub(super) files: Vec<File>,
    by_module: HashMap<Vec<String>, usize>,
}

/// Where a path leads: the file, and the item in it, which is absent if the path names the module itself.
#[derive(Clone)]
pub(super) struct Target<'s> {
    pub(super) file: &'s File,
    pub(super) item: Option<String>,
}

impl Source {
    /// Reads the crate whose files are below this folder.
    pub(super) fn read(folder: &Path) -> Self {
        let paths = rust_files(folder);
        Self::of(paths.into_iter().map(|path| (fs::read_to_string(folder.join(&path)).unwrap(), path)))
    }

    /// Makes a crate of texts, each with its path below the source folder.
    pub(super) fn of(texts: impl IntoIterator<Item = (String, PathBuf)>) -> Self {
        let (mut files, mut only_tests) = (Vec::new(), BTreeSet::new());
        for (text, path) in texts {
            let module = module_of(&path);
            let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let (tokens, declared) = product::without_tests(tokens);
            only_tests.extend(declared.into_iter().map(|test| [module.clone(), vec![test]].concat()));
            let parsed = syn::parse2(tokens).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            files.push(File::read(path, module, &parsed));
        }
        files.retain(|file| !only_tests.iter().any(|tests| file.module.starts_with(tests)));
        let by_module = files.iter().enumerate().map(|(at, file)| (file.module.clone(), at)).collect();
        Self { files, by_module }
    }

    /// The file at this path below the source folder.
    pub(super) fn file(&self, path: &str) -> &File {
        let mut files = self.files.iter();
        files.find(|file| file.path == Path::new(path)).unwrap_or_else(|| panic!("there is no {path}"))
    }

    /// Where a name in a file is declared; `None` if that is in another crate, or if it is a local variable.
    pub(super) fn resolve(&self, file: &File, path: &[String]) -> Option<Target<'_>> {
        self.find(&self.absolute(file, path)?)
    }

    /// A path in a file as a path from the crate's root; `None` if it leads to another crate or to a local variable.
    pub(super) fn absolute(&self, file: &File, path: &[String]) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        if first == "crate" {
            return Some(rest.to_vec());
        }
        if let Some(import) = file.imports.get(first) {
            let begins_with_itself = import.first() == Some(first);
            let import = if begins_with_itself { None } else { self.absolute(file, import) }?;
            return Some([import.as_slice(), rest].concat());
        }
        // The binary declares its modules beside those of the library.
        let parent = if file.path == Path::new("main.rs") { &[] } else { file.module.as_slice() };
        let child = [parent, std::slice::from_ref(first)].concat();
        if self.by_module.contains_key(&child) {
            return Some([parent, path].concat());
        }
        file.items.contains(first).then(|| [file.module.as_slice(), path].concat())
    }

    /// Follows a path from the crate's root through modules and imports.
    fn find(&self, path: &[String]) -> Option<Target<'_>> {
        let (depth, file) = (0..=path.len()).rev().find_map(|depth| Some((depth, self.module(path.get(..depth)?)?)))?;
        let Some((name, rest)) = path.get(depth..)?.split_first() else {
            return Some(self.beside_module(path).unwrap_or(Target { file, item: None }));
        };
        match file.imports.get(name) {
            Some(import) if !file.items.contains(name) => {
                let import = self.absolute(file, import)?;
                self.find(&[import.as_slice(), rest].concat())
            }
            // What is not seen to be declared is made by a macro.
            _ => Some(Target { file, item: Some(name.clone()) }),
        }
    }

    /// The item that has the name of a module beside it: `decisions::start`, a function of the module `decisions::start`.
    fn beside_module(&self, path: &[String]) -> Option<Target<'_>> {
        let (name, parent) = path.split_last()?;
        let parent = self.module(parent)?;
        let import = self.absolute(parent, parent.imports.get(name)?)?;
        (import != path).then(|| self.find(&import))?
    }

    fn module(&self, path: &[String]) -> Option<&File> {
        self.files.get(*self.by_module.get(path)?)
    }
}

/// The module of a file: `entra::caller` of `entra/caller.rs`, the root of `lib.rs`.
fn module_of(path: &Path) -> Vec<String> {
    let module = path.with_extension("");
    if module == Path::new("lib") {
        return Vec::new();
    }
    module.iter().map(|part| part.to_string_lossy().into_owned()).collect()
}

/// Every Rust file below a folder, relative to it.
fn rust_files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path.strip_prefix(root).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}
