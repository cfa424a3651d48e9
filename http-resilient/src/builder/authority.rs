//! The breaker and the bulkhead that each authority has.

use std::time::Duration;

use steadfast_breaker::AbandonedAs;

use super::Builder;

impl Builder {
    /// How many calls each authority gets at a time, at least 1. A call lasts until its response body
    /// has ended or was dropped. Default 64.
    pub fn max_concurrent(mut self, calls: usize) -> Self {
        self.settings.max_concurrent = calls;
        self
    }

    /// How many calls may wait for a place at each authority; 0 never waits. Default 64: one more
    /// round of calls, so that a burst passes while an overload is rejected at once.
    pub fn max_waiting(mut self, calls: usize) -> Self {
        self.settings.max_waiting = calls;
        self
    }

    /// How long a call waits for a place at most, and never beyond its deadline. Zero: not at all.
    /// Default 5 s.
    pub fn checkout_timeout(mut self, timeout: Duration) -> Self {
        self.settings.checkout_timeout = timeout;
        self
    }

    /// Failures in a row that open an authority's circuit breaker, at least 1. Default 5, unless
    /// [`breaker`](Self::breaker) gives it a rate to go by.
    pub fn failure_threshold(mut self, failures: u32) -> Self {
        self.settings.breaker.failure_threshold = Some(failures);
        self
    }

    /// How long after the last failure a run of failures is forgotten; longer than zero. Default 60 s.
    pub fn reset_timeout(mut self, reset_timeout: Duration) -> Self {
        self.settings.breaker.reset_timeout = reset_timeout;
        self
    }

    /// How long an open breaker rejects before it lets a probe through; longer than zero.
    /// Default 30 s.
    pub fn open_for(mut self, open_for: Duration) -> Self {
        self.settings.breaker.open_for = open_for;
        self
    }

    /// Probes in flight at a time while half-open, at least 1. Default 1.
    pub fn max_probes(mut self, probes: u32) -> Self {
        self.settings.breaker.max_probes = probes;
        self
    }

    /// Successful probes that close it again, at least 1. Default 3.
    pub fn success_threshold(mut self, successes: u32) -> Self {
        self.settings.breaker.success_threshold = successes;
        self
    }

    /// How long probes that do not come back may block a half-open breaker; longer than zero.
    /// Default 30 s. A probe comes back when its response body has ended: a client that reads long
    /// streams needs more.
    pub fn half_open_max(mut self, half_open_max: Duration) -> Self {
        self.settings.breaker.half_open_max = half_open_max;
        self
    }

    /// What a call counts as that is dropped before its response has arrived, or while its body was
    /// being waited for. Default [`AbandonedAs::Ignored`]; choose [`AbandonedAs::Failure`] where an
    /// outer timeout is what drops them.
    pub fn abandoned_as(mut self, abandoned_as: AbandonedAs) -> Self {
        self.settings.breaker.abandoned_as = abandoned_as;
        self
    }

    /// Changes any setting of the circuit breakers, those without a method of their own here too: rates
    /// of failures and slow calls, the window they are taken of, growing open times, a ramp after
    /// closing. Begins with what has been set so far, and what is called later goes on from there.
    ///
    /// With a rate, failures in a row open a circuit only if
    /// [`failure_threshold`](Self::failure_threshold) is given too. A call is as long as the breaker
    /// sees it: without the wait for a place, but **until its response body has ended**. Where bodies
    /// are long, or read slowly, that is what `slow_call_duration` must allow for.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use steadfast_http::Client;
    ///
    /// let client = Client::named("payments")
    ///     .open_for(Duration::from_secs(10))
    ///     .breaker(|breaker| {
    ///         breaker.failure_rate = Some(0.5); // of the last 100 calls, once there are 10
    ///         breaker.ramp_up = Duration::from_secs(20);
    ///     })
    ///     .build()?;
    /// # Ok::<_, steadfast_http::ConfigError>(())
    /// ```
    pub fn breaker(mut self, change: impl FnOnce(&mut steadfast_breaker::Config)) -> Self {
        change(&mut self.settings.breaker);
        self
    }
}
