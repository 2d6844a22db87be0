use serde_json::{Value, json};

use super::*;

async fn behaves(store: StateStore) {
    assert_eq!(store.read::<Value>("pending/a/account.json").await.unwrap(), None);
    assert_eq!(store.create("pending/a/account.json", &json!({"n": 1})).await.unwrap(), Creation::Created);
    assert_eq!(store.create("pending/a/account.json", &json!({"n": 2})).await.unwrap(), Creation::AlreadyExists);
    assert_eq!(store.read("pending/a/account.json").await.unwrap(), Some(json!({"n": 1})));
    store.overwrite("cursor.json", &json!(1)).await.unwrap();
    store.overwrite("cursor.json", &json!(2)).await.unwrap();
    assert_eq!(store.read("cursor.json").await.unwrap(), Some(2));
    store.create("pending2/b.json", &json!(1)).await.unwrap();
    let names: Vec<_> = store.list("pending").await.unwrap().into_iter().map(|entry| entry.name).collect();
    assert_eq!(names, ["pending/a/account.json"]);
    assert!(store.exists("cursor.json").await.unwrap());
    store.delete("cursor.json").await.unwrap();
    store.delete("cursor.json").await.unwrap();
    assert!(!store.exists("cursor.json").await.unwrap());
    assert!(store.list("nothing").await.unwrap().is_empty());
}

#[tokio::test]
async fn creates_once_reads_lists_and_deletes_in_memory() {
    behaves(StateStore::in_memory()).await;
}

#[tokio::test]
async fn creates_once_reads_lists_and_deletes_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    behaves(StateStore::local(&folder.path().join("state")).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writes_and_deletes_at_once_do_not_disturb_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let store = StateStore::local(folder.path()).unwrap();
    let one = |number: usize| {
        let store = store.clone();
        async move {
            let name = format!("pending/{}/account.json", number % 4);
            for _ in 0..50 {
                store.create(&name, &json!(number)).await.unwrap();
                store.delete(&name).await.unwrap();
            }
        }
    };
    futures_util::future::join_all((0..8).map(one)).await;
    assert!(store.list("pending").await.unwrap().is_empty());
}

#[tokio::test]
async fn an_object_that_is_no_json_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = StateStore::local(folder.path()).unwrap();
    std::fs::write(folder.path().join("cursor.json"), "{").unwrap();
    let error = store.read::<Value>("cursor.json").await.unwrap_err();
    assert_eq!(error.to_string(), "cursor.json in the state store is not the JSON expected: line 1, column 1");
}

#[cfg(unix)]
#[tokio::test]
async fn the_folder_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("state");
    StateStore::local(&made).unwrap();
    assert_eq!(std::fs::metadata(&made).unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn sweeps_old_staging_leftovers_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let store = StateStore::local(folder.path()).unwrap();
    store.create("pending/a/account.json", &json!(1)).await.unwrap();
    for leftover in ["cursor.json#1", "pending/a/result-news.json#22", "notes#1", "pending/a/x.json#"] {
        std::fs::write(folder.path().join(leftover), "{").unwrap();
    }
    let written = store.list("pending").await.unwrap().first().unwrap().modified;
    assert_eq!(store.sweep(written).await, 0, "a write may still be going on");
    assert_eq!(store.sweep(written + chrono::TimeDelta::hours(2)).await, 2);
    assert!(store.exists("pending/a/account.json").await.unwrap());
    assert!(folder.path().join("notes#1").exists() && folder.path().join("pending/a/x.json#").exists());
}

#[test]
fn local_state_on_azure_is_refused_with_the_remedy() {
    let error = StateStore::from_settings(&Settings::LocalOnAzure).unwrap_err();
    assert!(error.to_string().contains("a machine of your own"), "{error}");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = StateStore::local(&file.path().join("state")).unwrap_err();
    assert!(error.to_string().starts_with("cannot open the state folder /"), "{error}");
}
