//! The JSON Schema and the reference of `guestlist.toml`, as `guestlist schema` prints them.
//!
//! The prose here only says what no doc comment of a key can say.

use std::fmt::Write as _;

use super::engine::{self, Decode};
use super::file::File;
use crate::signup::messages;

const INTRODUCTION: &str = "\
# Configuration

One file, `guestlist.toml`, beside `host.json`; the environment variable `GUESTLIST_CONFIG` names another one. The
[sample](../guestlist.toml) is complete enough to start from. This page is generated from the program, with
`guestlist schema --markdown`; it names every key there is.

`guestlist check` reads the file as the service does and shows everything that is wrong with it at once, each error with
its line, its column and the nearest known key. The service does not start while there is one; no key is ever ignored.

An editor that knows JSON Schema completes and explains the keys, if the file begins with this line (the schema is
[here](guestlist.schema.json), and `guestlist schema` prints it):

```toml
#:schema docs/guestlist.schema.json
```

## App settings override keys

Any key can be set by an app setting (an environment variable) whose name begins with `GUESTLIST__` and goes on with the
path of the key, its parts joined by `__`:

| app setting | sets |
| --- | --- |
| `GUESTLIST__HOOKS__BUDGET=1200ms` | `budget` in `[hooks]` |
| `GUESTLIST__POLICIES__DEFAULT__GATE=open` | `gate` of the policy with the name `default` |
| `GUESTLIST__POLICIES__DEFAULT__ALLOW=[\"@contoso.com\"]` | a list: whatever is not a string is written as TOML |
| `GUESTLIST__POLICIES__DEFAULT__RULES__POSTALCODE__REQUIRED=true` | `required` of the rule for `postalCode` |
| `GUESTLIST__MESSAGES__EN__NOT_INVITED=Sorry.` | `not-invited` in `[messages.en]`: `_` stands for `-` |

Upper and lower case are the same. Members of a list go by their name, rules by their attribute; a member that the file
does not have cannot be added. A setting that fits no key is an error.

## Secrets

A secret is never in the file. Where a key takes one, the file says where it is:

| written | the secret is |
| --- | --- |
| `{ env = \"NAME\" }` | the value of the app setting `NAME`, which may be a Key Vault reference that the platform resolves |
| `{ file = \"path\" }` | what is in that file; a relative path begins at the folder of `guestlist.toml` |

A secret that is missing does not stop the service: what needs it reports it, the hooks run, and `guestlist check` fails.

## How values are written

";

/// `docs/guestlist.schema.json`.
#[must_use]
pub(crate) fn json_schema() -> String {
    format!("{:#}\n", engine::json_schema("guestlist.toml", &File::shape()))
}

/// `docs/CONFIGURATION.md`.
#[must_use]
pub(crate) fn markdown() -> String {
    engine::markdown(INTRODUCTION, &File::shape(), &[("messages", built_in_messages())])
}

/// The keys of `[messages]` that are shown without a rule that names them.
fn built_in_messages() -> String {
    let mut note = "Rules may name any other key. These are shown without one:\n\n".to_owned();
    note.push_str("| key | built-in text |\n| --- | --- |\n");
    for (key, text) in messages::built_in_texts() {
        let text = text.unwrap_or("that of `not-invited`, unless it has one of its own");
        let _ = writeln!(note, "| `{key}` | {text} |");
    }
    note.push_str("\nA built-in text on a page ends with the support code.\n\n");
    note
}
