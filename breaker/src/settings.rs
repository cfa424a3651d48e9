//! A checked [`Config`] in the units the machine counts in. Breakers of one builder share one of these.

use std::time::Duration;

use crate::clock::nanos;
use crate::config::{AbandonedAs, Config, Window, defaults};
use crate::window::BUCKETS;

/// Times are nanoseconds.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) config: Config,
    /// 0: no such rule.
    pub(crate) failure_threshold: u32,
    pub(crate) reset_timeout: u64,
    pub(crate) min_calls: u32,
    /// How long a bucket of a time window is.
    pub(crate) bucket_width: u64,
    /// The failures that open a breaker whose count window is full.
    pub(crate) full_window_failures: u32,
    /// 0: no call is slow.
    pub(crate) slow_call_duration: u64,
    pub(crate) open_for: u64,
    pub(crate) half_open_max: u64,
    pub(crate) ramp_up: u64,
    pub(crate) abandoned_fail: bool,
}

impl Settings {
    /// The config must have been found sound.
    pub(crate) fn new(config: Config) -> Self {
        let no_rate = config.failure_rate.is_none() && config.slow_call_rate.is_none();
        let by_default = if no_rate {
            defaults::FAILURE_THRESHOLD
        } else {
            0
        };
        let min_calls = config.min_calls.unwrap_or(match config.window {
            Window::Calls(calls) => calls.min(defaults::MIN_CALLS),
            Window::Time(_) => defaults::MIN_CALLS,
        });
        Self {
            failure_threshold: config.failure_threshold.unwrap_or(by_default),
            reset_timeout: nanos(config.reset_timeout),
            min_calls,
            bucket_width: match config.window {
                Window::Time(time) => nanos(time) / BUCKETS as u64,
                Window::Calls(_) => 0,
            },
            full_window_failures: match (config.window, config.failure_rate) {
                (Window::Calls(calls), Some(rate)) => least_part(calls, rate),
                _ => u32::MAX,
            },
            slow_call_duration: nanos(config.slow_call_duration.unwrap_or(Duration::ZERO)),
            open_for: nanos(config.open_for),
            half_open_max: nanos(config.half_open_max),
            ramp_up: nanos(config.ramp_up),
            abandoned_fail: config.abandoned_as == AbandonedAs::Failure,
            config,
        }
    }

    /// Whether there is anything to keep a window for.
    pub(crate) fn has_rate(&self) -> bool {
        self.config.failure_rate.is_some() || self.config.slow_call_rate.is_some()
    }

    pub(crate) fn open_time_varies(&self) -> bool {
        self.config.open_for_multiplier > 1.0 || self.config.open_for_jitter > 0.0
    }

    /// The open time of the opening after `earlier` others; `draw` is uniform in [0, 1).
    pub(crate) fn open_time(&self, earlier: u32, draw: f64) -> u64 {
        if !self.open_time_varies() {
            return self.open_for;
        }
        let power = i32::try_from(earlier).unwrap_or(i32::MAX);
        let cap = nanos(self.config.max_open_for);
        let grown = self.open_for as f64 * self.config.open_for_multiplier.powi(power);
        let wait = grown.min(cap as f64);
        // The draw is spread over what the cap leaves of the range: drawn from the whole range and then
        // cut off, half of all open times at the cap would be exactly the cap.
        let least = wait * (1.0 - self.config.open_for_jitter);
        let most = (wait * (1.0 + self.config.open_for_jitter)).min(cap as f64);
        let varied = least + (most - least) * draw;
        // A float that is too large for the integer becomes the largest; the cap is an integer.
        (varied as u64).min(cap)
    }
}

/// Whether `part` of `whole` is that share of it. The quotient of two counts is the closest number to
/// it there is, as is a share that was written in decimals: 3 of 30 is 0.1. Nothing of nothing is no
/// number, and no share.
pub(crate) fn reaches(part: u64, whole: u64, share: f64) -> bool {
    part as f64 / whole as f64 >= share
}

/// The least part of `whole` that reaches the share.
fn least_part(whole: u32, share: f64) -> u32 {
    let near = (f64::from(whole) * share) as u32;
    (near.saturating_sub(1)..=whole)
        .find(|&part| reaches(part.into(), whole.into(), share))
        .unwrap_or(whole)
}
