//! When to tell that events were dropped: soon, but not with every one.

use std::time::{Duration, Instant};

use crate::clock;
use crate::event::{EventKind, EventsDropped};

/// At most so often: a queue that is full will be full again.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Drops {
    /// How many of each kind have been told of.
    told: [u64; EventKind::ALL.len()],
    last: Option<Instant>,
}

impl Drops {
    /// How long to wait until there is something to tell; `None` if there is nothing.
    pub(super) fn wait(&self, dropped: impl Fn(EventKind) -> u64) -> Option<Duration> {
        let any = |kind| dropped(kind) > self.told[kind as usize];
        if !EventKind::ALL.into_iter().any(any) {
            return None;
        }
        let since = self
            .last
            .map(|last| clock::monotonic().duration_since(last));
        Some(since.map_or(Duration::ZERO, |since| PAUSE.saturating_sub(since)))
    }

    /// What is to be told, as told from now on.
    pub(super) fn due(&mut self, dropped: impl Fn(EventKind) -> u64) -> Vec<EventsDropped> {
        self.last = Some(clock::monotonic());
        let mut due = Vec::new();
        for kind in EventKind::ALL {
            let told = &mut self.told[kind as usize];
            let now = dropped(kind);
            if now > *told {
                due.push(EventsDropped::new(kind, now - *told));
            }
            *told = now;
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retries(count: u64) -> impl Fn(EventKind) -> u64 {
        move |kind| if kind == EventKind::Retry { count } else { 0 }
    }

    #[test]
    fn the_first_is_told_at_once_and_each_only_once() {
        let mut drops = Drops::default();
        assert_eq!(drops.wait(retries(0)), None);
        assert_eq!(drops.wait(retries(3)), Some(Duration::ZERO));
        assert_eq!(
            drops.due(retries(4)),
            [EventsDropped::new(EventKind::Retry, 4)]
        );
        assert_eq!(drops.wait(retries(4)), None);
        assert_eq!(drops.due(retries(4)), []);
    }

    #[test]
    fn the_next_ones_wait_a_second() {
        let mut drops = Drops::default();
        drops.due(retries(4));
        let wait = drops.wait(retries(5)).unwrap();
        assert!(Duration::ZERO < wait && wait <= PAUSE);
        drops.last = clock::monotonic().checked_sub(PAUSE);
        assert_eq!(drops.wait(retries(5)), Some(Duration::ZERO));
    }
}
