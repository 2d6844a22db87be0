//! The log: it has every decision and nothing personal.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use super::doubles::{Fixture, JO, KIM, LEE, Reply};
use crate::graph::fake::Fault;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn every_decision_is_logged_and_nothing_personal_is() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(lines.clone()).finish();
    // With only one subscriber, an event that another thread reaches first is switched off for all threads.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let _guard = tracing::subscriber::set_default(subscriber);
    let mut fixture = Fixture::new(&[("billing", &[]), ("news", &["billing"])]);
    fixture.settings.max_attempts = 2;
    let (jo, kim, lee) = (fixture.sign_up(JO, 2), fixture.sign_up(KIM, 2), fixture.sign_up(LEE, 2));
    fixture.directory.set(&kim, "userType", json!("Guest"));
    fixture.directory.with(|state| {
        state.faults.insert(lee, Fault::Status(404));
        state.records[0].initiator.app_name = Some("Some Provisioning".to_owned());
        state.unreadable = 12;
    });
    fixture.connector("billing").always(Reply::Rejected);
    fixture.run().await.unwrap();
    fixture.run().await.unwrap();
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    for event in ["account-found", "account-skipped", "attempt-failed", "account-abandoned", "run-finished"] {
        assert!(text.contains(&format!("event=\"{event}\"")), "{event} in {text}");
    }
    let unreadable: Vec<_> = text.lines().filter(|line| line.contains("audit-record-unreadable")).collect();
    assert_eq!(unreadable.len(), 2, "one for each run");
    assert!(
        unreadable.iter().all(|line| line.contains("count=12") && line.contains("odd-9 (odd)\"")),
        "{unreadable:?}"
    );
    assert!(text.contains("Some Provisioning") && text.contains(jo.as_str()), "{text}");
    for personal in ["example.com", "Bradford", "onmicrosoft"] {
        assert!(!text.contains(personal), "{personal} in {text}");
    }
    assert!(text.contains("results=\"billing=failed,news=not-run\""), "{text}");
    let errors = text.lines().filter(|line| line.contains("ERROR"));
    assert!(errors.clone().count() >= 2 && errors.clone().all(|line| !line.to_lowercase().contains("warn")), "{text}");
}
