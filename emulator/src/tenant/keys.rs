//! Signing keys, and the key documents of the two authorities.
//!
//! The key that signs is published by the ciam authority only, and the login authority publishes another one, as was
//! seen in the field. Tests can move, add and rotate keys, and add unusable keys, which a verifier must skip.

use std::sync::{Arc, Mutex, OnceLock};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::shared::locked;

/// One of Entra's authorities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// `login.microsoftonline.com`.
    Login,
    /// `{tenant id}.ciamlogin.com`.
    Ciam,
}

/// A key that could not be made or used.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub enum KeyError {
    /// The RSA key could not be generated.
    #[error("generate an RSA key")]
    Generate,
    /// The public part does not look like that of a 2048-bit key.
    #[error("read the public part of an RSA key")]
    PublicPart,
    /// The message could not be signed.
    #[error("sign with an RSA key")]
    Sign,
}

/// An RSA key of 2048 bits with its key id.
#[derive(Clone, Debug)]
pub struct SigningKey {
    kid: String,
    modulus: String,
    pair: Arc<RsaKeyPair>,
}

static FIRST: OnceLock<Result<SigningKey, KeyError>> = OnceLock::new();
static SECOND: OnceLock<Result<SigningKey, KeyError>> = OnceLock::new();

impl SigningKey {
    /// Generates a key. This is slow if the crypto library is not optimised; [`SigningKey::first`] and
    /// [`SigningKey::second`] are not.
    pub fn generate() -> Result<Self, KeyError> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::Generate)?;
        let modulus = modulus(pair.public_key().as_ref()).ok_or(KeyError::PublicPart)?.to_vec();
        let kid = digest(&SHA256, &modulus).as_ref().iter().take(20).copied().collect::<Vec<u8>>();
        Ok(Self { kid: URL_SAFE_NO_PAD.encode(kid), modulus: URL_SAFE_NO_PAD.encode(modulus), pair: Arc::new(pair) })
    }

    /// The key with which every tenant of this process begins.
    pub fn first() -> Result<Self, KeyError> {
        FIRST.get_or_init(Self::generate).clone()
    }

    /// Another key, which is not published: to rotate to, or to forge with.
    pub fn second() -> Result<Self, KeyError> {
        SECOND.get_or_init(Self::generate).clone()
    }

    /// The key's id.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The same key under another id.
    #[must_use]
    pub fn with_kid(mut self, kid: &str) -> Self {
        kid.clone_into(&mut self.kid);
        self
    }

    /// The public key as Entra publishes it.
    #[must_use]
    pub fn jwk(&self) -> Value {
        json!({ "kty": "RSA", "use": "sig", "kid": self.kid, "x5t": self.kid, "n": self.modulus, "e": "AQAB" })
    }

    /// The public key in PEM. Its bytes are the secret of a token that is forged with HS256.
    pub fn public_pem(&self) -> Result<String, KeyError> {
        let der: PublicKeyX509Der<'_> = self.pair.public_key().as_der().map_err(|_| KeyError::PublicPart)?;
        let body = STANDARD.encode(der.as_ref());
        Ok(format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n"))
    }

    /// The RS256 signature of `message`.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).map_err(|_| KeyError::Sign)?;
        Ok(signature)
    }
}

/// The modulus in the DER of a 2048-bit `RSAPublicKey` with the exponent 65537: 256 bytes, after 9 bytes of headers.
fn modulus(public_key: &[u8]) -> Option<&[u8]> {
    let ends_in_f4 = public_key.ends_with(&[0x02, 0x03, 0x01, 0x00, 0x01]);
    (public_key.len() == 270 && ends_in_f4).then(|| public_key.get(9..265))?
}

/// A valid public key that signs no token.
#[must_use]
pub fn unrelated_key() -> Value {
    let modulus: Vec<u8> = (0u8..8)
        .flat_map(|block| digest(&SHA256, &[block]).as_ref().to_vec())
        .enumerate()
        .map(|(at, byte)| match at {
            0 => byte | 0x80,
            255 => byte | 1,
            _ => byte,
        })
        .collect();
    json!({ "kty": "RSA", "use": "sig", "kid": "unrelated", "x5t": "unrelated", "n": URL_SAFE_NO_PAD.encode(modulus), "e": "AQAB" })
}

/// Keys that a document may contain and that a verifier must skip.
#[must_use]
pub fn odd_keys() -> Vec<Value> {
    let coordinate = URL_SAFE_NO_PAD.encode([7; 32]);
    vec![
        json!({ "kty": "EC", "crv": "P-256", "use": "sig", "kid": "elliptic", "x": coordinate, "y": coordinate }),
        json!({ "kty": "RSA", "use": "sig", "n": URL_SAFE_NO_PAD.encode([9; 256]), "e": "AQAB" }),
        json!({ "kty": "RSA", "use": "sig", "kid": "garbage", "n": "!!! not base64 !!!", "e": "AQAB" }),
        json!({ "kty": "RSA", "use": "sig", "kid": "empty", "n": "", "e": "" }),
        json!({ "kty": "RSA", "use": "enc", "kid": "encryption", "n": URL_SAFE_NO_PAD.encode([11; 256]), "e": "AQAB" }),
        json!({ "kty": "unheard-of", "kid": "future", "secret": 1 }),
        json!("not an object"),
        Value::Null,
    ]
}

#[derive(Debug)]
struct State {
    signing: SigningKey,
    login: Vec<Value>,
    ciam: Vec<Value>,
}

/// The key that signs, and the keys that each authority publishes.
#[derive(Debug)]
pub struct Keys {
    state: Mutex<State>,
}

impl Keys {
    pub(super) fn for_tenant() -> Result<Self, KeyError> {
        let signing = SigningKey::first()?;
        let ciam = vec![signing.jwk()];
        let state = State { signing, login: vec![unrelated_key()], ciam };
        Ok(Self { state: Mutex::new(state) })
    }

    /// The key that signs now.
    #[must_use]
    pub fn signing(&self) -> SigningKey {
        locked(&self.state).signing.clone()
    }

    /// Signs with `key` from now on, without publishing it.
    pub fn sign_with(&self, key: SigningKey) {
        locked(&self.state).signing = key;
    }

    /// Signs with `key` from now on, and publishes it as the only key of the ciam authority.
    pub fn rotate_to(&self, key: SigningKey) {
        self.publish(Authority::Ciam, vec![key.jwk()]);
        self.sign_with(key);
    }

    /// Replaces all keys that an authority publishes.
    pub fn publish(&self, authority: Authority, keys: Vec<Value>) {
        let mut state = locked(&self.state);
        match authority {
            Authority::Login => state.login = keys,
            Authority::Ciam => state.ciam = keys,
        }
    }

    /// The keys that an authority publishes.
    #[must_use]
    pub fn published(&self, authority: Authority) -> Vec<Value> {
        let state = locked(&self.state);
        match authority {
            Authority::Login => state.login.clone(),
            Authority::Ciam => state.ciam.clone(),
        }
    }

    /// Puts `keys` before those that an authority publishes.
    pub fn prepend(&self, authority: Authority, mut keys: Vec<Value>) {
        keys.extend(self.published(authority));
        self.publish(authority, keys);
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};

    use super::*;

    #[test]
    fn the_published_key_verifies_what_was_signed() {
        let key = SigningKey::first().unwrap();
        let signature = key.sign(b"message").unwrap();
        let modulus = URL_SAFE_NO_PAD.decode(key.jwk()["n"].as_str().unwrap()).unwrap();
        let public = RsaPublicKeyComponents { n: modulus, e: vec![1, 0, 1] };
        public.verify(&RSA_PKCS1_2048_8192_SHA256, b"message", &signature).unwrap();
    }
}
