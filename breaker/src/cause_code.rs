//! A cause in two plain numbers: one fits the door's word, the other an atomic, and both a rejection.

use crate::state::Cause;

/// A [`Cause`], taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CauseCode {
    /// Which; 0 is none. Less than 16.
    pub(crate) kind: u8,
    /// The two numbers that belong to it.
    pub(crate) counts: u64,
}

impl CauseCode {
    pub(crate) const NONE: Self = Self { kind: 0, counts: 0 };

    pub(crate) const fn cause(self) -> Option<Cause> {
        let (first, second) = ((self.counts >> 32) as u32, self.counts as u32);
        Some(match self.kind {
            1 => Cause::ConsecutiveFailures { failures: first },
            2 => Cause::FailureRate {
                failures: first,
                calls: second,
            },
            3 => Cause::SlowCallRate {
                slow: first,
                calls: second,
            },
            4 => Cause::ProbeFailed,
            5 => Cause::ProbeSlow,
            6 => Cause::ProbeFailureRate {
                failures: first,
                calls: second,
            },
            7 => Cause::ProbesExpired,
            8 => Cause::OpenElapsed,
            9 => Cause::ProbesSucceeded,
            10 => Cause::Forced,
            11 => Cause::ForceEnded,
            12 => Cause::Reset,
            _ => return None,
        })
    }
}

impl From<Cause> for CauseCode {
    fn from(cause: Cause) -> Self {
        let (kind, first, second) = match cause {
            Cause::ConsecutiveFailures { failures } => (1, failures, 0),
            Cause::FailureRate { failures, calls } => (2, failures, calls),
            Cause::SlowCallRate { slow, calls } => (3, slow, calls),
            Cause::ProbeFailed => (4, 0, 0),
            Cause::ProbeSlow => (5, 0, 0),
            Cause::ProbeFailureRate { failures, calls } => (6, failures, calls),
            Cause::ProbesExpired => (7, 0, 0),
            Cause::OpenElapsed => (8, 0, 0),
            Cause::ProbesSucceeded => (9, 0, 0),
            Cause::Forced => (10, 0, 0),
            Cause::ForceEnded => (11, 0, 0),
            Cause::Reset => (12, 0, 0),
        };
        Self {
            kind,
            counts: u64::from(first) << 32 | u64::from(second),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_survives_being_taken_apart() {
        let causes = (0..=15).filter_map(|kind| {
            let counts = 7 << 32 | 9;
            CauseCode { kind, counts }.cause()
        });
        let causes: Vec<Cause> = causes.collect();
        assert_eq!(causes.len(), 12);
        for cause in causes {
            assert_eq!(CauseCode::from(cause).cause(), Some(cause));
        }
    }
}
