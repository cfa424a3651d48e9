//! Operations that go as a script says, and note what is done with them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use steadfast_retry::{HedgeAttempt, Verdict};
use tokio::time::Instant;

use crate::{ms, now};

/// What one attempt does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    /// After how many milliseconds it is ready; `None` is never.
    pub(super) after: Option<u64>,
    pub(super) gives: Gives,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gives {
    Ok,
    Err,
    Stop,
    RetryAfter(u64),
    Rejected,
    Panic,
}

impl Gives {
    pub(super) fn after(self, millis: u64) -> Line {
        Line {
            after: Some(millis),
            gives: self,
        }
    }
}

pub(super) const NEVER: Line = Line {
    after: None,
    gives: Gives::Ok,
};

/// A result: the number of its attempt, and what keeps count of it.
#[derive(Debug)]
pub(super) struct Value {
    pub(super) number: u32,
    pub(super) gives: Gives,
    _alive: Alive,
}

pub(super) type Answer = Result<Value, Value>;

pub(super) fn judge(answer: &Answer) -> Verdict {
    match answer {
        Ok(_) => Verdict::Accept,
        Err(value) => match value.gives {
            Gives::Stop => Verdict::Stop,
            Gives::RetryAfter(millis) => Verdict::RetryAfter(ms(millis)),
            Gives::Rejected => Verdict::Rejected(Some(ms(1))),
            _ => Verdict::Retry,
        },
    }
}

/// The script of one call, and the record of how it went.
#[derive(Debug, Clone)]
pub(super) struct Script {
    lines: Arc<[Line]>,
    start: Instant,
    begun: Arc<Mutex<Vec<u64>>>,
    running: Arc<AtomicUsize>,
    values: Arc<AtomicUsize>,
}

impl Script {
    pub(super) fn new(lines: &[Line]) -> Self {
        Self {
            lines: lines.into(),
            start: now(),
            begun: Arc::default(),
            running: Arc::default(),
            values: Arc::default(),
        }
    }

    /// The operation. An attempt too many panics.
    pub(super) fn attempt(&self, attempt: HedgeAttempt) -> impl Future<Output = Answer> + use<> {
        let number = attempt.number();
        let line = self.lines[number as usize - 1];
        self.begun.lock().unwrap().push(self.time());
        let running = Alive::new(&self.running);
        let values = Arc::clone(&self.values);
        async move {
            let _running = running;
            match line.after {
                None => std::future::pending().await,
                Some(0) => {}
                Some(millis) => tokio::time::sleep(ms(millis)).await,
            }
            let value = Value {
                number,
                gives: line.gives,
                _alive: Alive::new(&values),
            };
            match line.gives {
                Gives::Ok => Ok(value),
                Gives::Panic => std::panic::resume_unwind(Box::new("as scripted")),
                _ => Err(value),
            }
        }
    }

    /// Milliseconds since the script was begun.
    pub(super) fn time(&self) -> u64 {
        let elapsed = now() - self.start;
        assert_eq!(elapsed, Duration::from_millis(elapsed.as_millis() as u64));
        elapsed.as_millis() as u64
    }

    /// When the attempts were begun.
    pub(super) fn begun(&self) -> Vec<u64> {
        self.begun.lock().unwrap().clone()
    }

    pub(super) fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    /// Results that are not dropped.
    pub(super) fn values(&self) -> usize {
        self.values.load(Ordering::Relaxed)
    }
}

/// Counts itself for as long as it lives.
#[derive(Debug)]
pub(super) struct Alive(Arc<AtomicUsize>);

impl Alive {
    pub(super) fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
