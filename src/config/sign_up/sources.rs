//! Where a policy's addresses and codes come from, and what it looks up: checked together, since one asks for another.

use std::sync::Arc;

use super::Names;
use crate::config::attributes::expect_text;
use crate::config::decode::{Reading, Spanned};
use crate::config::file::PolicySection;
use crate::signup::identity::EmailSource;
use crate::signup::policy::NoAddress;
use crate::values::{AttributeName, did_you_mean};

/// The sources that are no attributes.
const WORDS: [&str; 2] = ["identity", "federated-id"];

/// `email_sources`.
pub(super) fn email_sources(section: &PolicySection, names: &Names, reading: &mut Reading) -> Vec<EmailSource> {
    let written = &section.email_sources;
    reading.within("email_sources", |reading| {
        if written.is_empty() {
            let how = "names no source, so that nobody would have an address: leave the key out for the usual ones";
            reading.error(&section.name.origin, how);
        }
        let sources: Vec<EmailSource> =
            written.iter().filter_map(|source| names.email_source(source, reading)).collect();
        let twice = written.iter().enumerate().find(|(at, source)| {
            written.iter().take(*at).any(|before| before.value.eq_ignore_ascii_case(&source.value))
        });
        if let Some((_, source)) = twice {
            reading.error(&source.origin, format!("{:?} occurs twice", source.value));
        }
        sources
    })
}

impl Names {
    /// One source, as it is written.
    pub(in crate::config) fn email_source(
        &self,
        source: &Spanned<String>,
        reading: &mut Reading,
    ) -> Option<EmailSource> {
        match source.value.as_str() {
            "identity" => Some(EmailSource::Identity),
            "federated-id" => Some(EmailSource::FederatedId),
            written => {
                if let Some(name) = written.strip_prefix("attribute:") {
                    let name = self.attribute(name.trim(), &source.origin, reading)?;
                    expect_text(&name, self, &source.origin, reading);
                    return Some(EmailSource::Attribute(name));
                }
                let near = did_you_mean(written, WORDS);
                let how = format!("{written:?} is none of identity, federated-id, attribute:NAME{near}");
                reading.error(&source.origin, how);
                None
            }
        }
    }
}

/// `no_address`, which may ask for a field for codes.
pub(super) fn no_address(section: &PolicySection, reading: &mut Reading) -> NoAddress {
    let written = &section.no_address;
    if written.value == NoAddress::Code && section.invitation_code.is_none() {
        let how = "\"code\" needs invitation_code: the form's field that a code is typed into";
        reading.within("no_address", |reading| reading.error(&written.origin, how));
    }
    written.value
}

/// `invitation_code`.
pub(super) fn invitation_code(section: &PolicySection, names: &Names, reading: &mut Reading) -> Option<AttributeName> {
    let written = section.invitation_code.as_ref()?;
    reading.within("invitation_code", |reading| {
        let name = names.attribute(&written.value, &written.origin, reading)?;
        if name.is("email") {
            reading.error(
                &written.origin,
                "is the address itself: name an attribute of its own, such as ext.InvitationCode",
            );
            return None;
        }
        expect_text(&name, names, &written.origin, reading);
        Some(name)
    })
}

/// `lookups`, each of which has to be there.
pub(super) fn lookups(section: &PolicySection, known: &[String], reading: &mut Reading) -> Vec<Arc<str>> {
    reading.within("lookups", |reading| {
        let find = |written: &Spanned<String>| {
            let twice = section.lookups.iter().filter(|other| other.value == written.value).count() > 1;
            if twice {
                reading.error(&written.origin, format!("{:?} occurs twice", written.value));
                return None;
            }
            if known.contains(&written.value) {
                return Some(Arc::from(written.value.as_str()));
            }
            let near = did_you_mean(&written.value, known.iter().map(String::as_str));
            reading.error(&written.origin, format!("there is no [[lookups]] called {:?}{near}", written.value));
            None
        };
        section.lookups.iter().filter_map(find).collect()
    })
}
