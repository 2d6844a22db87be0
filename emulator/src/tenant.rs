//! The tenant: Entra's two authorities, Microsoft Graph and the outside systems, each on a loopback port of its own, so
//! that each can fail alone.
//!
//! Each is as strict as the real service, and keeps what tests may ask for: requests, changes, members. [`Faults`]
//! makes single endpoints fail.

mod account;
mod audit;
mod authority;
mod directory;
mod graph_token;
mod graph_users;
mod keys;
mod token;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio_util::task::AbortOnDropHandle;

pub use account::{Account, Actor, SignIn};
pub use directory::{Directory, Patch};
pub use graph_token::GraphTokens;
pub use keys::{Authority, KeyError, Keys, SigningKey, odd_keys, unrelated_key};
pub use token::{Forgery, Issuer, Token};

pub use crate::faults::{Fault, Faults, Route};

use crate::Clock;
use crate::shared::{listen, serve};
use crate::systems::{OutsideSystem, Systems};

/// The app id under which Entra calls custom extensions.
pub const ENTRA_CALLER: &str = "99045fe1-7639-4a75-9d4a-577b6ca3810f";
/// The app id of Microsoft Graph.
pub const GRAPH_APP: &str = "00000003-0000-0000-c000-000000000000";

/// The properties of a tenant. The defaults fit the sample configuration.
#[derive(Clone, Debug)]
pub struct TenantOptions {
    /// The tenant's id.
    pub id: String,
    /// The subdomain of `ciamlogin.com`, which one of the issuers contains.
    pub subdomain: String,
    /// The initial domain: that of the `userPrincipalName` of new accounts.
    pub domain: String,
    /// Other verified domains.
    pub verified_domains: Vec<String>,
    /// `aud` of the tokens.
    pub audience: String,
    /// The app registration that can get Graph tokens.
    pub graph_client_id: String,
    /// Its client secret.
    pub graph_client_secret: String,
    /// The lifetime of Graph tokens.
    pub graph_token_lifetime: Duration,
    /// The largest number of records on a page of the audit log.
    pub page_size: usize,
    /// How far back the audit log reaches. Filters for older records are refused. `None`: no limit.
    pub retention: Option<Duration>,
    /// Whether the audit log's `@odata.nextLink` leads to a host other than Graph's.
    pub foreign_next_link: bool,
    /// The tenant's clock.
    pub clock: Clock,
}

impl Default for TenantOptions {
    fn default() -> Self {
        Self {
            id: "aaaabbbb-0000-cccc-1111-dddd2222eeee".to_owned(),
            subdomain: "contoso".to_owned(),
            domain: "contoso.onmicrosoft.com".to_owned(),
            verified_domains: Vec::new(),
            audience: "99999999-2222-3333-4444-555555555555".to_owned(),
            graph_client_id: "88888888-3333-4444-5555-666666666666".to_owned(),
            graph_client_secret: "emulated~graph~secret".to_owned(),
            graph_token_lifetime: Duration::from_secs(3599),
            page_size: 100,
            retention: None,
            foreign_next_link: false,
            clock: Clock::system(),
        }
    }
}

/// A tenant that could not be started.
#[derive(Debug, thiserror::Error)]
pub enum TenantError {
    /// A loopback port could not be opened.
    #[error("open a loopback port for the tenant")]
    Listen(#[source] std::io::Error),
    /// The signing key could not be made.
    #[error("make the tenant's signing key")]
    Key(#[source] KeyError),
}

/// The base addresses of Entra and Graph, without a trailing slash.
#[derive(Clone, Debug)]
pub struct Urls {
    /// In place of `https://login.microsoftonline.com`.
    pub login: String,
    /// In place of `https://{tenant id}.ciamlogin.com`.
    pub ciam: String,
    /// In place of `https://graph.microsoft.com`.
    pub graph: String,
}

/// What all endpoints of a tenant share.
#[derive(Debug)]
pub(crate) struct TenantState {
    pub(crate) options: TenantOptions,
    pub(crate) urls: Urls,
    pub(crate) keys: Keys,
    pub(crate) faults: Faults,
    pub(crate) directory: Directory,
    pub(crate) graph_tokens: GraphTokens,
}

/// A running tenant. Dropping it closes its ports.
#[derive(Debug)]
pub struct Tenant {
    inner: Arc<TenantState>,
    systems: Systems,
    _servers: Vec<AbortOnDropHandle<()>>,
}

impl Tenant {
    /// Starts a tenant with [`TenantOptions::default`].
    pub async fn start_default() -> Result<Self, TenantError> {
        Self::start(TenantOptions::default()).await
    }

    /// Starts a tenant.
    pub async fn start(options: TenantOptions) -> Result<Self, TenantError> {
        let open = || async { listen().await.map_err(TenantError::Listen) };
        let (login, login_at) = open().await?;
        let (ciam, ciam_at) = open().await?;
        let (graph, graph_at) = open().await?;
        let urls = Urls {
            login: format!("http://{login_at}"),
            ciam: format!("http://{ciam_at}"),
            graph: format!("http://{graph_at}"),
        };
        let faults = Faults::default();
        let systems = Systems::start(&faults).await.map_err(TenantError::Listen)?;
        let inner = Arc::new(TenantState {
            keys: Keys::for_tenant().map_err(TenantError::Key)?,
            faults,
            directory: Directory::new(&options),
            graph_tokens: GraphTokens::default(),
            urls,
            options,
        });
        let graph_router = Router::new().merge(audit::router(&inner)).merge(graph_users::router(&inner));
        let servers = vec![
            serve(login, authority::login(&inner).merge(graph_token::router(&inner))),
            serve(ciam, authority::ciam(&inner)),
            serve(graph, graph_router),
        ];
        Ok(Self { inner, systems, _servers: servers })
    }

    /// What other parts of the emulator share with the endpoints.
    pub(crate) fn shared(&self) -> Arc<TenantState> {
        Arc::clone(&self.inner)
    }

    /// The options that the tenant was started with.
    #[must_use]
    pub fn options(&self) -> &TenantOptions {
        &self.inner.options
    }

    /// The addresses of Entra and Graph.
    #[must_use]
    pub fn urls(&self) -> &Urls {
        &self.inner.urls
    }

    /// The tenant's clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.inner.options.clock
    }

    /// The key that signs, and the published keys.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.inner.keys
    }

    /// The faults of endpoints, and how often each endpoint was asked.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// The users, the audit log, and the changes through Graph.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.inner.directory
    }

    /// The Graph tokens that were issued.
    #[must_use]
    pub fn graph_tokens(&self) -> &GraphTokens {
        &self.inner.graph_tokens
    }

    /// The outside systems.
    pub fn systems(&self) -> impl Iterator<Item = &dyn OutsideSystem> {
        self.systems.iter()
    }

    /// One outside system, by its type.
    ///
    /// # Panics
    /// If it is not in the list of outside systems.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a system that the list lacks is a mistake of whoever wrote the test")]
    pub fn system<S: OutsideSystem>(&self) -> &S {
        self.systems.get().expect("the system is in the list of outside systems")
    }

    /// The environment variables, secrets included, that point the product at this tenant and at every outside system,
    /// under the sample configuration.
    #[must_use]
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let urls = &self.inner.urls;
        let mut settings = vec![
            ("GUESTLIST__TENANT__ENDPOINTS__LOGIN", urls.login.clone()),
            ("GUESTLIST__TENANT__ENDPOINTS__CIAM", urls.ciam.clone()),
            ("GUESTLIST__TENANT__ENDPOINTS__GRAPH", urls.graph.clone()),
            ("GUESTLIST_GRAPH_SECRET", self.inner.options.graph_client_secret.clone()),
        ];
        settings.extend(self.systems().flat_map(OutsideSystem::settings));
        settings
    }

    /// A token as Entra would send it to a hook now: version 2, from the ciam authority, signed by the current key.
    #[must_use]
    pub fn token(&self) -> Token {
        Token::new(&self.inner)
    }
}
