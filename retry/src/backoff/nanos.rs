//! Durations as whole nanoseconds. A `u128` holds four billion times the longest `Duration`, so sums
//! and whole multiples stay exact where a `Duration` would overflow or an `f64` lose digits.

use std::time::Duration;

const PER_SECOND: u128 = 1_000_000_000;

/// The duration; the longest there is where that is too short.
pub(super) fn to_duration(nanos: u128) -> Duration {
    if let Ok(nanos) = u64::try_from(nanos) {
        return Duration::from_nanos(nanos); // all that is shorter than 584 years
    }
    match u64::try_from(nanos / PER_SECOND) {
        Ok(seconds) => Duration::new(seconds, (nanos % PER_SECOND) as u32),
        Err(_) => Duration::MAX,
    }
}

/// The nearest number there is: zero for what is negative or NaN, the highest for infinity.
pub(super) fn rounded(nanos: f64) -> u128 {
    nanos.round() as u128
}

/// `nanos * factor`, rounded down.
pub(super) fn times(nanos: u128, factor: f64) -> u128 {
    match whole(factor) {
        Some(factor) => nanos.saturating_mul(factor),
        None => (nanos as f64 * factor) as u128,
    }
}

/// The factor as an integer, if it is one.
pub(super) fn whole(factor: f64) -> Option<u128> {
    (factor.fract() == 0.0 && factor <= f64::from(u32::MAX)).then_some(factor as u128)
}

/// `share`, or the nearer end of 0..=1; NaN is 0.
pub(super) fn share(share: f64) -> f64 {
    if share.is_nan() {
        0.0
    } else {
        share.clamp(0.0, 1.0)
    }
}
