//! `[graph]`: how Microsoft Graph is called.

use super::checks::PLACEHOLDER_ID;
use super::engine::{Spanned, built_in, section};
use super::secrets::SecretRef;

section! {
    /// How Microsoft Graph is called. The app registration is one of the external tenant, with the application
    /// permissions `AuditLog.Read.All` and `Directory.Read.All`, and `User.ReadWrite.All` for a `profile` connector.
    struct GraphSection {
        /// The application (client) id of the app registration. Accounts that this application makes are not
        /// sign-ups.
        client_id: Spanned<String> as Guid => built_in(PLACEHOLDER_ID.to_owned()),
        /// With what the app registration proves itself.
        credential: CredentialSection => CredentialSection::unknown(),
    }
}

section! {
    /// With what the app registration proves itself when it asks for a token.
    struct CredentialSection {
        /// A client secret of the app registration. Renew it before it expires; the service reads it when it starts.
        /// Example: `{ env = "GUESTLIST_GRAPH_SECRET" }`
        client_secret: SecretRef => SecretRef::unknown(),
    }
    planned { "certificate", "managed_identity", "federated_managed_identity" }
}

impl CredentialSection {
    /// The placeholder of a missing section.
    fn unknown() -> Self {
        Self { client_secret: SecretRef::unknown() }
    }
}
