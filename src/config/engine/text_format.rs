//! How texts of the file have to be written.

use std::time::Duration;

use strum::VariantArray;

use super::duration_pattern::{LONGEST, duration_pattern};
use crate::connectors::profile::SETTABLE;
use crate::invites::columns::BUILT_IN_ATTRIBUTES;
use crate::signup::email_source::EmailSource;
use crate::signup::reason::Reason;

/// How a text has to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum TextFormat {
    /// Any text.
    Text,
    /// A GUID.
    Guid,
    /// A time span.
    Duration,
    /// An address of the outside world.
    Url,
    /// A file or a folder.
    Path,
    /// A text with values filled in.
    Template,
    /// A CEL expression.
    Condition,
    /// A regular expression.
    Pattern,
    /// An address or a domain.
    AddressRule,
    /// An attribute's name.
    Attribute,
    /// A text that is not blank.
    NotBlank,
    /// A text that is not empty.
    NotEmpty,
    /// The file of a secret.
    SecretFile,
    /// A part of the name of an object in the state store.
    ObjectName,
    /// The first part of a domain.
    Subdomain,
    /// An address that is called, which may be a template.
    HttpAddress,
    /// A file with an invite list.
    ListFile,
    /// A folder.
    Folder,
    /// Where an address of a person is looked for.
    EmailSource,
    /// A country, or the attribute that holds it.
    Country,
    /// A date, or today.
    Day,
    /// A JSON pointer.
    Pointer,
    /// The id of an audience at Mailchimp.
    Audience,
    /// The name of an HTTP header.
    HeaderName,
    /// A locale.
    Locale,
    /// A field that a profile connector sets.
    ProfileField,
    /// The reason of a decision.
    Reason,
    /// A network address.
    NetworkAddress,
}

impl TextFormat {
    /// Every format with rules of its own.
    pub(in crate::config) const EXPLAINED: [Self; 9] = [
        Self::Guid,
        Self::Duration,
        Self::Url,
        Self::Path,
        Self::Template,
        Self::Condition,
        Self::Pattern,
        Self::AddressRule,
        Self::Attribute,
    ];

    /// The name of the format. The plural is made with `s`.
    pub(in crate::config) fn name(self) -> &'static str {
        match self {
            Self::Guid => "GUID",
            Self::Duration => "duration",
            Self::Url => "URL",
            Self::Template => "template",
            Self::Condition => "condition",
            Self::Pattern => "pattern",
            Self::AddressRule => "address rule",
            Self::Attribute => "attribute",
            Self::Path | Self::ListFile | Self::Folder | Self::SecretFile => "path",
            // What else there is to say of these stands at their keys.
            _ => "text",
        }
    }

    /// How the text is written, in one or two sentences. Empty for any text.
    pub(in crate::config) fn about(self) -> &'static str {
        match self {
            Self::Guid => {
                "`8-4-4-4-12` hexadecimal digits in any case, also without the hyphens or in braces, not all zero."
            }
            Self::Duration => "A whole number with a unit: `800ms`, `60s`, `10m`, `2h` or `1d`. At most 366 days.",
            Self::Url => "An `https` address without query, fragment and credentials; `http` is for loopback only.",
            Self::Path | Self::ListFile | Self::Folder | Self::SecretFile => {
                "A path on this machine; a relative one begins at the folder of `guestlist.toml`."
            }
            Self::Template => {
                "A text in which `{{ … }}` is filled in, such as `{{ user.givenName | slug }}`. Names that do not exist \
                 are errors; a value that is absent is empty. `{{ invite.name | default('Guest') }}` says what to write \
                 for an empty value; it is also how to name a column that not every list has."
            }
            Self::Condition => {
                "A CEL expression that is true or false, such as `user.country == 'AU'`. At most 1 KiB; one that fails \
                 when it is evaluated counts as false, with a warning in the log."
            }
            Self::Pattern => "A regular expression that the whole value must match, so `^` and `$` are not needed.",
            Self::AddressRule => {
                "`jo@example.com` is that address, `@example.com` every address of exactly that domain, \
                 `@*.example.com` every address of a domain below it, at any depth."
            }
            Self::Attribute => {
                "The name of a built-in attribute (`displayName`), `ext.Name` for a custom one (this needs \
                 `tenant.extension_app_id`), or `email`."
            }
            _ => "",
        }
    }

    /// A regular expression that every text of this format matches.
    pub(in crate::config) fn pattern(self) -> Option<String> {
        let fixed = match self {
            Self::Text | Self::Path | Self::Template | Self::Condition | Self::Pattern | Self::ListFile => return None,
            Self::Attribute => return Some(format!("^({})$", attributes())),
            Self::Duration => return Some(duration_pattern(Duration::ZERO, LONGEST)),
            Self::EmailSource => {
                let words = EmailSource::WORDS.join("|");
                return Some(format!("^({words}|attribute:\\s*({})\\s*)$", attributes()));
            }
            Self::Country => {
                return Some(format!("^(\\s*([A-Za-z]{{2}}|[0-9]{{3}})\\s*|attributes\\.({}))$", attributes()));
            }
            Self::ProfileField => {
                return Some(format!("^({}|ext\\..+)$", in_any_case(SETTABLE.iter().map(|(field, _)| *field))));
            }
            Self::Reason => {
                let reasons: Vec<&str> = Reason::VARIANTS.iter().map(|reason| reason.name()).collect();
                return Some(format!("^({})$", reasons.join("|")));
            }
            Self::Guid => GUID,
            Self::Url => "^[\\x00-\\x20]*[Hh][Tt][Tt][Pp][Ss]?:[^?#]+$",
            Self::HttpAddress => "^[\\x00-\\x20]*[Hh][Tt][Tt][Pp][Ss]?:",
            Self::AddressRule => "@[^@]*[^@\\s*.]",
            Self::NotBlank | Self::Folder => "\\S",
            Self::NotEmpty | Self::SecretFile => "[^\\x00]",
            Self::ObjectName => "^[A-Za-z0-9_-]{1,40}$",
            Self::Subdomain => "^[A-Za-z0-9-]{1,63}$",
            Self::Day => "^(today|\\s*[+-]?\\s*[0-9]+-\\s*[0-9]{1,2}-\\s*[0-9]{1,2})$",
            Self::Pointer => "^/([^~]|~[01])*$",
            Self::Audience => "^[A-Za-z0-9]+$",
            Self::HeaderName => "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
            Self::Locale => "^[A-Za-z]{2,3}([_-][A-Za-z0-9]{1,8})*$",
            Self::NetworkAddress => "^[0-9A-Fa-f:.]+$",
        };
        Some(fixed.to_owned())
    }

    /// A regular expression that no text of this format matches.
    pub(in crate::config) fn refused(self) -> Option<&'static str> {
        match self {
            Self::ListFile => Some("://|[^/\\\\]\\.[Xx][Ll][Ss][Xx]$"),
            Self::Folder => Some("://"),
            Self::Guid => Some("^[{}0-]*$"),
            Self::Locale => Some(NO_LOCALE),
            _ => None,
        }
    }
}

/// The names of attributes, as alternatives of a regular expression.
fn attributes() -> String {
    let built_in = in_any_case(BUILT_IN_ATTRIBUTES.into_iter().chain(["email", "emailAddress"]));
    format!("ext\\.[A-Za-z0-9_]+|extension_[0-9A-Fa-f]{{32}}_[A-Za-z0-9_]+|{built_in}")
}

/// Words in any case, as alternatives of a regular expression.
fn in_any_case<'w>(words: impl Iterator<Item = &'w str>) -> String {
    let letter = |letter: char| format!("[{}{}]", letter.to_ascii_uppercase(), letter.to_ascii_lowercase());
    words.map(|word| word.chars().map(letter).collect()).collect::<Vec<String>>().join("|")
}

/// What has the form of a locale and is none: languages by three letters that have two, and the keys of built-in texts.
const NO_LOCALE: &str = "^([Dd][Ee][Uu]|[Ee][Nn][Gg]|[Ff][Rr][AaEe]|[Gg][Ee][Rr]|[Ii][Tt][Aa]|[Jj][Pp][Nn]|[Nn][Ll][Dd]\
                         |[Pp][Oo][LlRr]|[Rr][Uu][Ss]|[Ss][Pp][Aa]|[Ss][Ww][Ee]|[Zz][Hh][Oo]\
                         |fix-errors|no-address|no-policy|not-invited|try-later)$";

/// A GUID with hyphens, the same in braces, or without hyphens.
const GUID: &str = "^([0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\
                    |\\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\\}\
                    |[0-9A-Fa-f]{32})$";
