//! Where a policy finds addresses and codes, and the look-ups that it uses.

use std::sync::Arc;

use super::PolicySection;
use crate::config::definitions::Definitions;
use crate::config::engine::{Diagnostics, Spanned};
use crate::config::known_names::KnownNames;
use crate::config::tenant::attributes::expect_text;
use crate::signup::identity::EmailSource;
use crate::signup::policy::NoAddress;
use crate::values::{AttributeName, did_you_mean};

/// Checks `email_sources`.
pub(super) fn email_sources(
    section: &PolicySection,
    names: &KnownNames,
    diagnostics: &mut Diagnostics,
) -> Vec<EmailSource> {
    let written = &section.email_sources;
    diagnostics.within("email_sources", |diagnostics| {
        if written.is_empty() && !diagnostics.has_errors_here() {
            let message = "names no source, so that nobody would have an address: leave the key out for the usual ones";
            diagnostics.error(&section.name.origin, message);
        }
        let sources: Vec<EmailSource> =
            written.iter().filter_map(|source| email_source(source, names, diagnostics)).collect();
        let duplicate = written.iter().enumerate().find(|(at, source)| {
            written.iter().take(*at).any(|before| before.value.eq_ignore_ascii_case(&source.value))
        });
        if let Some((_, source)) = duplicate {
            diagnostics.error(&source.origin, format!("{:?} occurs twice", source.value));
        }
        sources
    })
}

/// Reads one address source.
pub(in crate::config) fn email_source(
    source: &Spanned<String>,
    names: &KnownNames,
    diagnostics: &mut Diagnostics,
) -> Option<EmailSource> {
    match source.value.parse() {
        Ok(EmailSource::Attribute(written)) => {
            let name = names.attribute(written.as_str(), &source.origin, diagnostics)?;
            expect_text(&name, names, &source.origin, diagnostics);
            Some(EmailSource::Attribute(name))
        }
        Ok(source) => Some(source),
        Err(error) => {
            let near = did_you_mean(&source.value, EmailSource::WORDS);
            diagnostics.error(&source.origin, format!("{error}{near}"));
            None
        }
    }
}

/// Checks `no_address`: codes need a field that they are typed into.
pub(super) fn no_address(section: &PolicySection, diagnostics: &mut Diagnostics) -> NoAddress {
    let written = &section.no_address;
    let has_code = section.invitation_code.is_some() || diagnostics.is_wrong("invitation_code");
    if written.value == NoAddress::Code && !has_code {
        let message = "\"code\" needs invitation_code: the form's field that a code is typed into";
        diagnostics.error_at("no_address", &written.origin, message);
    }
    written.value
}

/// Checks `invitation_code`.
pub(super) fn invitation_code(
    section: &PolicySection,
    names: &KnownNames,
    diagnostics: &mut Diagnostics,
) -> Option<AttributeName> {
    let written = section.invitation_code.as_ref()?;
    diagnostics.within("invitation_code", |diagnostics| {
        let name = names.attribute(&written.value, &written.origin, diagnostics)?;
        if name.is("email") {
            diagnostics.error(
                &written.origin,
                "is the address itself: name an attribute of its own, such as ext.InvitationCode",
            );
            return None;
        }
        expect_text(&name, names, &written.origin, diagnostics);
        Some(name)
    })
}

/// Checks `lookups`: each name must be that of a look-up.
pub(super) fn lookups(section: &PolicySection, known: &Definitions, diagnostics: &mut Diagnostics) -> Vec<Arc<str>> {
    diagnostics.within("lookups", |diagnostics| {
        let find = |(at, written): (usize, &Spanned<String>)| {
            if section.lookups.iter().take(at).any(|other| other.value == written.value) {
                diagnostics.error(&written.origin, format!("{:?} occurs twice", written.value));
                return None;
            }
            if known.lack(&written.value) {
                let near = did_you_mean(&written.value, known.iter());
                diagnostics.error(&written.origin, format!("there is no [[lookups]] called {:?}{near}", written.value));
                return None;
            }
            Some(Arc::from(written.value.as_str()))
        };
        section.lookups.iter().enumerate().filter_map(find).collect()
    })
}
