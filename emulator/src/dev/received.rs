//! What the outside systems received in the script, and whether that is right.

use guestlist_emulator::systems::OutsideSystem;
use guestlist_emulator::systems::script::{ALEX, SAM};
use serde_json::{Map, Value, json};

use super::checks::Checks;
use super::one_line;
use super::sandbox::Sandbox;
use super::screen::Screen;

/// Shows every request, and checks what the systems hold after them.
pub(crate) fn show(sandbox: &Sandbox, screen: &Screen, checks: &mut Checks) {
    screen.title("5. What the outside systems received");
    for system in sandbox.tenant.systems() {
        for request in system.received() {
            let values = one_line::pairs(&request.values);
            screen.line(format_args!("  {} {} {values} ({})", system.name(), request.method, request.answer));
        }
    }
    let patches = sandbox.tenant.directory().patches();
    for patch in &patches {
        screen.line(format_args!("  Graph PATCH {} ({})", one_line::changes(patch), patch.status));
    }
    for expected in sandbox.tenant.systems().flat_map(OutsideSystem::after_script) {
        checks.expect(expected.what, expected.holds, format_args!("{}", expected.seen));
    }
    let was_unknown = patches.iter().any(|patch| patch.before.get("displayName") == Some(&json!("unknown")));
    checks.expect("Sam was called \"unknown\"", was_unknown, &patches);
    for (address, name, local) in [(ALEX, "Alex Fabrikam", "alex.fabrikam"), (SAM, "Sam Fabrikam", "sam.fabrikam")] {
        let user = user(sandbox, address);
        let seen = ["displayName", "userPrincipalName"].map(|name| user.get(name).cloned().unwrap_or_default());
        let principal = format!("{local}@{}", sandbox.tenant.options().domain);
        let what = format!("{address} is {name}, {principal}");
        checks.equal(&what, &seen, &[json!(name), json!(principal)]);
    }
    let new_accounts = [ALEX, SAM].map(|address| user(sandbox, address).get("id").cloned());
    let untouched = patches.iter().all(|patch| new_accounts.contains(&Some(json!(patch.user))));
    checks.expect("the administrator's account and the guest are as they were", untouched, &patches);
}

fn user(sandbox: &Sandbox, address: &str) -> Map<String, Value> {
    sandbox.tenant.directory().user_with_address(address).unwrap_or_default()
}
