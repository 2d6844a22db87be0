//! The old list and the new one.

use super::*;

#[tokio::test]
async fn the_old_list_is_freed_when_no_look_up_reads_it_and_never_by_a_look_up() {
    let sample = Sample::with("email\na@example.com\n").await;
    let read_by_a_look_up = sample.list.in_use.load_full().unwrap();
    let old = Arc::downgrade(&read_by_a_look_up);
    sample.replace("email\nb@example.com\n");
    let mut loaded = sample.list.state.subscribe();
    let look_ups = async {
        loaded.changed().await.unwrap();
        assert_eq!(sample.invites(&[A, B]).await, [B]);
        drop(read_by_a_look_up);
        assert!(old.upgrade().is_some(), "the look-up has freed the list");
    };
    tokio::join!(sample.list.refresh(), look_ups);
    assert!(old.upgrade().is_none());
}

#[tokio::test]
async fn the_log_says_what_a_list_takes_and_what_its_load_held_at_once() {
    let sample = Sample::with("email,name\na@example.com,Jo\n").await;
    sample.replace("email,name\nb@example.com,Sam\n@example.org\n");
    sample.list.refresh().await;
    let figure = |load: usize, name: &str| sample.logged("invites-loaded")[load][name].as_u64().unwrap();
    let taken = |load: usize| (figure(load, "bytes"), figure(load, "peak_bytes"), figure(load, "took_ms"));
    let ((first, first_peak, _), (second, second_peak, _)) = (taken(0), taken(1));
    // An entry and its cells; three tables for nothing else.
    assert_eq!(second - first, 24 + 1);
    assert!(first_peak > "email,name\na@example.com,Jo\n".len() as u64, "{first_peak}");
    assert!(second_peak > first + "email,name\nb@example.com,Sam\n@example.org\n".len() as u64, "{second_peak}");
}
