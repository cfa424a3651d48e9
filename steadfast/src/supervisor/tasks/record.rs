//! What is known of one task, and told of it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use steadfast_telemetry::{
    EventKind, EventSink, EventSinks, Instrument, Notes, Notice, NoticeLevel, Samples, Source,
};
use tokio::time::Instant;

use super::snapshot::{TaskSnapshot, TaskState};
use crate::supervisor::clock;
use crate::supervisor::metrics;

/// One task, as telemetry sees it.
#[derive(Debug)]
pub(super) struct Record {
    name: Arc<str>,
    seen: Mutex<Seen>,
    sinks: EventSinks,
}

#[derive(Debug)]
struct Seen {
    phase: Phase,
    since: Instant,
    starts: u64,
    panics: u64,
    ended: u64,
    last_panic: Option<Arc<str>>,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    Running,
    Waiting { until: Instant },
    Stopped,
}

/// Why a run is over.
#[derive(Debug)]
pub(super) enum Fall {
    Panicked(Arc<str>),
    Ended,
}

impl Record {
    pub(super) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            seen: Mutex::new(Seen {
                phase: Phase::Running,
                since: clock::now(),
                starts: 0,
                panics: 0,
                ended: 0,
                last_panic: None,
            }),
            sinks: EventSinks::new(),
        }
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Whether both have one name.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.name == other.name
    }

    pub(super) fn runs(&self, now: Instant) {
        let mut seen = self.seen.lock();
        seen.starts += 1;
        seen.enter(Phase::Running, now);
    }

    /// `restart_in` is `None` if it is not restarted.
    pub(super) fn fell(&self, fall: Fall, now: Instant, restart_in: Option<Duration>) {
        {
            let mut seen = self.seen.lock();
            match &fall {
                Fall::Panicked(why) => {
                    seen.panics += 1;
                    seen.last_panic = Some(Arc::clone(why));
                }
                Fall::Ended => seen.ended += 1,
            }
            if let Some(until) = restart_in.and_then(|wait| now.checked_add(wait)) {
                seen.enter(Phase::Waiting { until }, now);
            }
        }
        self.sinks.push(EventKind::Notice, || {
            let text = match restart_in {
                Some(wait) => format!("{fall}; restarted in {wait:.1?}"),
                None => format!("{fall} while it was stopping"),
            };
            Notice::new("task", Arc::clone(&self.name), NoticeLevel::Error, text)
        });
    }

    pub(super) fn stopped(&self, now: Instant) {
        self.seen.lock().enter(Phase::Stopped, now);
    }

    pub(super) fn snapshot(&self, now: Instant) -> TaskSnapshot {
        let seen = self.seen.lock();
        TaskSnapshot {
            name: Arc::clone(&self.name),
            state: match seen.phase {
                Phase::Running => TaskState::Running,
                Phase::Waiting { until } => TaskState::Waiting {
                    restart_in: until.saturating_duration_since(now),
                },
                Phase::Stopped => TaskState::Stopped,
            },
            in_state_for: now.saturating_duration_since(seen.since),
            restarts: seen.starts.saturating_sub(1),
            panics: seen.panics,
            ended: seen.ended,
            last_panic: seen.last_panic.clone(),
        }
    }
}

impl Seen {
    fn enter(&mut self, phase: Phase, now: Instant) {
        self.phase = phase;
        self.since = now;
    }
}

impl Source for Record {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        "task"
    }

    fn instruments(&self) -> &'static [Instrument] {
        metrics::TASK
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let now = self.snapshot(clock::now());
        samples.record(&metrics::TASK_RESTARTS, now.restarts, &[]);
        for (outcome, count) in [("panicked", now.panics), ("ended", now.ended)] {
            samples.record(&metrics::TASK_FALLS, count, &[(metrics::OUTCOME, outcome)]);
        }
        let running = u64::from(now.state == TaskState::Running);
        samples.record(&metrics::TASK_RUNNING, running, &[]);
    }

    fn describe(&self, notes: &mut Notes) {
        let now = self.snapshot(clock::now());
        notes.text("state", now.state);
        notes.seconds("in_state_for_seconds", now.in_state_for);
        if let TaskState::Waiting { restart_in } = now.state {
            notes.seconds("restart_in_seconds", restart_in);
        }
        if let Some(panic) = &now.last_panic {
            notes.text("last_panic", panic);
        }
    }

    fn watched(&self, sink: EventSink) {
        self.sinks.add(sink);
    }
}

impl fmt::Display for Fall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(why) => write!(f, "panicked: {why}"),
            Self::Ended => f.write_str("ended although nobody had asked it to"),
        }
    }
}
