//! The outside systems: what the product's connectors write to. Each listens on a loopback port of its own, so that
//! each can fail alone.
//!
//! A new system is a file that implements [`OutsideSystem`], its `mod` line here, and a line in `SYSTEMS`. The tenant
//! starts it, `cargo dev` shows and checks it, and the product's settings point at it; none of these names it.

pub mod mailchimp;
pub mod script;

use std::any::Any;
use std::fmt::Debug;
use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use crate::faults::{Faults, Route};
use crate::shared::listen;

/// Makes a system from the address that it listens on.
type New = fn(SocketAddr) -> Arc<dyn OutsideSystem>;

/// Every outside system.
const SYSTEMS: &[New] = &[|address| Arc::new(mailchimp::Mailchimp::new(address))];

/// A system that the product's connectors write to.
pub trait OutsideSystem: Any + Debug + Send + Sync {
    /// The name that people know it by.
    fn name(&self) -> &'static str;

    /// The base address, without a trailing slash.
    fn url(&self) -> &str;

    /// Its endpoints, at each of which a fault can be armed.
    fn routes(&self) -> &'static [Route];

    /// Serves every endpoint behind `faults` until the handle is dropped.
    fn serve(self: Arc<Self>, listener: TcpListener, faults: &Faults) -> AbortOnDropHandle<()>;

    /// The environment variables, secrets included, that point the product at it under the sample configuration.
    fn settings(&self) -> Vec<(&'static str, String)>;

    /// Every request so far, in the order in which it was received.
    fn received(&self) -> Vec<Received>;

    /// What has to be true of it after the script of `cargo dev`.
    fn after_script(&self) -> Vec<script::Expectation>;
}

/// A request to an outside system, in the terms that all systems share.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// The HTTP method, or what corresponds to it.
    pub method: &'static str,
    /// Whether it may change something.
    pub is_write: bool,
    /// The values in it, by name.
    pub values: Map<String, Value>,
    /// The status of the answer, or what corresponds to it.
    pub answer: String,
    /// The whole request, for developers.
    pub details: Value,
}

/// The running outside systems. Dropping them closes their ports.
#[derive(Debug)]
pub(crate) struct Systems {
    systems: Vec<Arc<dyn OutsideSystem>>,
    _servers: Vec<AbortOnDropHandle<()>>,
}

impl Systems {
    /// Starts each system behind `faults`.
    pub(crate) async fn start(faults: &Faults) -> std::io::Result<Self> {
        let (mut systems, mut servers) = (Vec::new(), Vec::new());
        for new in SYSTEMS {
            let (listener, address) = listen().await?;
            let system = new(address);
            servers.push(Arc::clone(&system).serve(listener, faults));
            systems.push(system);
        }
        Ok(Self { systems, _servers: servers })
    }

    /// All systems, in the order of the list.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &dyn OutsideSystem> {
        self.systems.iter().map(AsRef::as_ref)
    }

    /// The system of this type, if it is in the list.
    pub(crate) fn get<S: OutsideSystem>(&self) -> Option<&S> {
        self.iter().find_map(|system| {
            let any: &dyn Any = system;
            any.downcast_ref()
        })
    }
}
