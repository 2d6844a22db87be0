//! The files that `func azure functionapp publish` packs.
//!
//! It does not read `.funcignore` as git reads a `.gitignore`: a line is the beginning of a path, `*` is one or more
//! characters without a slash, and `**` is one or more of any. A line with `!` includes every path with that beginning,
//! wherever the line stands.

use std::io;
use std::path::Path;

/// Folders that are never packed.
const NEVER_FOLDERS: [&str; 2] = [".git", ".vscode"];
/// Files that are never packed.
const NEVER_FILES: [&str; 4] = [".funcignore", ".gitignore", "local.settings.json", "project.lock.json"];

/// The paths of the files that are packed, sorted.
pub fn published(root: &Path) -> io::Result<Vec<String>> {
    let rules = match std::fs::read_to_string(root.join(".funcignore")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        read => read?,
    };
    let mut files = Vec::new();
    collect(root, "", &mut files)?;
    files.retain(|path| is_let_in(&rules, path));
    files.sort();
    Ok(files)
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<String>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_folder = entry.path().is_dir();
        let never: &[&str] = if is_folder { &NEVER_FOLDERS } else { &NEVER_FILES };
        if never.iter().any(|never| never.eq_ignore_ascii_case(&name)) {
            continue;
        }
        let path = format!("{prefix}{name}");
        if is_folder {
            collect(&entry.path(), &format!("{path}/"), files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn is_let_in(rules: &str, path: &str) -> bool {
    let lines = || rules.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let is_named = lines().filter_map(|line| line.strip_prefix('!')).any(|line| is_beginning(line, path));
    is_named || !lines().filter(|line| !line.starts_with('!')).any(|line| is_beginning(line, path))
}

fn is_beginning(line: &str, path: &str) -> bool {
    begins(line.strip_prefix('/').unwrap_or(line).as_bytes(), path.as_bytes())
}

fn begins(pattern: &[u8], path: &[u8]) -> bool {
    match (pattern, path) {
        ([], _) => true,
        ([b'*', b'*', rest @ ..], _) => {
            (1..=path.len()).any(|count| begins(rest, path.get(count..).unwrap_or_default()))
        }
        ([b'*', rest @ ..], _) => {
            let name = path.iter().take_while(|byte| **byte != b'/').count();
            (1..=name).any(|count| begins(rest, path.get(count..).unwrap_or_default()))
        }
        ([wanted, pattern @ ..], [found, path @ ..]) => wanted == found && begins(pattern, path),
        (_, []) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_let_in;

    #[test]
    fn a_line_is_the_beginning_of_a_path() {
        assert!(!is_let_in("inv", "invites.csv"));
        assert!(is_let_in("vites", "invites.csv"));
        assert!(!is_let_in("*.csv", "invites.csv.bak"));
        assert!(is_let_in("*.csv", "lists/invites.csv"));
        assert!(!is_let_in("**.csv", "lists/invites.csv"));
        assert!(!is_let_in("/lists/", "lists/invites.csv"));
    }

    #[test]
    fn an_exception_counts_wherever_it_stands() {
        assert!(is_let_in("!invites.csv\n*", "invites.csv"));
        assert!(is_let_in("*\n!/invites.csv", "invites.csv.bak"));
        assert!(!is_let_in("*\n!/invites.csv", "codes.txt"));
        assert!(is_let_in("", "codes.txt"));
    }
}
