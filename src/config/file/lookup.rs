//! `[[lookups]]`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::is_table;
use crate::config::decode::{Decode, Reading, Spanned, built_in, choice, section};
use crate::config::secrets::SecretRef;
use crate::config::shape::{Form, Shape};
use crate::config::tree::{Node, Value};

section! {
    /// A value asked from outside while the form is filled in: one HTTP call, and members of its JSON answer. A policy
    /// names the look-ups it wants in `lookups`. They are asked at once, within their budgets; what is late or fails fills
    /// in nothing, and the sign-up goes on.
    struct LookupSection {
        /// The name by which policies ask for it, and which log lines show.
        name: Spanned<String> => built_in("[]".to_owned()),
        /// The address that is called: https, or http on loopback. A template with `email`, `app.id`, `app.name`, `locale`
        /// and the columns of `invite`; every value is percent-encoded. Scheme, host and port must be written out.
        url: Spanned<String>,
        /// `GET`, or `POST` with a `body`.
        method: LookupMethod = LookupMethod::Get,
        /// The JSON that a `POST` sends. A template with the same names; every value is a JSON string with its quotes, so
        /// write `{"email": {{ email }}}`. A column that may be missing needs a `default`:
        /// `{{ invite.name | default("null") }}`.
        body: Option<Spanned<String>> = None,
        /// Headers that are sent with each call: a text, or `{ env = "NAME" }` or `{ file = "path" }`. One whose name says
        /// authorization, token, key, secret or cookie must be such a reference.
        headers: BTreeMap<String, Spanned<HeaderText>> = BTreeMap::new(),
        /// Which attribute is filled in with what: for each one a JSON pointer (RFC 6901) into the answer, such as
        /// `/person/title`. Texts, numbers, true and false, and lists of texts are taken.
        prefill: BTreeMap<String, Spanned<String>> = BTreeMap::new(),
        /// How long an answer is waited for, from 10ms to 1500ms. Without one by then, or 50 ms before the end of `hooks.budget`,
        /// the sign-up goes on without these values.
        budget: Spanned<Duration> = built_in(Duration::from_millis(300)),
        /// How long an answer is remembered by this process; `0s` asks each time.
        cache: Duration = Duration::from_mins(1),
        /// The largest answer in bytes, at most 1048576. A larger one counts as a failure.
        max_body: Spanned<usize> = built_in(65_536),
        /// The look-up's host, if it may be at a private, loopback or link-local address. Every other look-up reaches public
        /// addresses only, whatever its name says. No look-up goes through a proxy.
        allow_private: Vec<Spanned<String>> = Vec::new(),
    }
}

/// `method`: how a look-up asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum LookupMethod {
    Get,
    Post,
}
choice!(LookupMethod { "GET" => Self::Get, "POST" => Self::Post });

/// What a header says: a text, or a reference to a secret.
#[derive(Debug, Clone)]
pub(in crate::config) enum HeaderText {
    Text(String),
    Secret(SecretRef),
}

impl Decode for HeaderText {
    fn decode(node: &Node, reading: &mut Reading) -> Option<Self> {
        match &node.value {
            Value::String(text) => Some(Self::Text(text.clone())),
            Value::Setting(text) if !is_table(text) => Some(Self::Text(text.clone())),
            _ => SecretRef::decode(node, reading).map(Self::Secret),
        }
    }

    fn shape() -> Shape {
        Shape::Either("header", vec![Shape::Text(Form::Text), SecretRef::shape()])
    }
}
