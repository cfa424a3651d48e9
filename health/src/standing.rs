//! What is known of one component, and what status follows from it. No clock, no lock, no user code.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::damping::Damping;
use crate::observer::Ending;
use crate::outcome::Outcome;
use crate::rules::Rules;
use crate::status::Status;

/// A finished run.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) outcome: Outcome,
    pub(crate) ending: Ending,
    pub(crate) duration: Duration,
}

/// The results of one component so far.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    damping: Damping,
    last: Option<Last>,
    /// Whether the latest result counts no more, because what the component depends on broke since.
    is_void: bool,
    /// How often results were made void: tells runs that began before from those that began after.
    generation: u64,
    pub(crate) consecutive_bad: u32,
    pub(crate) checks: u64,
    pub(crate) timeouts: u64,
    pub(crate) panics: u64,
}

/// The latest result, as it came.
#[derive(Debug, Clone)]
pub(crate) struct Last {
    pub(crate) at: Instant,
    pub(crate) duration: Duration,
    pub(crate) message: Option<Arc<str>>,
    pub(crate) details: BTreeMap<String, String>,
    /// How old it may become.
    stands: Duration,
}

impl Standing {
    /// Takes the result of a run in. One that comes after the component went stale counts at once,
    /// as a first one does: what was known before is too old to damp it. One that does not count
    /// goes into the totals and no further.
    pub(crate) fn record(&mut self, rules: &Rules, finished: Finished, counts: bool, now: Instant) {
        self.checks += 1;
        match finished.ending {
            Ending::Answered => {}
            Ending::Panicked => self.panics += 1,
            Ending::TimedOut => self.timeouts += 1,
        }
        if !counts {
            return;
        }
        if self.is_stale(now) {
            self.damping.reset();
        }
        let (status, message, details) = finished.outcome.into_parts();
        self.damping.push(status, rules);
        self.is_void = false;
        self.consecutive_bad = match status {
            Status::Unhealthy => self.consecutive_bad.saturating_add(1),
            Status::Healthy | Status::Degraded | Status::Unknown => 0,
        };
        self.last = Some(Last {
            at: now,
            duration: finished.duration,
            message,
            details,
            stands: rules.staleness,
        });
    }

    /// What was found stands by other rules. If these are stricter, there is first the time to find something by them:
    /// until then it stands as before.
    pub(crate) fn rebound(&mut self, rules: &Rules, now: Instant) {
        if let Some(last) = &mut self.last {
            let by_now = age(last, now).saturating_add(rules.staleness);
            last.stands = last.stands.min(by_now).max(rules.staleness);
        }
    }

    /// What was found so far counts no more, nor what is found by a run that has begun: the component
    /// is unknown, and the next result counts at once.
    pub(crate) fn void(&mut self) {
        self.damping.reset();
        self.is_void = true;
        self.generation += 1;
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn status(&self, now: Instant) -> Status {
        if self.is_stale(now) {
            Status::Unknown
        } else {
            self.damping.status()
        }
    }

    /// Why the status is what it is.
    pub(crate) fn message(&self, now: Instant) -> Option<Arc<str>> {
        match &self.last {
            None => Some("not checked yet".into()),
            Some(_) if self.is_void => Some("not checked since what it depends on is back".into()),
            Some(last) if self.is_stale(now) => Some(
                format!(
                    "no result for {:?}, longer than the staleness bound of {:?}",
                    age(last, now),
                    last.stands
                )
                .into(),
            ),
            Some(last) => last.message.clone(),
        }
    }

    pub(crate) fn last(&self) -> Option<&Last> {
        self.last.as_ref()
    }

    /// How long until the passing of time alone may change the status. A component without a
    /// standing result cannot go stale before a new one has come and aged.
    pub(crate) fn stale_in(&self, rules: &Rules, now: Instant) -> Duration {
        match &self.last {
            Some(last) if !self.is_void && !self.is_stale(now) => {
                last.stands.saturating_sub(age(last, now))
            }
            _ => rules.staleness,
        }
    }

    fn is_stale(&self, now: Instant) -> bool {
        self.last
            .as_ref()
            .is_some_and(|last| age(last, now) >= last.stands)
    }
}

fn age(last: &Last, now: Instant) -> Duration {
    now.saturating_duration_since(last.at)
}
