//! The files of one run: a project with its configuration and list, and what wrk sends.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use guestlist_emulator::Tenant;
use guestlist_emulator::sign_up::{App, Form, Person, SignUp};
use tempfile::TempDir;

use crate::Outcome;

/// How many different people knock in a run; it begins again with the first then.
const PEOPLE: usize = 4_096;

/// Of how many people one is not invited.
pub(crate) const UNINVITED: usize = 4;

/// What stands in the event in place of the address and of the correlation id.
const ADDRESS: &str = "@address@";
const ID: &str = "@id@";

/// A folder with a project, and with what wrk needs.
#[derive(Debug)]
pub(crate) struct Project {
    folder: TempDir,
    event: String,
}

impl Project {
    /// A project with a list of so many bare addresses.
    pub(crate) fn new(tenant: &Tenant, invites: usize) -> Outcome<Self> {
        let mut sign_up = SignUp::new(tenant.options(), Person::email_otp(ADDRESS), App::default(), Form::new());
        ID.clone_into(&mut sign_up.correlation_id);
        let project = Self { folder: TempDir::with_prefix("guestlist-bench-")?, event: sign_up.start().to_string() };
        fs::write(project.file("guestlist.toml"), configuration(tenant))?;
        fs::write(project.file("event.json"), &project.event)?;
        fs::write(project.file("load.lua"), include_str!("load.lua"))?;
        project.lines("invites.csv", ["email".to_owned()].into_iter().chain((0..invites).map(invited)))?;
        project.lines("addresses", (0..PEOPLE).map(|number| person(number, invites)))?;
        Ok(project)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// Writes a file with these lines.
    pub(crate) fn lines(&self, name: &str, lines: impl Iterator<Item = String>) -> Outcome<()> {
        let mut file = BufWriter::new(fs::File::create(self.file(name))?);
        for line in lines {
            writeln!(file, "{line}")?;
        }
        Ok(file.flush()?)
    }

    /// The Start event of a person.
    pub(crate) fn event(&self, address: &str, id: &str) -> String {
        self.event.replace(ADDRESS, address).replace(ID, id)
    }
}

/// The address of this number on the list.
pub(crate) fn invited(number: usize) -> String {
    format!("person{number}@fabrikam.com")
}

/// One of those who knock: they are spread over the whole list, and every fourth is not on it.
fn person(number: usize, invites: usize) -> String {
    if number % UNINVITED == UNINVITED - 1 {
        format!("visitor{number}@example.org")
    } else {
        // A prime: no two of them are neighbours.
        invited(number * 7_919 % invites)
    }
}

fn configuration(tenant: &Tenant) -> String {
    let (urls, options) = (tenant.urls(), tenant.options());
    format!(
        "[tenant]\nid = \"{}\"\nendpoints = {{ login = \"{}\", ciam = \"{}\" }}\n\
         [hooks]\naudience = [\"{}\"]\n\
         [[invites]]\nname = \"beta\"\nsource = \"invites.csv\"\n\
         [[policies]]\nname = \"default\"\ngate = \"invite-only\"\nprefill = {{ country = \"AU\" }}\n",
        options.id, urls.login, urls.ciam, options.audience
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_of_four_people_are_on_the_list() {
        let people: Vec<_> = (0..PEOPLE).map(|number| person(number, 1_000)).collect();
        let list: Vec<_> = (0..1_000).map(invited).collect();
        assert_eq!(people.iter().filter(|address| list.contains(address)).count(), PEOPLE * 3 / 4);
    }
}
