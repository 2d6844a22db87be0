//! What an event says about the person's browser.

use std::fmt;
use std::net::IpAddr;

/// The browser of a person who signs up. `Debug` does not show the network address.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Client {
    /// The network address; `None` if the event has none, or one that cannot be read.
    pub ip: Option<IpAddr>,
    /// The locale (`en-us`), possibly empty.
    pub locale: String,
    /// The market (`en-au`), possibly empty.
    pub market: String,
}

impl fmt::Debug for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Client({})", self.locale)
    }
}
