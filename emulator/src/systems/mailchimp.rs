//! Mailchimp: one list, who is on it with which status, and every request that came.

mod server;

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use md5::{Digest, Md5};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use super::script::{ALEX, Expectation};
use super::{OutsideSystem, Received};
use crate::faults::{Faults, Route};
use crate::shared::{locked, serve};

const NAME: &str = "Mailchimp";

/// A request to Mailchimp, as it was received.
#[derive(Clone, Debug, PartialEq)]
pub struct MailchimpRequest {
    /// `PUT` or `GET`.
    pub method: &'static str,
    /// The list in the path.
    pub list: String,
    /// The member's hash in the path.
    pub hash: String,
    /// The body; null for a `GET`.
    pub body: Value,
    /// The status of the answer.
    pub status: u16,
}

/// A list member.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The email address.
    pub email_address: String,
    /// `subscribed`, `unsubscribed`, `cleaned`, `pending` or `transactional`.
    pub status: String,
    /// The merge fields, such as `FNAME`.
    pub merge_fields: Map<String, Value>,
    /// The language, if one was sent.
    pub language: Option<String>,
}

#[derive(Debug, Default)]
struct State {
    members: HashMap<(String, String), Member>,
    requests: Vec<MailchimpRequest>,
    /// Hashes of addresses that can be subscribed as `pending` only.
    in_compliance: HashSet<String>,
    /// Hashes of addresses that were permanently deleted.
    forgotten: HashSet<String>,
}

/// An account at Mailchimp.
#[derive(Debug)]
pub struct Mailchimp {
    url: String,
    state: Mutex<State>,
}

impl OutsideSystem for Mailchimp {
    fn name(&self) -> &'static str {
        NAME
    }

    /// In place of `https://us21.api.mailchimp.com`.
    fn url(&self) -> &str {
        &self.url
    }

    fn routes(&self) -> &'static [Route] {
        &[Self::PUT_MEMBER, Self::GET_MEMBER]
    }

    fn serve(self: Arc<Self>, listener: TcpListener, faults: &Faults) -> AbortOnDropHandle<()> {
        serve(listener, server::router(&self, faults))
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("GUESTLIST__CONNECTORS__NEWS__BASE_URL", self.url.clone()),
            ("MAILCHIMP_API_KEY", Self::API_KEY.to_owned()),
        ]
    }

    fn received(&self) -> Vec<Received> {
        let received = |request: MailchimpRequest| Received {
            method: request.method,
            is_write: request.method == "PUT",
            values: request.body.as_object().cloned().unwrap_or_default(),
            answer: request.status.to_string(),
            details: json!({
                "method": request.method,
                "list": request.list,
                "body": request.body,
                "status": request.status,
            }),
        };
        self.requests().into_iter().map(received).collect()
    }

    fn after_script(&self) -> Vec<Expectation> {
        let members = self.members(Self::LIST);
        let members: Vec<_> =
            members.iter().map(|member| (member.email_address.as_str(), member.status.as_str())).collect();
        vec![Expectation {
            what: "Mailchimp has Alex, to be confirmed, and not Sam",
            holds: members == [(ALEX, "pending")],
            seen: format!("{members:?}"),
        }]
    }
}

impl Mailchimp {
    /// The key of its API.
    pub const API_KEY: &str = "0123456789abcdef0123456789abcdef-us21";
    /// The id of its one list, which the sample configuration names.
    pub const LIST: &str = "a1b2c3d4e5";
    /// `PUT` of a list member.
    pub const PUT_MEMBER: Route = Route::Outside { system: NAME, endpoint: "PUT member" };
    /// `GET` of a list member.
    pub const GET_MEMBER: Route = Route::Outside { system: NAME, endpoint: "GET member" };

    pub(super) fn new(address: SocketAddr) -> Self {
        Self { url: format!("http://{address}"), state: Mutex::default() }
    }

    /// Every request, in the order in which it was received.
    #[must_use]
    pub fn requests(&self) -> Vec<MailchimpRequest> {
        locked(&self.state).requests.clone()
    }

    /// The members of a list, sorted by address.
    #[must_use]
    pub fn members(&self, list: &str) -> Vec<Member> {
        let state = locked(&self.state);
        let of_list = state.members.iter().filter(|((own, _), _)| own == list);
        let mut members: Vec<Member> = of_list.map(|(_, member)| member.clone()).collect();
        members.sort_by(|a, b| a.email_address.cmp(&b.email_address));
        members
    }

    /// The member with this address.
    #[must_use]
    pub fn member(&self, list: &str, address: &str) -> Option<Member> {
        self.by_hash(list, &subscriber_hash(address))
    }

    /// Adds a member without a request.
    pub fn add(&self, list: &str, address: &str, status: &str) {
        let member = Member {
            email_address: address.to_owned(),
            status: status.to_owned(),
            merge_fields: Map::new(),
            language: None,
        };
        self.store(list, member);
    }

    /// Puts an address into the state in which it can be subscribed as `pending` only ("Member In Compliance State").
    pub fn put_in_compliance(&self, address: &str) {
        let hash = subscriber_hash(address);
        locked(&self.state).in_compliance.insert(hash);
    }

    /// Makes an address one that was permanently deleted ("Forgotten Email Not Subscribed").
    pub fn forget(&self, address: &str) {
        let hash = subscriber_hash(address);
        locked(&self.state).forgotten.insert(hash);
    }

    fn by_hash(&self, list: &str, hash: &str) -> Option<Member> {
        let state = locked(&self.state);
        let key = (list.to_owned(), hash.to_owned());
        state.members.get(&key).cloned()
    }

    fn store(&self, list: &str, member: Member) {
        let key = (list.to_owned(), subscriber_hash(&member.email_address));
        locked(&self.state).members.insert(key, member);
    }

    fn record(&self, request: MailchimpRequest) {
        locked(&self.state).requests.push(request);
    }

    fn is_in_compliance(&self, hash: &str) -> bool {
        locked(&self.state).in_compliance.contains(hash)
    }

    fn is_forgotten(&self, hash: &str) -> bool {
        locked(&self.state).forgotten.contains(hash)
    }
}

/// Mailchimp's id of an address: the hexadecimal MD5 of the trimmed address in lower case.
#[must_use]
fn subscriber_hash(address: &str) -> String {
    let digest = Md5::digest(address.trim().to_lowercase().as_bytes());
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or('0');
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_an_address_as_documented() {
        let expected = "62eeb292278cc15f5817cb78f7790b08";
        assert_eq!(subscriber_hash(" Urist.McVankab@freddiesjokes.com "), expected);
    }
}
