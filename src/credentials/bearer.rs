//! The claims of our own token.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::values::{ObjectId, Secret};

#[derive(Deserialize)]
struct Claims {
    oid: ObjectId,
}

/// The object id of the service principal that the token is for: its claim `oid`. `None` for a token that is no JWT or
/// has no such claim. Nothing is verified: the token endpoint gave it to us, and the receiver verifies it.
#[must_use]
pub(crate) fn service_principal(token: &Secret) -> Option<ObjectId> {
    let payload = token.expose().split('.').nth(1)?;
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice::<Claims>(&payload).ok().map(|claims| claims.oid)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const OID: &str = "33333333-4444-5555-6666-777777777777";

    #[rstest]
    #[case(r#"{"oid":"33333333-4444-5555-6666-777777777777","idtyp":"app"}"#, Some(OID))]
    #[case(r#"{"oid":"33333333-4444-5555-6666-77777777777A"}"#, Some("33333333-4444-5555-6666-77777777777a"))]
    #[case(r#"{"oid":"me"}"#, None)]
    #[case(r#"{"sub":"33333333-4444-5555-6666-777777777777"}"#, None)]
    #[case("no JSON", None)]
    fn reads_the_claim_of_a_token_that_has_it(#[case] payload: &str, #[case] expected: Option<&str>) {
        let token = Secret::new(&format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload)));
        assert_eq!(service_principal(&token).as_ref().map(ObjectId::as_str), expected);
    }

    #[rstest]
    #[case("opaque")]
    #[case("a.b")]
    #[case("a.%%%.c")]
    #[case("..")]
    fn a_token_that_is_no_jwt_says_nothing(#[case] token: &str) {
        assert_eq!(service_principal(&Secret::new(token)), None);
    }
}
