use std::path::Path as FilePath;

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
    behaves(StateStore::local(&folder.path().join("state"))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writes_and_deletes_at_once_do_not_disturb_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let store = StateStore::local(folder.path());
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
    let store = StateStore::local(folder.path());
    std::fs::write(folder.path().join("cursor.json"), "{").unwrap();
    let error = store.read::<Value>("cursor.json").await.unwrap_err();
    assert_eq!(error.to_string(), "cursor.json in the state store is not the JSON expected: line 1, column 1");
}

#[cfg(unix)]
fn mode(folder: &FilePath) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(folder).unwrap().permissions().mode() & 0o7777
}

#[cfg(unix)]
fn set_mode(folder: &FilePath, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn the_folder_is_for_its_owner_only_whatever_becomes_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("above/state");
    let store = StateStore::local_for(&made, &[&NOTES, &KEYS]);
    assert!(!made.exists(), "made when it is needed");
    store.create("pending/a/account.json", &json!(1)).await.unwrap();
    assert_eq!((mode(&made), mode(&folder.path().join("above"))), (0o700, 0o700));
    set_mode(&made, 0o2755);
    std::fs::write(made.join("cursor.json#1"), "{").unwrap();
    store.create("person-key.json", &json!(1)).await.unwrap();
    set_mode(&made, 0o2755);
    store.create("done/a.json", &json!(1)).await.unwrap();
    assert_eq!(mode(&made), 0o2700, "closed again before the next write");
    std::fs::remove_dir_all(&made).unwrap();
    assert_eq!(store.read::<Value>("done/a.json").await.unwrap(), None);
    assert!(store.list("pending").await.unwrap().is_empty());
    store.create("done/a.json", &json!(1)).await.unwrap();
    assert_eq!(mode(&made), 0o700, "gone, and private when it comes back");
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_holds_something_else_is_left_open_and_works() {
    let folder = tempfile::tempdir().unwrap();
    set_mode(folder.path(), 0o755);
    std::fs::write(folder.path().join("somebody-elses.txt"), "x").unwrap();
    let lines = crate::telemetry::CapturedLines::default();
    let clock = Arc::new(crate::clock::SystemClock);
    let level = tracing::level_filters::LevelFilter::INFO;
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let store = StateStore::local(folder.path());
    // The folder is looked at in another thread, which has the default subscriber only.
    let subscriber = crate::telemetry::subscriber(level, lines.clone(), clock);
    let Backend::Folder(place) = &store.backend else { panic!("a folder") };
    tracing::subscriber::with_default(subscriber, || {
        place.open_for_writing().unwrap();
        place.open_for_writing().unwrap();
    });
    store.create("cursor.json", &json!(1)).await.unwrap();
    assert_eq!(mode(folder.path()), 0o755);
    let said: Vec<_> = lines.events().into_iter().filter(|line| line["event"] == "state-folder-open").collect();
    assert!(said.len() == 1 && said[0]["level"] == "WARN", "{said:?}");
    assert!(said[0]["reason"].as_str().unwrap().contains("state.url"), "{said:?}");
}

#[tokio::test]
async fn sweeps_old_staging_leftovers_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let store = StateStore::local(folder.path());
    store.create("pending/a/account.json", &json!(1)).await.unwrap();
    store.create("admissions/app/id/1-0f.json", &json!(1)).await.unwrap();
    let deepest = "admissions/app/id/2-0f.json#3";
    for leftover in ["cursor.json#1", "pending/a/result-news.json#22", deepest, "notes#1", "pending/a/x.json#"] {
        std::fs::write(folder.path().join(leftover), "{").unwrap();
    }
    let written = store.list("pending").await.unwrap().first().unwrap().modified;
    assert_eq!(store.backend.sweep(written).await, 0, "a write may still be going on");
    assert_eq!(store.backend.sweep(written + chrono::TimeDelta::hours(2)).await, 3);
    assert!(store.exists("pending/a/account.json").await.unwrap());
    assert!(folder.path().join("notes#1").exists() && folder.path().join("pending/a/x.json#").exists());
}

/// The parts of the store in these tests.
const NOTES: Namespace = Namespace::new("notes", &["pending", "done", "admissions/app"], &["cursor.json"]);
const KEYS: Namespace = Namespace::new("keys", &["pending2"], &["person-key.json"]);

#[tokio::test]
async fn a_store_that_can_never_be_used_answers_everything_with_the_remedy() {
    let store = StateStore::from_settings(&Settings::LocalOnAzure, &[&NOTES]);
    let room = store.open(&NOTES);
    let errors = [
        store.usable().unwrap_err(),
        room.usable().unwrap_err(),
        room.create("cursor.json", &1).await.unwrap_err(),
        room.overwrite("cursor.json", &1).await.unwrap_err(),
        room.read::<u8>("cursor.json").await.unwrap_err(),
        room.exists("cursor.json").await.unwrap_err(),
        room.list("pending").await.unwrap_err(),
        room.delete("cursor.json").await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, StoreError::LocalOnAzure), "{error:?}");
        assert!(error.to_string().contains("a machine of your own"), "{error}");
    }
    assert_eq!(room.sweep("2026-11-21T10:00:00Z".parse().unwrap()).await, 0);
}

#[tokio::test]
async fn a_room_reaches_its_own_objects_and_no_others() {
    let store = StateStore::in_memory();
    let (notes, keys) = (store.open(&NOTES), store.open(&KEYS));
    for name in ["cursor.json", "pending/a.json", "pending/a/b.json", "admissions/app/a.json"] {
        assert_eq!(notes.create(name, &1).await.unwrap(), Creation::Created, "{name}");
        let refused = [
            keys.create(name, &1).await.map(|_| ()),
            keys.overwrite(name, &1).await,
            keys.read::<u8>(name).await.map(|_| ()),
            keys.exists(name).await.map(|_| ()),
            keys.delete(name).await,
        ];
        assert!(refused.iter().all(|one| matches!(one, Err(StoreError::NotOwned { room: "keys", .. }))), "{refused:?}");
    }
    for name in ["pending", "pending.json", "pending2/a.json", "admissions/b.json", "started.json", "cursor.json/a"] {
        assert!(matches!(notes.create(name, &1).await, Err(StoreError::NotOwned { .. })), "{name}");
    }
    for folder in ["", "pending2", "admissions", "cursor.json", "pendin"] {
        assert!(matches!(notes.list(folder).await, Err(StoreError::NotOwned { .. })), "{folder}");
    }
    assert_eq!(notes.list("pending").await.unwrap().len(), 2);
    assert_eq!(notes.list("pending/a").await.unwrap().len(), 1);
    let error = notes.delete("pending2/a.json").await.unwrap_err();
    assert_eq!(error.to_string(), "pending2/a.json in the state store does not belong to notes");
}

#[test]
fn what_two_rooms_claim_is_found() {
    const WHOLE: Namespace = Namespace::new("whole", &["admissions"], &["pending2"]);
    assert!(overlaps(&[&NOTES, &KEYS]).is_empty());
    let found = overlaps(&[&NOTES, &KEYS, &WHOLE]);
    let wanted =
        ["notes claims admissions/app, and whole claims admissions", "keys claims pending2, and whole claims pending2"];
    assert_eq!(found, wanted);
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named_and_used_once_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    std::fs::write(&path, "in the way").unwrap();
    let store = StateStore::local(&path);
    for _ in 0..2 {
        let error = store.create("cursor.json", &json!(1)).await.unwrap_err();
        assert!(error.to_string().starts_with("cannot open the state folder /"), "{error}");
        assert!(matches!(store.read::<Value>("cursor.json").await, Err(StoreError::Folder { .. })));
    }
    std::fs::remove_file(&path).unwrap();
    assert_eq!(store.create("cursor.json", &json!(1)).await.unwrap(), Creation::Created);
}
