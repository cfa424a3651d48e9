//! So many events of each kind in a second.

use std::time::{Duration, SystemTime};

use crate::event::EventKind;

const SECOND: Duration = Duration::from_secs(1);

pub(super) struct Limit {
    limit: u32,
    kinds: [Window; EventKind::ALL.len()],
}

#[derive(Clone, Copy, Default)]
struct Window {
    began: Option<SystemTime>,
    logged: u32,
    skipped: u64,
}

impl Limit {
    pub(super) fn new(limit: u32) -> Self {
        Self {
            limit,
            kinds: Default::default(),
        }
    }

    /// Whether an event may be logged, and then how many were not since the last.
    pub(super) fn admit(&mut self, kind: EventKind, at: SystemTime) -> Option<u64> {
        let window = &mut self.kinds[kind as usize];
        // A wall clock that was put back begins anew as well.
        let within = |began| matches!(at.duration_since(began), Ok(since) if since < SECOND);
        if !window.began.is_some_and(within) {
            window.began = Some(at);
            window.logged = 0;
        }
        if window.logged >= self.limit {
            window.skipped += 1;
            return None;
        }
        window.logged = window.logged.saturating_add(1);
        Some(self.skipped(kind))
    }

    /// How many were skipped, which is told with that.
    pub(super) fn skipped(&mut self, kind: EventKind) -> u64 {
        std::mem::take(&mut self.kinds[kind as usize].skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_pass_in_a_second_and_the_next_tells_of_the_rest() {
        let mut limit = Limit::new(2);
        let at = |millis| SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        let kind = EventKind::Retry;
        let passed = [0, 1, 2, 999].map(|millis| limit.admit(kind, at(millis)));
        assert_eq!(passed, [Some(0), Some(0), None, None]);
        assert_eq!(limit.admit(EventKind::HttpRequest, at(999)), Some(0));
        let passed = [1000, 1500, 1999].map(|millis| limit.admit(kind, at(millis)));
        assert_eq!(passed, [Some(2), Some(0), None]);
    }

    #[test]
    fn a_clock_that_is_put_back_silences_nobody() {
        let mut limit = Limit::new(1);
        let late = SystemTime::UNIX_EPOCH + Duration::from_secs(3600);
        assert_eq!(limit.admit(EventKind::Retry, late), Some(0));
        let passed = limit.admit(EventKind::Retry, SystemTime::UNIX_EPOCH);
        assert_eq!(passed, Some(0));
    }
}
