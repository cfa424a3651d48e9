//! Our hedges, as the cases want them.

use std::time::Duration;

use steadfast_retry::Hedge;

pub(crate) const DELAY: Duration = Duration::from_secs(1);
pub(crate) const PERCENTILE: f64 = 0.95;
/// How many latencies are to be known before the first hedge.
pub(crate) const WARM_UP: u32 = 100;

/// Sends a hedge after the 95th percentile.
pub(crate) fn learned() -> Hedge {
    let builder = Hedge::builder("bench").percentile(PERCENTILE);
    builder.warm_up(WARM_UP).build().expect("sound settings")
}

/// Sends a hedge after a second.
pub(crate) fn fixed() -> Hedge {
    let builder = Hedge::builder("bench").delay(DELAY);
    builder.build().expect("sound settings")
}
