//! Sliding windows: the calls that the rates are taken of.

mod count;
mod time;

use crate::clock::Time;
use crate::config;
use crate::settings::Settings;

use count::CountWindow;
pub(crate) use time::BUCKETS;
use time::TimeWindow;

/// What there is in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    pub(crate) calls: u64,
    pub(crate) failures: u64,
    pub(crate) slow: u64,
}

/// The window of one breaker, if any of its rules needs one.
#[derive(Debug)]
pub(crate) enum Window {
    None,
    Count(CountWindow),
    Time(TimeWindow),
}

impl Window {
    pub(crate) fn new(settings: &Settings, now: Time) -> Self {
        let slow = settings.config.slow_call_rate.is_some();
        match settings.config.window {
            _ if !settings.has_rate() => Self::None,
            config::Window::Calls(calls) => Self::Count(CountWindow::new(calls, slow)),
            config::Window::Time(_) => {
                Self::Time(TimeWindow::new(settings.bucket_width, slow, now))
            }
        }
    }

    /// Goes over to new settings with what still makes sense of the old: the newest calls of a count
    /// window, all of a time window of the same length.
    pub(crate) fn reconfigure(&mut self, old: &Settings, new: &Settings, now: Time) {
        let slow = new.config.slow_call_rate.is_some();
        match (&mut *self, new.config.window) {
            _ if !new.has_rate() => *self = Self::None,
            (Self::Count(window), config::Window::Calls(calls)) => window.resize(calls, slow),
            (Self::Time(window), time) if time == old.config.window => window.keep_slow(slow),
            _ => *self = Self::new(new, now),
        }
    }

    pub(crate) fn clear(&mut self, settings: &Settings, now: Time) {
        match self {
            Self::None => {}
            Self::Count(window) => window.clear(),
            Self::Time(window) => window.clear(settings.bucket_width, now),
        }
    }

    /// What is in the window at `now`.
    pub(crate) fn tally(&mut self, settings: &Settings, now: Time) -> Tally {
        match self {
            Self::None => Tally::default(),
            Self::Count(window) => window.tally(),
            Self::Time(window) => window.tally(settings.bucket_width, now),
        }
    }

    pub(crate) fn is_timed(&self) -> bool {
        matches!(self, Self::Time(_))
    }

    /// Whether another success would change nothing.
    pub(crate) fn is_calm(&self) -> bool {
        match self {
            Self::None => true,
            Self::Count(window) => window.is_calm(),
            Self::Time(_) => false,
        }
    }
}
