//! Several sources at once.

use super::csv_reader::{self, ListOptions, UnendedLine};
use super::*;
use crate::values::{AttributeTypes, Code};

/// A list of this name.
fn list(name: &str, text: &str) -> Arc<dyn InviteSource> {
    let (source, types) = (Arc::from(name), AttributeTypes::default());
    let options = ListOptions { source: Arc::clone(&source), apps: Vec::new(), extension_app: None, types };
    let (snapshot, _) = csv_reader::read(text.as_bytes(), &options, UnendedLine::Used).unwrap();
    list::of_snapshot(source, snapshot)
}

#[tokio::test]
async fn what_several_sources_say_comes_in_their_order() {
    let code = (0..=u8::MAX).find_map(|byte| Code::from_random([byte; 16])).unwrap().digest();
    let text = format!("email,code\njo@example.com,\n,{code}\n");
    let address: EmailAddress = "jo@example.com".parse().unwrap();
    for names in [["beta", "alpha", "gamma"], ["gamma", "beta", "alpha"]] {
        let invites = Invites::new(names.iter().map(|name| list(name, &text)).collect());
        let by_address = invites.find(&address, EmailMatch::Exact).await.unwrap();
        let by_code = invites.find_code(&code).await.unwrap();
        for found in [by_address, by_code] {
            assert_eq!(found.iter().map(|invitation| &*invitation.source).collect::<Vec<_>>(), names);
        }
    }
}
