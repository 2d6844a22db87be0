//! A tenant's signing key, for tests: made once per process, as Entra's are.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value as Json, json};

/// An RSA key and its id.
pub(crate) struct TestKey {
    pub(crate) kid: &'static str,
    pair: RsaKeyPair,
}

/// The tenant's key.
pub(crate) static KEY: LazyLock<TestKey> = LazyLock::new(|| TestKey::generate("key-1"));

/// A key of somebody else.
pub(crate) static OTHER_KEY: LazyLock<TestKey> = LazyLock::new(|| TestKey::generate("key-2"));

impl TestKey {
    fn generate(kid: &'static str) -> Self {
        Self { kid, pair: RsaKeyPair::generate(KeySize::Rsa2048).unwrap() }
    }

    /// The public key's modulus, base64url.
    pub(crate) fn modulus(&self) -> String {
        base64(self.pair.public_key().modulus().big_endian_without_leading_zero())
    }

    /// The public key under the id `kid`.
    pub(crate) fn jwk(&self, kid: &str) -> Json {
        json!({ "kty": "RSA", "use": "sig", "kid": kid, "n": self.modulus(), "e": "AQAB" })
    }

    /// A token with these two parts, signed.
    pub(crate) fn sign(&self, header: &Json, claims: &Json) -> String {
        let message = format!("{}.{}", base64(header.to_string()), base64(claims.to_string()));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
        format!("{message}.{}", base64(signature))
    }
}

/// As the parts of a token are encoded.
pub(crate) fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A key document.
pub(crate) fn jwks(keys: &[Json]) -> Vec<u8> {
    json!({ "keys": keys }).to_string().into_bytes()
}
