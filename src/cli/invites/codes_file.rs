//! A new file for invitation codes, which nobody but its owner may read.
//!
//! It is written before the list: a list with the hashes of codes that nobody has would be useless. If the list is not
//! changed after all, the file is deleted again.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::values::Code;

/// The file. It is deleted when this is dropped, unless it is kept.
#[derive(Debug)]
pub(super) struct CodesFile {
    path: PathBuf,
    is_kept: bool,
}

impl CodesFile {
    /// Writes the codes, one on each line. A file that exists already is an error and stays as it is: it may hold codes
    /// that are nowhere else.
    pub(super) fn write(path: &Path, codes: &[Code]) -> io::Result<Self> {
        let mut file = create(path)?;
        let written = Self { path: path.to_owned(), is_kept: false };
        for code in codes {
            writeln!(file, "{}", code.reveal())?;
        }
        file.sync_all()?;
        Ok(written)
    }

    /// Leaves the file where it is.
    pub(super) fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for CodesFile {
    fn drop(&mut self) {
        if !self.is_kept {
            // No list knows its codes.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}
