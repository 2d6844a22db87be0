//! A new file for invitation codes, which nobody but its owner may read.
//!
//! It is written before the list is: codes that are in no file and on no screen could never be given to anybody. If the
//! list is not changed after all, the file goes away again.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::values::Code;

/// The file, which is deleted unless it is kept.
#[derive(Debug)]
pub(super) struct CodesFile {
    path: PathBuf,
    is_kept: bool,
}

impl CodesFile {
    /// Writes the codes, one on each line. Whatever is there already stays, and is an error: its codes may be nowhere
    /// else.
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
            // Its codes are good for nothing.
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
