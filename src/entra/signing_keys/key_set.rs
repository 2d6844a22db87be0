//! Reads the keys of one document. A key that cannot be read harms no other key.

use std::collections::HashMap;
use std::sync::Arc;

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value as Json;

/// The greatest number of keys that are read from a document.
const MAX_KEYS: usize = 200;

/// The longest key id, in bytes.
pub(crate) const MAX_KID: usize = 256;

/// The sizes of a modulus that can be used, in bits.
const MODULUS_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Why a document has no keys.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvalidKeySet {
    /// It is no JSON object with a list of keys.
    #[error("the answer is not a document of signing keys: line {line}, column {column}")]
    NotKeySet {
        /// The line of the mistake, from 1. The line may say anything, so it is not quoted.
        line: usize,
        /// The place in that line, from 1.
        column: usize,
    },
    /// It has no key for RS256 signatures.
    #[error("none of the document's {0} keys can be used")]
    NoUsableKey(usize),
}

/// A public key for RS256 signatures. It is made ready when its document is read, not for each signature.
#[derive(Debug)]
pub(crate) struct SigningKey(ParsedPublicKey);

impl SigningKey {
    /// Whether the owner of the key signed the message.
    #[must_use]
    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }
}

/// Keys by their id; several may share one.
#[derive(Debug, Default)]
pub(crate) struct KeySet {
    keys: HashMap<String, Vec<Arc<SigningKey>>>,
    skipped: usize,
}

impl KeySet {
    /// Reads a document; skips keys that are not for RS256 signatures or cannot be read.
    pub(crate) fn parse(document: &[u8]) -> Result<Self, InvalidKeySet> {
        #[derive(Deserialize)]
        struct Jwks {
            keys: Vec<Json>,
        }
        let Jwks { keys } = serde_json::from_slice(document)
            .map_err(|error| InvalidKeySet::NotKeySet { line: error.line(), column: error.column() })?;
        let mut set = Self { keys: HashMap::new(), skipped: keys.len().saturating_sub(MAX_KEYS) };
        for unverified_key in keys.iter().take(MAX_KEYS) {
            match read(unverified_key) {
                Some((kid, key)) => set.keys.entry(kid.to_owned()).or_default().push(Arc::new(key)),
                None => set.skipped += 1,
            }
        }
        if set.is_empty() { Err(InvalidKeySet::NoUsableKey(keys.len())) } else { Ok(set) }
    }

    /// The keys of that id.
    #[must_use]
    pub(crate) fn get(&self, kid: &str) -> &[Arc<SigningKey>] {
        self.keys.get(kid).map_or(&[], Vec::as_slice)
    }

    /// How many key ids there are.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// How many keys were left out.
    #[must_use]
    pub(crate) fn skipped(&self) -> usize {
        self.skipped
    }
}

/// The key and its id, if it is an RSA key for RS256 signatures. `use` and `alg` may be absent.
fn read(unverified_key: &Json) -> Option<(&str, SigningKey)> {
    let text = |name: &str| unverified_key.get(name).and_then(Json::as_str);
    let is_or_absent = |name: &str, value: &str| unverified_key.get(name).is_none_or(|found| found == value);
    let kid = text("kid").filter(|kid| !kid.is_empty() && kid.len() <= MAX_KID)?;
    if text("kty") != Some("RSA") || !is_or_absent("use", "sig") || !is_or_absent("alg", "RS256") {
        return None;
    }
    // RFC 7518 writes no zeros in front. They change no number, so a key is used in spite of them.
    let significant = |number: Vec<u8>| number.into_iter().skip_while(|byte| *byte == 0).collect::<Vec<u8>>();
    let number = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok().map(significant);
    let (n, e) = (number("n")?, number("e")?);
    let odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
    if !(MODULUS_BITS.contains(&bits(&n)) && odd(&n) && (2..=33).contains(&bits(&e)) && odd(&e)) {
        return None;
    }
    let key = RsaPublicKeyComponents { n, e }.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).ok()?;
    Some((kid, SigningKey(key)))
}

/// The length in bits of a number in big-endian bytes, without zeros in front.
fn bits(number: &[u8]) -> usize {
    let leading = number.first().map_or(0, |byte| byte.leading_zeros() as usize);
    number.len() * 8 - leading
}
