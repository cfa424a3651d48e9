//! The settings of a retry, validated, and the decision they lead to.

use std::time::Duration;

use crate::backoff::Backoff;
use crate::error::Reason;

#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) max_attempts: u32,
    pub(crate) backoff: Backoff,
    pub(crate) seed: u64,
    pub(crate) max_elapsed: Option<Duration>,
    pub(crate) max_retry_after: Duration,
}

impl Policy {
    /// How long to wait after attempt number `attempt`, or why there is no other.
    ///
    /// `hint` takes the place of `backoff`. Backoff and time are asked for only if they matter.
    pub(crate) fn decide(
        &self,
        attempt: u32,
        hint: Option<Duration>,
        backoff: impl FnOnce() -> Duration,
        elapsed: impl FnOnce() -> Duration,
    ) -> Result<Duration, Reason> {
        if attempt >= self.max_attempts {
            return Err(Reason::Attempts);
        }
        let wait = match hint {
            Some(hint) if hint > self.max_retry_after => return Err(Reason::RetryAfterTooLong),
            Some(hint) => hint,
            None => backoff(),
        };
        match self.max_elapsed {
            Some(limit) if elapsed().saturating_add(wait) > limit => Err(Reason::Deadline),
            _ => Ok(wait),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn policy(max_elapsed: Option<Duration>) -> Policy {
        Policy {
            max_attempts: 3,
            backoff: Backoff::constant(SECOND),
            seed: 0,
            max_elapsed,
            max_retry_after: SECOND * 2,
        }
    }

    fn never() -> Duration {
        unreachable!("asked for in vain")
    }

    #[test]
    fn the_last_attempt_asks_for_neither_backoff_nor_time() {
        let decision = policy(Some(SECOND)).decide(3, Some(Duration::MAX), never, never);
        assert_eq!(decision, Err(Reason::Attempts));
    }

    #[test]
    fn a_call_without_a_limit_reads_no_clock_to_decide() {
        assert_eq!(policy(None).decide(1, None, || SECOND, never), Ok(SECOND));
    }

    #[test]
    fn a_hint_draws_no_backoff() {
        let decision = policy(None).decide(1, Some(SECOND * 2), never, never);
        assert_eq!(decision, Ok(SECOND * 2));
    }

    #[test]
    fn a_wait_too_long_to_add_up_passes_the_limit() {
        let elapsed = || SECOND * 2;
        let decision = policy(Some(SECOND * 3)).decide(1, None, || Duration::MAX, elapsed);
        assert_eq!(decision, Err(Reason::Deadline));
    }

    #[test]
    fn a_wait_may_reach_the_limit_but_not_pass_it() {
        let reach = |elapsed| policy(Some(SECOND * 3)).decide(1, None, || SECOND, || elapsed);
        assert_eq!(reach(SECOND * 2), Ok(SECOND));
        let past = SECOND * 2 + Duration::from_nanos(1);
        assert_eq!(reach(past), Err(Reason::Deadline));
    }
}
