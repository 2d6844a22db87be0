//! Identifiers: GUIDs in their usual form, each kind a type of its own.
//!
//! People copy GUIDs from many places, so what they write is read in every usual form. What services write is read in
//! theirs only: a name of 32 hexadecimal digits in a directory is a name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use super::code::base32;
use super::sha256;

/// A text that is not a GUID, or is the all-zero one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a usable GUID: expected 8-4-4-4-12 hexadecimal digits, also without hyphens or in braces, not all zero")]
pub struct InvalidId;

/// Any form in which people copy a GUID: with or without hyphens, or in braces; any case; blanks around it.
fn any_form(text: &str) -> Result<Uuid, InvalidId> {
    let text = text.trim();
    // Nobody copies the URN form from anywhere.
    let id = Uuid::try_parse(text).ok().filter(|_| !text.starts_with("urn:"));
    id.filter(|id| !id.is_nil()).ok_or(InvalidId)
}

/// The one form in which services write a GUID: with hyphens; any case; blanks around it.
fn with_hyphens(text: &str) -> Result<Uuid, InvalidId> {
    let is_hyphenated = text.trim().len() == Hyphenated::LENGTH;
    any_form(text).ok().filter(|_| is_hyphenated).ok_or(InvalidId)
}

macro_rules! guid {
    ($(#[$doc:meta])* $vis:vis $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        $vis struct $name([u8; Hyphenated::LENGTH]);

        impl $name {
            /// The usual text: lower case, with hyphens.
            #[must_use]
            $vis fn as_str(&self) -> &str {
                // The bytes are ASCII: only `From<Uuid>` makes them.
                std::str::from_utf8(&self.0).unwrap_or_default()
            }

            /// Reads what a service or the store wrote: with hyphens only, in any case. What people write is read by
            /// `parse`, which takes more.
            pub(crate) fn from_hyphenated(text: &str) -> Result<Self, InvalidId> {
                with_hyphens(text).map(Self::from)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                let mut text = [0; Hyphenated::LENGTH];
                id.hyphenated().encode_lower(&mut text);
                Self(text)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            /// Reads what people write: with or without hyphens, or in braces, in any case.
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                any_form(text).map(Self::from)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.debug_tuple(stringify!($name)).field(&self.as_str()).finish()
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
                output.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            /// JSON is written by services: with hyphens only.
            fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                Self::from_hyphenated(&String::deserialize(input)?).map_err(serde::de::Error::custom)
            }
        }
    };
}

guid!(
    /// The id of an Entra tenant.
    pub(crate) TenantId
);
guid!(
    /// The object id of a directory object; here always a user's.
    pub(crate) ObjectId
);
guid!(
    /// The application (client) id of an app registration.
    pub AppId
);
guid!(
    /// The id that the two events of a sign-up share with each other and with the entry in Entra's sign-in log.
    pub CorrelationId
);

impl CorrelationId {
    /// A short code for people to read out, the same for every event of a sign-up: eight symbols in two groups
    /// (`7Q4M-0ZKD`), 40 bits of the SHA-256 of the id.
    #[must_use]
    pub(crate) fn support_code(&self) -> String {
        let digest = sha256(&[b"guestlist support code 1 ".as_slice(), &self.0].concat());
        let value = digest.iter().take(5).fold(0_u128, |value, byte| value << 8 | u128::from(*byte));
        let mut code = base32(value, 8);
        code.insert(4, '-');
        code
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "aaaabbbb-0000-cccc-1111-dddd2222eeee";

    #[test]
    fn people_write_a_guid_in_several_forms_and_it_is_kept_in_one() {
        for text in [
            ID,
            " AAAABBBB-0000-CCCC-1111-DDDD2222EEEE ",
            "aaaabbbb0000cccc1111dddd2222eeee",
            "AAAABBBB0000cccc1111dddd2222EEEE\n",
            "{aaaabbbb-0000-cccc-1111-dddd2222eeee}",
            "{AAAABBBB-0000-CCCC-1111-DDDD2222EEEE}",
        ] {
            assert_eq!(text.parse::<TenantId>().unwrap().as_str(), ID, "{text}");
        }
    }

    #[test]
    fn services_write_a_guid_in_one_form() {
        for text in [ID, "AAAABBBB-0000-CCCC-1111-DDDD2222EEEE"] {
            assert_eq!(ObjectId::from_hyphenated(text).unwrap().as_str(), ID);
            assert_eq!(serde_json::from_value::<ObjectId>(text.into()).unwrap().as_str(), ID);
        }
        for text in ["aaaabbbb0000cccc1111dddd2222eeee", "{aaaabbbb-0000-cccc-1111-dddd2222eeee}"] {
            assert_eq!(ObjectId::from_hyphenated(text), Err(InvalidId), "{text}");
            assert!(serde_json::from_value::<ObjectId>(text.into()).is_err(), "{text}");
        }
    }

    #[test]
    fn the_support_code_is_short_and_always_the_same() {
        let id: CorrelationId = "6b264006-9d46-4409-bdb7-a501b6c22527".parse().unwrap();
        let code = id.support_code();
        let (left, right) = code.split_once('-').unwrap();
        assert_eq!((left.len(), right.len()), (4, 4));
        assert_eq!(code, "6B264006-9D46-4409-BDB7-A501B6C22527".parse::<CorrelationId>().unwrap().support_code());
        let other: CorrelationId = "6b264006-9d46-4409-bdb7-a501b6c22528".parse().unwrap();
        assert_ne!(code, other.support_code());
    }

    #[test]
    fn refuses_what_is_no_guid_and_the_zero_guid() {
        for text in [
            "",
            "contoso",
            "<GUID>",
            "00000000-0000-0000-0000-000000000000",
            "00000000000000000000000000000000",
            "{00000000-0000-0000-0000-000000000000}",
            "urn:uuid:aaaabbbb-0000-cccc-1111-dddd2222eeee",
            "{aaaabbbb-0000-cccc-1111-dddd2222eeee",
            "aaaabbbb-0000-cccc-1111-dddd2222eeee}",
            "(aaaabbbb-0000-cccc-1111-dddd2222eeee)",
            "{aaaabbbb0000cccc1111dddd2222eeee}",
            "aaaabbbb0000-cccc-1111-dddd-2222eeee",
            "aaaabbbb 0000 cccc 1111 dddd2222eeee",
            "aaaabbbb-0000-cccc-1111-dddd2222eeeé",
            "aaaabbbb-0000-cccc-1111-dddd2222eeee0",
            "../../../aaaa-0000-cccc-1111-dddd222",
        ] {
            assert_eq!(text.parse::<ObjectId>(), Err(InvalidId), "{text}");
        }
    }
}
