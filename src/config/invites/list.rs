//! `kind = "list"`: a list of invitations in a file. Its own keys and their meaning.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::kind::{InviteKindSection, InvitesKeys, PendingSource};
use crate::config::checks;
use crate::config::engine::{Diagnostics, Severity, Spanned, built_in, section};
use crate::config::environment::Environment;
use crate::config::known_names::KnownNames;
use crate::invites::csv_reader::{Header, ListError, ListOptions};
use crate::invites::list::{self, Settings};

/// The values of `max_bytes`.
const MAX_BYTES: RangeInclusive<usize> = 1..=1024 * 1024 * 1024;

/// The values of `refresh`.
const REFRESH: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::MAX;

section! {
    /// A list of invitations: a CSV file with a header. The column `email`, which may be called `E-Mail`, `Email Address`
    /// and the like, holds an address, `@contoso.com` for a domain, or `@*.contoso.com` for all below it. The columns `name`, `apps`, `tags`, `code`, `uses`, `not_before`,
    /// `expires`, `groups`, `roles` and `note` are known too; every other column should be the name of an attribute and
    /// prefills that. A line with a `code` (its hash, which `guestlist invites add --code` writes) admits nobody by the
    /// address alone; without an address it is for whoever has the code.
    struct ListSection {
        /// The CSV file, as spreadsheet programs save it: with commas, semicolons or tabs between the cells, in UTF-8,
        /// UTF-16 or (with a warning) Windows-1252. Whoever can read the function app's package can read a list that is in it.
        /// Example: `"invites.csv"`
        source: Spanned<String> as ListFile => built_in(String::new()),
        /// The most bytes that the file may have, up to 1073741824 (1 GiB). The default is enough for a million lines.
        max_bytes: Spanned<usize> = built_in(67_108_864),
        /// How often the file is checked for changes, at least `1s`. A file that was renamed into place is used at once;
        /// any other change when the file was the same for two checks, so that nothing half-written is used. A list that
        /// can no longer be read stays in use as it was.
        refresh: Spanned<Duration> = built_in(Duration::from_mins(1)),
    }
    shared {
        /// The name of the list, in logs, in `guestlist explain` and in the names of app settings. No two have the
        /// same.
        name,
        /// The application ids of the apps that the list is for; none: every app. The column `apps` of a line narrows
        /// it further.
        apps before max_bytes,
    }
    limits { max_bytes: MAX_BYTES, refresh: REFRESH }
}

impl InviteKindSection for ListSection {
    fn begin_look<'a>(
        &'a self,
        keys: &'a InvitesKeys,
        names: &KnownNames,
        environment: &Environment,
        diagnostics: &mut Diagnostics,
    ) -> Option<PendingSource<'a>> {
        let settings = self.settings(keys, names, environment, diagnostics)?;
        let header = list::check(&settings);
        Some(Box::new(move |deadline, diagnostics| {
            let columns = self.columns(header.wait_until(deadline), diagnostics);
            Box::new(Settings { columns, ..settings })
        }))
    }
}

impl ListSection {
    fn settings(
        &self,
        keys: &InvitesKeys,
        names: &KnownNames,
        environment: &Environment,
        diagnostics: &mut Diagnostics,
    ) -> Option<Settings> {
        checks::limits("refresh", &self.refresh, &REFRESH, "", diagnostics);
        checks::limits("max_bytes", &self.max_bytes, &MAX_BYTES, " bytes", diagnostics);
        let apps = checks::apps(&keys.apps, diagnostics);
        if diagnostics.is_wrong("source") {
            return None;
        }
        let (written, origin) = (self.source.value.as_str(), &self.source.origin);
        let excel = Path::new(written).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("xlsx"));
        if written.contains("://") || excel {
            let message = format!("the source {written:?} is not supported by this version: name a CSV file");
            diagnostics.error(origin, message);
            return None;
        }
        let path = environment.folder.join(written);
        diagnostics.within("source", |diagnostics| diagnostics.add_named_file(origin, Path::new(written), &path));
        Some(Settings {
            path,
            max_bytes: self.max_bytes.value as u64,
            options: ListOptions {
                source: Arc::from(keys.name.value.as_str()),
                apps,
                extension_app: names.extension_app.clone(),
                types: names.types.clone(),
            },
            columns: None,
            refresh: self.refresh.value,
        })
    }

    /// The columns that templates can use. If the list cannot be read, the service starts nevertheless.
    fn columns(&self, header: Result<Header, ListError>, diagnostics: &mut Diagnostics) -> Option<Vec<String>> {
        let (written, origin) = (self.source.value.as_str(), &self.source.origin);
        match header {
            Ok(header) => {
                for note in header.problems {
                    diagnostics.warn(origin, format!("{written} line {}: {}", note.line, note.problem));
                }
                Some(header.columns)
            }
            Err(error) => {
                diagnostics.report(Severity::MissingList, origin, format!("{written}: {error}"));
                None
            }
        }
    }
}
