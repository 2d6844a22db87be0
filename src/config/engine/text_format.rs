//! How texts of the file have to be written.

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
            Self::Text => "text",
            Self::Guid => "GUID",
            Self::Duration => "duration",
            Self::Url => "URL",
            Self::Path => "path",
            Self::Template => "template",
            Self::Condition => "condition",
            Self::Pattern => "pattern",
            Self::AddressRule => "address rule",
            Self::Attribute => "attribute",
        }
    }

    /// How the text is written, in one or two sentences. Empty for any text.
    pub(in crate::config) fn about(self) -> &'static str {
        match self {
            Self::Text => "",
            Self::Guid => {
                "`8-4-4-4-12` hexadecimal digits in any case, also without the hyphens or in braces, not all zero."
            }
            Self::Duration => "A whole number with a unit: `800ms`, `60s`, `10m`, `2h` or `1d`. At most 366 days.",
            Self::Url => "An `https` address without query, fragment and credentials; `http` is for loopback only.",
            Self::Path => "A path on this machine; a relative one begins at the folder of `guestlist.toml`.",
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
        }
    }

    /// A regular expression that every text of this format matches.
    pub(in crate::config) fn pattern(self) -> Option<&'static str> {
        match self {
            Self::Guid => Some(GUID),
            Self::Duration => Some("^[0-9]+(ms|s|m|h|d)$"),
            Self::AddressRule => Some("@"),
            _ => None,
        }
    }
}

/// A GUID with hyphens, the same in braces, or without hyphens.
const GUID: &str = "^([0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\
                    |\\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\\}\
                    |[0-9A-Fa-f]{32})$";
