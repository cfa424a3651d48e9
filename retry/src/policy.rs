//! The settings of a retry, validated, and the decision they lead to.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use crate::backoff::Backoff;
use crate::config::Config;
use crate::exhausted::Reason;
use crate::verdict::Verdict;

#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) config: Config,
    pub(crate) backoff: Backoff,
    /// By which every call must be over.
    pub(crate) deadline: Option<Instant>,
    /// Whether retries are taken from the retry's budget, which is there then.
    pub(crate) budgeted: bool,
    /// Whether a call has to know the time from its beginning, whatever limit it brings itself.
    pub(crate) timed: bool,
    /// Whether retries follow at once and leave nothing to remember, unless somebody says otherwise.
    #[cfg(feature = "tokio")]
    pub(crate) at_once: bool,
}

/// The page of `Retry::reconfigure` says how much memory each set of settings takes: twice this.
const _: () = assert!(size_of::<Policy>() < 512);

/// Why there is no other attempt, and how long to wait before the call is worth making again.
pub(crate) type Refused = (Reason, Option<Duration>);

/// What a decision on an attempt rests on.
pub(crate) struct Standing {
    /// The number of the attempt.
    pub(crate) attempt: u32,
    /// How many the call makes at most.
    pub(crate) max_attempts: u32,
    /// Whether the operation can make no other.
    pub(crate) spent: bool,
    /// What is left of the time of the call, if that is limited.
    pub(crate) left: Option<Duration>,
}

impl Policy {
    /// The settings must obey their rules.
    pub(crate) fn new(config: Config, deadline: Option<Instant>, budgeted: bool) -> Self {
        let timed = config.max_elapsed.is_some() || deadline.is_some() || budgeted;
        Self {
            backoff: config.backoff(),
            deadline,
            budgeted,
            timed,
            #[cfg(feature = "tokio")]
            at_once: config.base_backoff.is_zero() && config.history == 0 && !timed,
            config,
        }
    }

    /// How many attempts a call makes at most whose retries follow at once; 0 if they do not.
    #[cfg(feature = "tokio")]
    pub(crate) fn attempts_at_once(&self) -> u32 {
        match self.at_once {
            true => self.config.max_attempts,
            false => 0,
        }
    }

    /// How many attempts a call makes at most, which may have a limit of its own.
    #[inline]
    pub(crate) fn max_attempts(&self, limit: Option<NonZeroU32>) -> u32 {
        limit.map_or(self.config.max_attempts, NonZeroU32::get)
    }

    /// How long to wait before the next attempt, or why there is none. The budget has not been asked.
    ///
    /// `backoff` is drawn only if it matters, as a wait of at least the hint.
    #[inline]
    pub(crate) fn decide(
        &self,
        standing: &Standing,
        verdict: Verdict,
        backoff: impl FnOnce(Duration) -> Duration,
    ) -> Result<Duration, Refused> {
        let (hint, too_long, too_late) = match verdict {
            Verdict::Accept | Verdict::Stop => return Err((Reason::NotRetryable, None)),
            Verdict::Expired | Verdict::Retry => (None, Reason::Deadline, Reason::Deadline),
            Verdict::RetryAfter(hint) => (Some(hint), Reason::RetryAfterTooLong, Reason::Deadline),
            Verdict::Rejected(hint) => (hint, Reason::Breaker, Reason::Breaker),
        };
        if standing.spent {
            return Err((Reason::NotRetryable, hint));
        }
        if standing.attempt >= standing.max_attempts {
            return Err((Reason::Attempts, hint));
        }
        match verdict {
            Verdict::Rejected(None) => return Err((Reason::Breaker, None)),
            Verdict::Expired => return Err((Reason::Deadline, None)),
            _ => {}
        }
        if hint > Some(self.config.max_retry_after) {
            return Err((too_long, hint));
        }
        let wait = backoff(hint.unwrap_or_default());
        match standing.left {
            Some(left) if wait >= left => Err((too_late, hint)),
            _ => Ok(wait),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn policy() -> Policy {
        let config = Config {
            max_attempts: 3,
            max_retry_after: SECOND * 2,
            ..Config::default()
        };
        Policy::new(config, None, false)
    }

    fn decide(
        attempt: u32,
        left: Option<Duration>,
        verdict: Verdict,
        backoff: Option<Duration>,
    ) -> Result<Duration, Refused> {
        let standing = Standing {
            attempt,
            max_attempts: policy().config.max_attempts,
            spent: false,
            left,
        };
        policy().decide(&standing, verdict, |hint| {
            backoff.expect("drawn in vain").max(hint)
        })
    }

    #[test]
    fn the_last_attempt_draws_no_backoff() {
        let hint = Duration::MAX;
        let decision = decide(3, Some(SECOND), Verdict::RetryAfter(hint), None);
        assert_eq!(decision, Err((Reason::Attempts, Some(hint))));
        let decision = decide(3, None, Verdict::Retry, None);
        assert_eq!(decision, Err((Reason::Attempts, None)));
    }

    #[test]
    fn a_hint_is_a_lower_bound() {
        let after = |hint| decide(1, None, Verdict::RetryAfter(hint), Some(SECOND));
        assert_eq!(after(Duration::ZERO), Ok(SECOND));
        assert_eq!(after(SECOND * 2), Ok(SECOND * 2));
        let longer = SECOND * 2 + Duration::from_nanos(1);
        let refused = decide(1, None, Verdict::RetryAfter(longer), None);
        assert_eq!(refused, Err((Reason::RetryAfterTooLong, Some(longer))));
    }

    #[test]
    fn a_rejection_is_waited_for_only_where_that_makes_sense() {
        let rejected = |hint, left| decide(1, left, Verdict::Rejected(hint), Some(SECOND));
        assert_eq!(rejected(None, None), Err((Reason::Breaker, None)));
        assert_eq!(rejected(Some(SECOND * 2), None), Ok(SECOND * 2));
        let longer = Some(SECOND * 3);
        assert_eq!(rejected(longer, None), Err((Reason::Breaker, longer)));
        let hint = Some(SECOND);
        assert_eq!(rejected(hint, hint), Err((Reason::Breaker, hint)));
    }

    #[test]
    fn a_wait_must_leave_time_for_an_attempt() {
        let reach = |left| decide(1, Some(left), Verdict::Retry, Some(SECOND));
        assert_eq!(reach(SECOND + Duration::from_nanos(1)), Ok(SECOND));
        assert_eq!(reach(SECOND), Err((Reason::Deadline, None)));
        let hint = Verdict::RetryAfter(SECOND * 2);
        let decision = decide(1, Some(SECOND * 2), hint, Some(SECOND));
        assert_eq!(decision, Err((Reason::Deadline, Some(SECOND * 2))));
    }

    #[test]
    fn an_operation_that_is_spent_ends_the_call_and_keeps_the_hint() {
        let after = Verdict::RetryAfter(SECOND);
        let rejected = Verdict::Rejected(None);
        for (verdict, hint) in [(after, Some(SECOND)), (rejected, None)] {
            let standing = Standing {
                attempt: 1,
                max_attempts: 3,
                spent: true,
                left: Some(Duration::ZERO),
            };
            let decision = policy().decide(&standing, verdict, |_| panic!("drawn in vain"));
            assert_eq!(decision, Err((Reason::NotRetryable, hint)));
        }
    }

    #[test]
    fn a_classifier_that_knows_of_no_time_left_ends_the_call_for_want_of_it() {
        let drawn_in_vain = |_| panic!("drawn in vain");
        let standing = |attempt, spent| Standing {
            attempt,
            max_attempts: 3,
            spent,
            left: None,
        };
        for (attempt, spent, reason) in [
            (1, false, Reason::Deadline),
            (3, false, Reason::Attempts),
            (1, true, Reason::NotRetryable),
        ] {
            let standing = standing(attempt, spent);
            let decision = policy().decide(&standing, Verdict::Expired, drawn_in_vain);
            assert_eq!(decision, Err((reason, None)));
        }
    }

    #[test]
    fn stop_and_an_accepted_error_end_at_any_attempt() {
        for verdict in [Verdict::Stop, Verdict::Accept] {
            for attempt in [1, 3] {
                let decision = decide(attempt, Some(Duration::ZERO), verdict, None);
                assert_eq!(decision, Err((Reason::NotRetryable, None)));
            }
        }
    }
}
