//! How waits grow, before jitter and cap. In nanoseconds.

use std::fmt;

use super::nanos;

/// How the waits of a [`Backoff`](crate::Backoff) grow from one retry to the next. Each has its
/// constructor there, which says more.
///
/// Displayed as in configuration files: `exponential`, `decorrelated_smooth` and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Growth {
    /// Not at all: [`Backoff::constant`](crate::Backoff::constant).
    Constant,
    /// By the same step each time: [`Backoff::linear`](crate::Backoff::linear).
    Linear,
    /// By the same factor each time: [`Backoff::exponential`](crate::Backoff::exponential). The
    /// default.
    #[default]
    Exponential,
    /// To the sum of the two before: [`Backoff::fibonacci`](crate::Backoff::fibonacci).
    Fibonacci,
    /// By chance, up to three times the one before:
    /// [`Backoff::decorrelated`](crate::Backoff::decorrelated).
    Decorrelated,
    /// By chance, around an exponential curve:
    /// [`Backoff::decorrelated_smooth`](crate::Backoff::decorrelated_smooth).
    DecorrelatedSmooth,
}

impl Growth {
    /// The multiplier of a backoff that was given none; 1 for the growths that have none.
    pub(crate) const fn default_multiplier(self) -> f64 {
        match self {
            Self::Exponential => 2.0,
            Self::Decorrelated => 3.0,
            Self::Constant | Self::Linear | Self::Fibonacci | Self::DecorrelatedSmooth => 1.0,
        }
    }

    /// The upper end of what the wait before `retry` can grow to from `base`, which is not zero.
    pub(super) fn peak(self, base: u128, factor: f64, retry: u32) -> u128 {
        match self {
            Self::Constant => base,
            Self::Linear => base.saturating_mul(u128::from(retry) + 1),
            Self::Exponential => exponential(base, factor, retry),
            Self::Fibonacci => base.saturating_mul(fibonacci(retry)),
            Self::Decorrelated => exponential(base, factor, retry.saturating_add(1)),
            Self::DecorrelatedSmooth => {
                let before = retry.checked_sub(1).map_or(0.0, |retry| smooth(retry, 0.0));
                smooth_wait(base, smooth(retry, 1.0), before)
            }
        }
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Constant => "constant",
            Self::Linear => "linear",
            Self::Exponential => "exponential",
            Self::Fibonacci => "fibonacci",
            Self::Decorrelated => "decorrelated",
            Self::DecorrelatedSmooth => "decorrelated_smooth",
        })
    }
}

fn exponential(base: u128, factor: f64, power: u32) -> u128 {
    match nanos::whole(factor) {
        Some(factor) => (factor.checked_pow(power)).map_or(u128::MAX, |by| base.saturating_mul(by)),
        None => nanos::rounded(base as f64 * factor.powf(f64::from(power))),
    }
}

/// 1, 1, 2, 3, 5, 8 ...; after the 186 of them that can be counted, the highest number there is.
fn fibonacci(retry: u32) -> u128 {
    let (mut this, mut next) = (1_u128, 1_u128);
    for _ in 0..retry {
        if this == u128::MAX {
            break;
        }
        (this, next) = (next, this.saturating_add(next));
    }
    this
}

/// Polly's curve at `retry + chance`; it rises all the way from 0, and gets infinite at 1,024.
pub(super) fn smooth(retry: u32, chance: f64) -> f64 {
    let t = f64::from(retry) + chance;
    t.exp2() * (4.0 * t).sqrt().tanh()
}

/// The wait between two points of the curve. The highest number there is where that cannot be told.
pub(super) fn smooth_wait(base: u128, this: f64, before: f64) -> u128 {
    /// Puts the median of the first wait near `base`.
    const SCALE: f64 = 1.4;

    let wait = (this - before) / SCALE * base as f64;
    if wait.is_finite() {
        nanos::rounded(wait)
    } else {
        u128::MAX
    }
}
