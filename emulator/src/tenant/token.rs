//! Access tokens as Entra sends them to a hook, and forgeries of them.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::keys::{KeyError, SigningKey};
use super::{ENTRA_CALLER, TenantState};

/// The issuers that were seen in tokens of external tenants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issuer {
    /// `{login}/{tid}/v2.0`.
    LoginV2,
    /// `{ciam}/{tid}/v2.0`.
    CiamV2,
    /// `https://{subdomain}.ciamlogin.com/{tid}/v2.0`.
    SubdomainV2,
    /// `https://sts.windows.net/{tid}/`.
    StsV1,
    /// `{ciam}/{tid}/`.
    CiamV1,
}

impl Issuer {
    /// Every issuer.
    pub const ALL: [Self; 5] = [Self::LoginV2, Self::CiamV2, Self::SubdomainV2, Self::StsV1, Self::CiamV1];
}

/// A way of forging a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgery {
    /// `alg` is `none` and there is no signature.
    None,
    /// `alg` is `HS256`, keyed with the public key's PEM.
    Hs256WithPublicKey,
    /// One byte of the right signature is changed.
    TamperedSignature,
    /// The claims were changed after signing.
    TamperedClaims,
    /// Signed by an unpublished key, under the published key's id.
    WrongKey,
}

/// A token before it is signed. Every part can be changed.
#[derive(Clone, Debug)]
pub struct Token {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    key: SigningKey,
    forgery: Option<Forgery>,
    issuers: Issuers,
}

#[derive(Clone, Debug)]
struct Issuers {
    login: String,
    ciam: String,
    subdomain: String,
    tenant: String,
}

impl Token {
    pub(crate) fn new(tenant: &TenantState) -> Self {
        let key = tenant.keys.signing();
        let header = json!({ "typ": "JWT", "alg": "RS256", "kid": key.kid() });
        let principal = "aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb";
        let claims = json!({
            "aud": tenant.options.audience,
            "tid": tenant.options.id,
            "oid": principal,
            "sub": principal,
            "azpacr": "2",
            "uti": "emulated",
        });
        let token = Self {
            header: object(header),
            claims: object(claims),
            key,
            forgery: None,
            issuers: Issuers {
                login: tenant.urls.login.clone(),
                ciam: tenant.urls.ciam.clone(),
                subdomain: tenant.options.subdomain.clone(),
                tenant: tenant.options.id.clone(),
            },
        };
        token.issuer(Issuer::CiamV2).at(tenant.options.clock.now())
    }

    /// With this issuer, and the claims of its version: `ver`, and `azp` or `appid`.
    #[must_use]
    pub fn issuer(self, issuer: Issuer) -> Self {
        let Issuers { login, ciam, subdomain, tenant } = &self.issuers;
        let iss = match issuer {
            Issuer::LoginV2 => format!("{login}/{tenant}/v2.0"),
            Issuer::CiamV2 => format!("{ciam}/{tenant}/v2.0"),
            Issuer::SubdomainV2 => format!("https://{subdomain}.ciamlogin.com/{tenant}/v2.0"),
            Issuer::StsV1 => format!("https://sts.windows.net/{tenant}/"),
            Issuer::CiamV1 => format!("{ciam}/{tenant}/"),
        };
        let token = self.claim("iss", iss);
        match issuer {
            Issuer::StsV1 | Issuer::CiamV1 => token.claim("ver", "1.0").claim("appid", ENTRA_CALLER).without("azp"),
            _ => token.claim("ver", "2.0").claim("azp", ENTRA_CALLER).without("appid"),
        }
    }

    /// Issued at `at`, and valid for 65 minutes from then.
    #[must_use]
    pub fn at(self, at: DateTime<Utc>) -> Self {
        let at = at.timestamp();
        self.claim("iat", at).claim("nbf", at).claim("exp", at + 3900)
    }

    /// Sets a claim.
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// Removes a claim.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// Sets a member of the header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }

    /// Removes a member of the header.
    #[must_use]
    pub fn without_header(mut self, name: &str) -> Self {
        self.header.remove(name);
        self
    }

    /// Signed by `key`, under its id.
    #[must_use]
    pub fn signed_by(mut self, key: SigningKey) -> Self {
        self.header.insert("kid".to_owned(), json!(key.kid()));
        self.key = key;
        self
    }

    /// Forged in this way.
    #[must_use]
    pub fn forged(mut self, forgery: Forgery) -> Self {
        self.forgery = Some(forgery);
        match forgery {
            Forgery::None => self.header("alg", "none"),
            Forgery::Hs256WithPublicKey => self.header("alg", "HS256"),
            _ => self,
        }
    }

    /// The token in its compact form.
    pub fn encode(self) -> Result<String, KeyError> {
        let header = part(&self.header);
        let message = format!("{header}.{}", part(&self.claims));
        let signature = match self.forgery {
            Some(Forgery::None) => Vec::new(),
            Some(Forgery::Hs256WithPublicKey) => {
                let pem = self.key.public_pem()?;
                let key = hmac::Key::new(hmac::HMAC_SHA256, pem.as_bytes());
                hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
            }
            Some(Forgery::WrongKey) => SigningKey::second()?.sign(message.as_bytes())?,
            Some(Forgery::TamperedSignature) => {
                let mut signature = self.key.sign(message.as_bytes())?;
                signature.iter_mut().take(1).for_each(|byte| *byte ^= 1);
                signature
            }
            Some(Forgery::TamperedClaims) => {
                let signature = self.key.sign(message.as_bytes())?;
                let mut claims = self.claims;
                claims.insert("roles".to_owned(), json!(["added-later"]));
                let signature = URL_SAFE_NO_PAD.encode(signature);
                return Ok(format!("{header}.{}.{signature}", part(&claims)));
            }
            None => self.key.sign(message.as_bytes())?,
        };
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// A token of five parts, as Entra sends it if the app has a key for token encryption. The content is not a real
    /// one.
    #[must_use]
    pub fn encrypted(self) -> String {
        let header = json!({ "typ": "JWT", "alg": "RSA-OAEP", "enc": "A256GCM", "kid": "encryption" });
        let sealed = |bytes: usize| URL_SAFE_NO_PAD.encode(vec![42; bytes]);
        format!("{}.{}.{}.{}.{}", part(&object(header)), sealed(256), sealed(12), sealed(400), sealed(16))
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn part(map: &Map<String, Value>) -> String {
    URL_SAFE_NO_PAD.encode(Value::Object(map.clone()).to_string())
}
