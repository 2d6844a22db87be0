//! The person who signs up: by which method, and where their address appears.

use serde_json::{Value, json};

use super::event::Event;
use super::form::{Kind, attribute};
use crate::shared::new_id;
use crate::tenant::SignIn;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Method {
    EmailOtp,
    EmailPassword { sign_in_type: String },
    Federated { issuer: String, sends_address: bool },
}

/// Who signs up, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The address, if there is one.
    pub address: Option<String>,
    /// The browser's language, such as `en-us`.
    pub locale: String,
    /// The network address of the browser.
    pub ip: String,
    method: Method,
    subject: String,
}

impl Person {
    fn new(address: Option<&str>, method: Method) -> Self {
        Self {
            address: address.map(str::to_owned),
            locale: "en-us".to_owned(),
            ip: "2001:db8::7".to_owned(),
            method,
            subject: new_id().replace('-', ""),
        }
    }

    /// Someone who signs up with a one-time passcode by email.
    #[must_use]
    pub fn email_otp(address: &str) -> Self {
        Self::new(Some(address), Method::EmailOtp)
    }

    /// Someone who signs up with email and password. `sign_in_type` is `email` (documented) or `emailAddress` (seen in
    /// production).
    #[must_use]
    pub fn email_password(address: &str, sign_in_type: &str) -> Self {
        let sign_in_type = sign_in_type.to_owned();
        Self::new(Some(address), Method::EmailPassword { sign_in_type })
    }

    /// Someone who signs up with Google.
    #[must_use]
    pub fn google(address: &str) -> Self {
        Self::federated("google.com", Some(address), true)
    }

    /// Someone who signs up with Facebook, and does not share their address.
    #[must_use]
    pub fn facebook_without_address() -> Self {
        Self::federated("facebook.com", None, true)
    }

    /// Someone who signs up with a custom `OpenID` Connect provider. Entra knows the address, and does not send it.
    #[must_use]
    pub fn oidc(issuer: &str, address: &str) -> Self {
        Self::federated(issuer, Some(address), false)
    }

    /// Someone who signs up with any federated provider. `sends_address` says whether Entra sends the address.
    #[must_use]
    pub fn federated(issuer: &str, address: Option<&str>, sends_address: bool) -> Self {
        let issuer = issuer.to_owned();
        Self::new(address, Method::Federated { issuer, sends_address })
    }

    /// With this language.
    #[must_use]
    pub fn locale(mut self, locale: &str) -> Self {
        locale.clone_into(&mut self.locale);
        self
    }

    /// How the account will sign in.
    #[must_use]
    pub fn sign_in(&self) -> SignIn {
        let address = self.address.clone().unwrap_or_default();
        match &self.method {
            Method::EmailOtp => SignIn::EmailOtp(address),
            Method::EmailPassword { .. } => SignIn::EmailPassword(address),
            Method::Federated { issuer, .. } => match issuer.as_str() {
                "google.com" => SignIn::Google(address),
                "facebook.com" => SignIn::Facebook,
                _ => SignIn::Oidc(issuer.clone()),
            },
        }
    }

    pub(super) fn identity(&self, domain: &str) -> Value {
        let address = self.address.as_deref().unwrap_or_default();
        let (kind, issuer, id) = match &self.method {
            Method::EmailOtp => ("federated", "mail", address),
            Method::EmailPassword { sign_in_type } => (sign_in_type.as_str(), domain, address),
            Method::Federated { issuer, .. } => ("federated", issuer.as_str(), self.subject.as_str()),
        };
        json!({ "signInType": kind, "issuer": issuer, "issuerAssignedId": id })
    }

    /// The address as an attribute: `EmailAddress` at Start, `email` at Submit. Local accounts have it at Submit only.
    pub(super) fn address_attribute(&self, event: Event) -> Option<(String, Value)> {
        let is_sent = match (&self.method, event) {
            (Method::Federated { sends_address, .. }, _) => *sends_address,
            (Method::EmailPassword { .. }, event) => event == Event::Submit,
            (Method::EmailOtp, _) => true,
        };
        let name = match event {
            Event::Start => "EmailAddress",
            Event::Submit => "email",
        };
        let address = self.address.as_ref().filter(|_| is_sent)?;
        Some((name.to_owned(), attribute(name, Kind::Text, &json!(address))))
    }
}
