//! The person's end of the line: what the event says about their browser.

use std::fmt;
use std::net::IpAddr;

/// Where a sign-up comes from. `Debug` does not show the address of the network.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Client {
    /// The network address; `None` if the event has none that can be read.
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
