//! What the outside systems received in the script, and whether it is what they should have.

use serde_json::{Map, Value, json};

use super::checks::Checks;
use super::screen::Screen;
use super::short;
use super::stage::Stage;

const LIST: &str = "a1b2c3d4e5";
const ALEX: &str = "alex@fabrikam.com";
const SAM: &str = "sam@fabrikam.com";

/// Shows and checks it.
pub(crate) fn show(stage: &Stage, screen: &Screen, checks: &mut Checks) {
    screen.title("5. What the outside systems received");
    let mailchimp = stage.tenant.mailchimp();
    for request in mailchimp.requests() {
        let fields = request.body.as_object().map(short::pairs).unwrap_or_default();
        screen.line(format_args!("  Mailchimp {} {fields} ({})", request.method, request.status));
    }
    let patches = stage.tenant.directory().patches();
    for patch in &patches {
        screen.line(format_args!("  Graph PATCH {} ({})", short::changes(patch), patch.status));
    }
    let members = mailchimp.members(LIST);
    let members: Vec<_> =
        members.iter().map(|member| (member.email_address.as_str(), member.status.as_str())).collect();
    checks.expect("Mailchimp has Alex, to be confirmed, and not Sam", members == [(ALEX, "pending")], &members);
    let was_unknown = patches.iter().any(|patch| patch.before.get("displayName") == Some(&json!("unknown")));
    checks.expect("Sam was called \"unknown\"", was_unknown, &patches);
    for (address, name, local) in [(ALEX, "Alex Fabrikam", "alex.fabrikam"), (SAM, "Sam Fabrikam", "sam.fabrikam")] {
        let user = user(stage, address);
        let seen = ["displayName", "userPrincipalName"].map(|name| user.get(name).cloned().unwrap_or_default());
        let principal = format!("{local}@{}", stage.tenant.options().domain);
        let what = format!("{address} is {name}, {principal}");
        checks.equal(&what, &seen, &[json!(name), json!(principal)]);
    }
    let own = [ALEX, SAM].map(|address| user(stage, address).get("id").cloned());
    let untouched = patches.iter().all(|patch| own.contains(&Some(json!(patch.user))));
    checks.expect("the administrator's account and the guest are as they were", untouched, &patches);
}

fn user(stage: &Stage, address: &str) -> Map<String, Value> {
    stage.tenant.directory().user_with_address(address).unwrap_or_default()
}
