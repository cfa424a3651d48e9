//! A check that can be steered and watched, an observer that remembers, and a clock.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use steadfast_health::{Changed, Check, Checked, Monitor, Observer, Outcome, Report, Status};
use tokio::time::{Instant, sleep};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

#[expect(clippy::disallowed_methods, reason = "the tests' one clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// A monitor whose intervals are exact.
pub(crate) fn steady() -> Monitor {
    Monitor::builder("orders").jitter(0.0).build().unwrap()
}

pub(crate) fn outcome(status: Status) -> Outcome {
    match status {
        Status::Healthy => Outcome::healthy(),
        Status::Degraded => Outcome::degraded("slow"),
        Status::Unhealthy => Outcome::unhealthy("broken"),
        Status::Unknown => Outcome::unknown("no idea"),
    }
}

pub(crate) fn status_of(report: &Report, name: &str) -> Status {
    report.component(name).unwrap().status
}

pub(crate) fn message_of(report: &Report, name: &str) -> String {
    let message = &report.component(name).unwrap().message;
    message.as_deref().unwrap_or_default().to_owned()
}

/// Polls a future once, as an executor would that then never comes back to it.
pub(crate) async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}

/// What a steered check does and has done. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Probe(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    answer: Option<Outcome>,
    takes: Duration,
    starts: Vec<Instant>,
    answered: usize,
    running: usize,
    peak: usize,
}

impl Probe {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn taking(self, takes: Duration) -> Self {
        self.0.lock().unwrap().takes = takes;
        self
    }

    pub(crate) fn answer(&self, status: Status) {
        self.0.lock().unwrap().answer = Some(outcome(status));
    }

    pub(crate) fn check(&self, name: &str) -> Check {
        let probe = self.clone();
        Check::new(name, move || probe.clone().run())
    }

    /// When each run began.
    pub(crate) fn starts(&self) -> Vec<Instant> {
        self.0.lock().unwrap().starts.clone()
    }

    pub(crate) fn begun(&self) -> usize {
        self.starts().len()
    }

    /// Runs that were not dropped before they answered.
    pub(crate) fn answered(&self) -> usize {
        self.0.lock().unwrap().answered
    }

    /// Runs that have begun and neither answered nor been dropped.
    pub(crate) fn running(&self) -> usize {
        self.0.lock().unwrap().running
    }

    /// The most runs there were at a time.
    pub(crate) fn peak(&self) -> usize {
        self.0.lock().unwrap().peak
    }

    async fn run(self) -> Outcome {
        let takes = {
            let mut seen = self.0.lock().unwrap();
            seen.starts.push(now());
            seen.running += 1;
            seen.peak = seen.peak.max(seen.running);
            seen.takes
        };
        let _running = Running(&self);
        if !takes.is_zero() {
            sleep(takes).await;
        }
        let mut seen = self.0.lock().unwrap();
        seen.answered += 1;
        seen.answer.clone().unwrap_or_else(Outcome::healthy)
    }
}

struct Running<'a>(&'a Probe);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.0.lock().unwrap().running -= 1;
    }
}

/// Remembers what it heard, in order. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<Vec<Heard>>>);

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Heard {
    Checked(Checked),
    Changed(Changed),
}

impl Recorder {
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn checked(&self) -> Vec<Checked> {
        self.heard()
            .into_iter()
            .filter_map(|heard| match heard {
                Heard::Checked(checked) => Some(checked),
                Heard::Changed(_) => None,
            })
            .collect()
    }

    pub(crate) fn changed(&self) -> Vec<Changed> {
        self.heard()
            .into_iter()
            .filter_map(|heard| match heard {
                Heard::Checked(_) => None,
                Heard::Changed(changed) => Some(changed),
            })
            .collect()
    }

    /// The changes as "subject: from -> to".
    pub(crate) fn changes(&self) -> Vec<String> {
        self.changed()
            .iter()
            .map(|changed| format!("{}: {} -> {}", changed.subject, changed.from, changed.to))
            .collect()
    }
}

impl Observer for Recorder {
    fn checked(&self, checked: &Checked) {
        self.0.lock().unwrap().push(Heard::Checked(checked.clone()));
    }

    fn changed(&self, changed: &Changed) {
        self.0.lock().unwrap().push(Heard::Changed(changed.clone()));
    }
}
