//! `[[invites]]`: the lists of invitations.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::checks::{apps, unique};
use super::engine::{Diagnostics, Severity, Spanned, built_in, section, unnamed};
use super::environment::Environment;
use super::known_names::KnownNames;
use crate::invites::csv_reader::{Header, ListError, ListOptions};
use crate::invites::{InviteSourceBuilder, list};

/// How long the first lines of all lists may take together. The listener is not bound before that.
const HEADERS: Duration = Duration::from_secs(1);

/// The most that `max_bytes` may say.
const MAX_LIST: usize = 1024 * 1024 * 1024;

section! {
    /// A list of invitations: a CSV file with a header. The column `email` holds an address, `@contoso.com` for a
    /// domain, or `@*.contoso.com` for all below it. The columns `name`, `apps`, `tags`, `code`, `uses`, `not_before`,
    /// `expires`, `groups`, `roles` and `note` are known too; every other column should be the name of an attribute and
    /// prefills that. A line with a `code` (its hash, which `guestlist invites add --code` writes) admits nobody by the
    /// address alone; without an address it is for whoever has the code.
    struct InvitesSection {
        /// The name of the list, in logs, in `guestlist explain` and in the names of app settings. No two have the
        /// same.
        /// Example: `"beta"`
        name: Spanned<String> => unnamed(),
        /// The CSV file. Whoever can read the function app's package can read a list that is in it.
        /// Example: `"invites.csv"`
        source: Spanned<String> as Path,
        /// The application ids of the apps that the list is for; none: every app. The column `apps` of a line narrows
        /// it further.
        apps: Vec<Spanned<String>> as Guid = Vec::new(),
        /// The most bytes that the file may have, up to 1073741824 (1 GiB). The default is enough for a million lines.
        max_bytes: Spanned<usize> = built_in(67_108_864),
        /// How often the file is checked for changes, at least `1s`. A file that was renamed into place is used at once;
        /// any other change when the file was the same for two checks, so that nothing half-written is used. A list that
        /// can no longer be read stays in use as it was.
        refresh: Spanned<Duration> = built_in(Duration::from_mins(1)),
    }
}

/// Checks the lists, and reads their first lines.
pub(super) fn invites(
    sections: &[InvitesSection],
    names: &KnownNames,
    environment: &Environment,
    diagnostics: &mut Diagnostics,
) -> Vec<Box<dyn InviteSourceBuilder>> {
    diagnostics.within("invites", |diagnostics| {
        unique(sections.iter().map(|section| &section.name), diagnostics);
        let mut build = |section: &InvitesSection| {
            let name = section.name.value.clone();
            diagnostics.within(&name, |diagnostics| source(section, names, environment, diagnostics))
        };
        let lists: Vec<_> = sections.iter().filter_map(|section| Some((section, build(section)?))).collect();
        // All are read at once, so that those that hang cost their time once.
        let pending: Vec<_> = lists.into_iter().map(|list| (list::check(&list.1), list)).collect();
        let until = Instant::now() + HEADERS;
        let read = |(header, (section, settings)): (list::PendingHeader, (&InvitesSection, list::Settings))| {
            let name = section.name.value.clone();
            let columns =
                diagnostics.within(&name, |diagnostics| columns_of(section, header.wait_until(until), diagnostics));
            Box::new(list::Settings { columns, ..settings }) as Box<dyn InviteSourceBuilder>
        };
        pending.into_iter().map(read).collect()
    })
}

/// What templates see of a list. One that cannot be read does not keep the service from starting.
fn columns_of(
    section: &InvitesSection,
    header: Result<Header, ListError>,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<String>> {
    let (written, origin) = (section.source.value.as_str(), &section.source.origin);
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

fn source(
    section: &InvitesSection,
    names: &KnownNames,
    environment: &Environment,
    diagnostics: &mut Diagnostics,
) -> Option<list::Settings> {
    let (written, origin) = (section.source.value.as_str(), &section.source.origin);
    let excel = Path::new(written).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("xlsx"));
    if written.contains("://") || excel {
        diagnostics.error(origin, format!("the source {written:?} is not supported by this version: name a CSV file"));
        return None;
    }
    if section.refresh.value < Duration::from_secs(1) {
        diagnostics.error_at("refresh", &section.refresh.origin, "must be 1s or more");
    }
    let max_bytes = &section.max_bytes;
    if !(1..=MAX_LIST).contains(&max_bytes.value) {
        let how = format!("must lie between 1 and {MAX_LIST} bytes");
        diagnostics.error_at("max_bytes", &max_bytes.origin, how);
    }
    let path = environment.folder.join(written);
    diagnostics.within("source", |diagnostics| diagnostics.names_file(origin, Path::new(written), &path));
    Some(list::Settings {
        path,
        max_bytes: max_bytes.value as u64,
        options: ListOptions {
            source: Arc::from(section.name.value.as_str()),
            apps: apps(&section.apps, diagnostics),
            extension_app: names.extension_app.clone(),
            types: names.types.clone(),
        },
        columns: None,
        refresh: section.refresh.value,
    })
}
