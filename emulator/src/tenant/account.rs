//! The users of an external tenant: their properties, how they sign in, and who created them.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::clock::seconds;
use crate::shared::new_id;

/// How a person signs in. It decides which identities the user has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignIn {
    /// A one-time passcode by email.
    EmailOtp(String),
    /// Email and password.
    EmailPassword(String),
    /// Google, with a verified address.
    Google(String),
    /// Facebook, without an address.
    Facebook,
    /// An `OpenID` Connect provider, named by its issuer.
    Oidc(String),
    /// None of these: the user has only the `userPrincipalName`.
    None,
}

/// Who created the user, according to the audit record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The sign-up service of external tenants: "Azure ESTS Service", without an app id. The name is from field
    /// reports.
    SignUpService,
    /// The sign-up service of Azure AD B2C, "CPIM Service".
    CpimService,
    /// A person in the admin center.
    Administrator,
    /// An app registration, with app id and name.
    App(String, String),
    /// An app registration, with the object id of its service principal and its name. The record has no app id, as is
    /// usual.
    ServicePrincipal(String, String),
}

/// A user to be created. Each constructor makes a user as real ones look; every property can be changed.
#[derive(Clone, Debug)]
pub struct Account {
    pub(super) id: String,
    pub(super) sign_in: SignIn,
    pub(super) actor: Actor,
    pub(super) guest: Option<String>,
    pub(super) properties: Map<String, Value>,
    pub(super) created_at: Option<DateTime<Utc>>,
    pub(super) arrives_after: Duration,
    pub(super) fraction_digits: usize,
    pub(super) logged: bool,
}

impl Account {
    /// Someone who signed up.
    #[must_use]
    pub fn signed_up(sign_in: SignIn) -> Self {
        Self {
            id: new_id(),
            sign_in,
            actor: Actor::SignUpService,
            guest: None,
            properties: Map::new(),
            created_at: None,
            arrives_after: Duration::ZERO,
            fraction_digits: 7,
            logged: true,
        }
    }

    /// Someone whom an administrator created, with this name as display name and `userPrincipalName`.
    #[must_use]
    pub fn made_by_administrator(local_part: &str) -> Self {
        let mut account = Self::signed_up(SignIn::None).by(Actor::Administrator);
        account.id = new_id();
        account.with("displayName", local_part).with("userPrincipalName", format!("{local_part}@"))
    }

    /// A guest whom an administrator invited.
    #[must_use]
    pub fn guest(address: &str) -> Self {
        let mut account = Self::signed_up(SignIn::None).by(Actor::Administrator);
        account.guest = Some(address.to_owned());
        account
            .with("displayName", address)
            .with("mail", address)
            .with("userType", "Guest")
            .with("creationType", "Invitation")
            .with("externalUserState", "PendingAcceptance")
    }

    /// Someone whom an app registration created, and who can sign in like a customer.
    #[must_use]
    pub fn made_by_app(app_id: &str, address: &str) -> Self {
        let actor = Actor::App(app_id.to_owned(), "provisioning".to_owned());
        Self::signed_up(SignIn::EmailPassword(address.to_owned())).by(actor)
    }

    /// The same, but the record names the app by its service principal only, as records usually do.
    #[must_use]
    pub fn made_by_service_principal(id: &str, address: &str) -> Self {
        let actor = Actor::ServicePrincipal(id.to_owned(), "provisioning".to_owned());
        Self::signed_up(SignIn::EmailPassword(address.to_owned())).by(actor)
    }

    /// Created by `actor`.
    #[must_use]
    pub fn by(mut self, actor: Actor) -> Self {
        self.actor = actor;
        self
    }

    /// With this object id.
    #[must_use]
    pub fn id(mut self, id: &str) -> Self {
        id.clone_into(&mut self.id);
        self
    }

    /// With this property. A `userPrincipalName` that ends in `@` gets the tenant's domain.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.properties.insert(name.to_owned(), value.into());
        self
    }

    /// Created at `at` instead of now.
    #[must_use]
    pub fn created_at(mut self, at: DateTime<Utc>) -> Self {
        self.created_at = Some(at);
        self
    }

    /// The audit record appears this long after the creation.
    #[must_use]
    pub fn arrives_after(mut self, delay: Duration) -> Self {
        self.arrives_after = delay;
        self
    }

    /// The audit record's time has this many digits after the second, 0 to 7.
    #[must_use]
    pub fn fraction_digits(mut self, digits: usize) -> Self {
        self.fraction_digits = digits;
        self
    }

    /// The audit log never has a record of it.
    #[must_use]
    pub fn unlogged(mut self) -> Self {
        self.logged = false;
        self
    }

    /// The user as the directory keeps it.
    pub(super) fn into_user(self, domain: &str, at: DateTime<Utc>) -> Map<String, Value> {
        let mut name = match &self.guest {
            Some(address) => format!("{}#EXT#@{domain}", address.replace('@', "_")),
            None => format!("{}@{domain}", self.id),
        };
        if let Some(Value::String(own)) = self.properties.get("userPrincipalName") {
            name.clone_from(own);
            if name.ends_with('@') {
                name.push_str(domain);
            }
        }
        let mut identities = self.identities(domain);
        identities.push(identity("userPrincipalName", domain, &name));
        let mail = match &self.sign_in {
            SignIn::Google(address) => json!(address),
            _ => Value::Null,
        };
        let mut user = Map::new();
        let mut set = |name: &str, value: Value| user.insert(name.to_owned(), value);
        set("id", json!(self.id));
        set("accountEnabled", json!(true));
        set("createdDateTime", json!(seconds(at)));
        set("creationType", Value::Null);
        set("displayName", json!("unknown"));
        set("givenName", Value::Null);
        set("surname", Value::Null);
        set("mail", mail);
        set("otherMails", json!([]));
        set("userType", json!("Member"));
        set("externalUserState", Value::Null);
        user.extend(self.properties);
        user.insert("userPrincipalName".to_owned(), json!(name));
        user.insert("identities".to_owned(), json!(identities));
        user
    }

    fn identities(&self, domain: &str) -> Vec<Value> {
        let subject = self.id.replace('-', "");
        if self.guest.is_some() {
            let external = json!({ "signInType": "federated", "issuer": "ExternalAzureAD", "issuerAssignedId": null });
            return vec![external];
        }
        match &self.sign_in {
            SignIn::EmailOtp(address) => vec![identity("federated", "mail", address)],
            SignIn::EmailPassword(address) => vec![identity("emailAddress", domain, address)],
            SignIn::Google(_) => vec![identity("federated", "google.com", &subject)],
            SignIn::Facebook => vec![identity("federated", "facebook.com", &subject)],
            SignIn::Oidc(issuer) => vec![identity("federated", issuer, &subject)],
            SignIn::None => Vec::new(),
        }
    }
}

fn identity(sign_in_type: &str, issuer: &str, id: &str) -> Value {
    json!({ "signInType": sign_in_type, "issuer": issuer, "issuerAssignedId": id })
}

impl Actor {
    /// `initiatedBy` of an audit record.
    pub(super) fn initiated_by(&self, domain: &str) -> Value {
        let principal_id = "11111111-2222-3333-4444-555555555555";
        let app = |id: Option<&str>, name: &str, principal: &str| {
            json!({ "user": null, "app": {
                "appId": id,
                "displayName": name,
                "servicePrincipalId": principal,
                "servicePrincipalName": null,
            } })
        };
        match self {
            Self::SignUpService => app(None, "Azure ESTS Service", principal_id),
            Self::CpimService => app(None, "CPIM Service", principal_id),
            Self::App(id, name) => app(Some(id), name, principal_id),
            Self::ServicePrincipal(id, name) => app(None, name, id),
            Self::Administrator => json!({ "app": null, "user": {
                "id": "22222222-3333-4444-5555-666666666666",
                "displayName": null,
                "userPrincipalName": format!("admin@{domain}"),
                "ipAddress": "203.0.113.7",
                "userType": "Member",
                "homeTenantId": null,
                "homeTenantName": null,
            } }),
        }
    }
}
