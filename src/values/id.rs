//! Identifiers: GUIDs in their canonical form, each kind a type of its own.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Deserializer, Serialize};

use super::code::base32;

/// A text that is not a GUID, or is the all-zero one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a usable GUID: expected 8-4-4-4-12 hexadecimal digits, not all zero")]
pub struct InvalidId;

/// The canonical form of a GUID: lower case, with hyphens, not all zero.
fn canonical(text: &str) -> Result<String, InvalidId> {
    const HYPHENS: [usize; 4] = [8, 13, 18, 23];
    let text = text.trim();
    let well_formed = text.len() == 36
        && text.bytes().enumerate().all(
            |(at, byte)| {
                if HYPHENS.contains(&at) { byte == b'-' } else { byte.is_ascii_hexdigit() }
            },
        );
    if !well_formed || text.bytes().all(|byte| byte == b'0' || byte == b'-') {
        return Err(InvalidId);
    }
    Ok(text.to_ascii_lowercase())
}

macro_rules! guid {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The canonical text: lower case, with hyphens.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                canonical(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                String::deserialize(input)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

guid!(
    /// The id of an Entra tenant.
    TenantId
);
guid!(
    /// The object id of a directory object; here always a user's.
    ObjectId
);
guid!(
    /// The application (client) id of an app registration.
    AppId
);
guid!(
    /// What ties the two events of one sign-up together, and to the entry in Entra's sign-in log.
    CorrelationId
);

impl CorrelationId {
    /// A short code for people to read out, the same for every event of a sign-up: eight symbols in two groups
    /// (`7Q4M-0ZKD`), 40 bits of the SHA-256 of the id.
    #[must_use]
    pub fn support_code(&self) -> String {
        let digest = digest(&SHA256, format!("guestlist support code 1 {}", self.0).as_bytes());
        let value = digest.as_ref().iter().take(5).fold(0_u128, |value, byte| value << 8 | u128::from(*byte));
        let mut code = base32(value, 8);
        code.insert(4, '-');
        code
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_a_guid_in_any_case_and_keeps_it_in_lower_case() {
        let id: TenantId = " AAAABBBB-0000-CCCC-1111-DDDD2222EEEE ".parse().unwrap();
        assert_eq!(id.as_str(), "aaaabbbb-0000-cccc-1111-dddd2222eeee");
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
            "aaaabbbb0000cccc1111dddd2222eeee",
            "aaaabbbb-0000-cccc-1111-dddd2222eeeé",
            "aaaabbbb-0000-cccc-1111-dddd2222eeee0",
            "../../../aaaa-0000-cccc-1111-dddd222",
        ] {
            assert_eq!(text.parse::<ObjectId>(), Err(InvalidId), "{text}");
        }
    }
}
