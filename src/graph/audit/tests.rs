use rstest::rstest;
use serde_json::json;

use super::*;

fn base() -> Url {
    "https://graph.microsoft.com".parse().unwrap()
}

fn record(over: &Value) -> Value {
    let mut record = json!({
        "id": "Directory_1_HR9C4_1", "category": "UserManagement", "result": "success",
        "activityDisplayName": "Add user", "activityDateTime": "2026-11-21T09:58:09.2876043Z",
        "initiatedBy": {"user": null, "app": {"appId": null, "displayName": "Azure ESTS Service",
            "servicePrincipalId": "11111111-2222-3333-4444-555555555555"}},
        "targetResources": [{"id": "9FB7A577-9469-4489-912D-BC58A5BCA276", "displayName": null, "type": "User"}],
    });
    for (name, value) in over.as_object().unwrap() {
        record[name.as_str()] = value.clone();
    }
    record
}

#[test]
fn asks_for_the_window_in_whole_seconds_with_everything_encoded() {
    let window =
        Window { from: "2026-11-21T01:00:00.25Z".parse().unwrap(), to: "2026-11-21T01:59:59.000001Z".parse().unwrap() };
    assert_eq!(
        first_page_url(&base(), window).as_str(),
        "https://graph.microsoft.com/v1.0/auditLogs/directoryAudits?$filter=activityDisplayName%20eq%20%27Add%20user%27\
         %20and%20activityDateTime%20ge%202026-11-21T01%3A00%3A00Z%20and%20activityDateTime%20le%202026-11-21T02%3A00%3A00Z\
         &$orderby=activityDateTime%20asc&$top=999"
    );
}

#[test]
fn reads_a_record_in_the_services_own_shape() {
    let record = parse_record(&record(&json!({}))).unwrap();
    assert_eq!(record.at.unwrap().to_rfc3339(), "2026-11-21T09:58:09.287604300+00:00");
    assert_eq!(record.initiator.app_name.as_deref(), Some("Azure ESTS Service"));
    assert_eq!(record.initiator.user_id, None);
    assert_eq!(record.targets[0].id.as_str(), "9fb7a577-9469-4489-912d-bc58a5bca276");
}

#[rstest]
#[case("2026-11-21T09:58:09Z", true)]
#[case("2026-11-21T09:58:09.1Z", true)]
#[case("2026-11-21T09:58:09.920592Z", true)]
#[case("2026-11-21T09:58:09.0667781+00:00", true)]
#[case("2026-11-21T09:58:09", true)]
#[case("yesterday", false)]
fn reads_every_form_of_a_time(#[case] text: &str, #[case] readable: bool) {
    assert_eq!(parse_time(text).is_some(), readable);
}

#[test]
fn tolerates_capitals_missing_members_and_nulls() {
    let spelt = record(&json!({"targetResources": [{"id": "9fb7a577-9469-4489-912d-bc58a5bca276", "Type": "User"}]}));
    assert_eq!(parse_record(&spelt).unwrap().targets[0].kind.as_deref(), Some("User"));
    let bare = json!({"targetResources": [{"id": "9fb7a577-9469-4489-912d-bc58a5bca276"}], "result": null});
    let bare = parse_record(&bare).unwrap();
    assert_eq!((bare.id.as_str(), bare.at, bare.result, bare.initiator), ("", None, None, Initiator::default()));
    let nobody = json!({"user": {"id": "00000000-0000-0000-0000-000000000000"}});
    assert_eq!(parse_record(&record(&json!({"initiatedBy": nobody}))).unwrap().initiator.user_id, None);
}

#[test]
fn an_unreadable_record_is_counted_and_the_others_are_kept() {
    let unreadable = [
        json!(7),
        json!({"id": "Directory_1_HR9C4_1"}),
        record(&json!({"targetResources": []})),
        record(&json!({"targetResources": [{"type": "User", "id": "jo"}]})),
        record(&json!({"targetResources": [{"id": "00000000-0000-0000-0000-000000000000"}]})),
        record(&json!({"targetResources": [{"id": "9fb7a577-9469-4489-912d-bc58a5bca276", "type": "N/A"}]})),
    ];
    let good = record(&json!({"id": "good"}));
    let entries: Vec<_> = unreadable.into_iter().chain([good]).collect();
    let page = parse_page(&json!({"value": entries, "@odata.nextLink": "https://x"}), 3).unwrap();
    assert_eq!((page.unreadable.len(), page.records.len()), (6, 1));
    let named = UnreadableRecord { id: "Directory_1_HR9C4_1".to_owned(), reason: "it names no user" };
    assert_eq!((page.unreadable[0].id.as_str(), &page.unreadable[1]), ("unknown", &named));
    assert_eq!(page.next, Some(PageRequest::Next { link: "https://x".to_owned(), number: 4 }));
}

#[test]
fn a_page_without_records_is_an_error() {
    assert!(parse_page(&json!({"values": []}), 1).is_err());
    assert_eq!(parse_page(&json!({"value": []}), 1).unwrap().next, None);
}

#[test]
fn a_next_link_that_cannot_be_read_is_not_taken_for_the_end_of_the_log() {
    let page = |link: Value| parse_page(&json!({"value": [], "@odata.nextLink": link}), 1);
    for odd in [json!(""), json!(" "), json!(7), json!({}), json!(["https://x"]), json!(false)] {
        assert!(page(odd.clone()).is_err(), "{odd}");
    }
    assert_eq!(page(json!(null)).unwrap().next, None);
}

#[rstest]
#[case("https://graph.microsoft.com/v1.0/auditLogs/directoryAudits?$skiptoken=a%2Bb__1", true)]
#[case("https://graph.microsoft.com:443/x", true)]
#[case("https://GRAPH.microsoft.com/x", true)]
#[case("http://graph.microsoft.com/x", false)]
#[case("https://graph.microsoft.com:8443/x", false)]
#[case("https://graph.microsoft.com.example.com/x", false)]
#[case("https://graph.microsoft.com@example.com/x", false)]
#[case("https://user@graph.microsoft.com/x", false)]
fn follows_a_link_on_the_graph_host_only(#[case] link: &str, #[case] followed: bool) {
    let outcome = next_page_url(&base(), link, 2);
    assert_eq!(outcome.is_ok(), followed, "{outcome:?}");
    assert!(followed || matches!(outcome, Err(GraphError::ForeignNextLink { .. })));
}

#[test]
fn the_number_of_pages_is_bounded() {
    let link = "https://graph.microsoft.com/x";
    assert!(next_page_url(&base(), link, MAX_PAGES).is_ok());
    assert!(matches!(next_page_url(&base(), link, MAX_PAGES + 1), Err(GraphError::TooManyPages { .. })));
}
