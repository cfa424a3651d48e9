//! What a component counted in the last minute, for its rates.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::tally::MOST;

/// Rates are those of so much time, long enough to be calm and short enough to be news.
const RATE_OVER: Duration = Duration::from_secs(5);

/// How long readings are kept.
const KEPT: Duration = Duration::from_secs(60);

/// The least time between two readings that are kept; the sampler may be a little early.
const APART: Duration = Duration::from_millis(900);

/// The readings of one component's counters.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// The latest at the end.
    points: VecDeque<Point>,
    now: Option<Point>,
}

#[derive(Debug, Clone, Copy)]
struct Point {
    at: Instant,
    counts: [f64; MOST],
}

impl Meter {
    /// Whether nothing is known of the last seconds.
    pub(crate) fn is_stale(&self, now: Instant) -> bool {
        let last = self.points.back();
        last.is_none_or(|last| now.saturating_duration_since(last.at) > RATE_OVER)
    }

    /// Fills in what was before the first reading: how much each counter grew in each of the last seconds, the
    /// latest at the end.
    pub(crate) fn seed(&mut self, now: Instant, counts: [f64; MOST], grew: &[[f64; MOST]]) {
        if grew.is_empty() {
            return;
        }
        self.points.clear();
        let mut point = Point { at: now, counts };
        for growth in grew.iter().rev().take(KEPT.as_secs() as usize) {
            let Some(at) = point.at.checked_sub(Duration::from_secs(1)) else {
                return;
            };
            point.at = at;
            for (count, growth) in point.counts.iter_mut().zip(growth) {
                *count -= growth;
            }
            self.points.push_front(point);
        }
    }

    /// Takes a reading. One so soon after the last one is looked at and not kept.
    pub(crate) fn read(&mut self, at: Instant, counts: [f64; MOST]) {
        let point = Point { at, counts };
        let fell = |before: &Point| before.counts.iter().zip(&counts).any(|(was, is)| is < was);
        if self.points.back().is_some_and(fell) {
            // Another component of the same name.
            self.points.clear();
        }
        let too_old = |point: &Point| at.saturating_duration_since(point.at) > KEPT;
        while self.points.front().is_some_and(too_old) {
            self.points.pop_front();
        }
        let last = self.points.back();
        if last.is_none_or(|last| at.saturating_duration_since(last.at) >= APART) {
            self.points.push_back(point);
        }
        self.now = Some(point);
    }

    /// How much a counter grows per second; `None` before there are two readings.
    pub(crate) fn rate(&self, counter: usize) -> Option<f64> {
        self.growth(counter, RATE_OVER)
            .map(|(grown, time)| grown / time.as_secs_f64())
    }

    /// How much a counter grew in the last minute, or in as much of it as is known.
    pub(crate) fn in_last_minute(&self, counter: usize) -> Option<f64> {
        self.growth(counter, KEPT).map(|(grown, _)| grown)
    }

    fn growth(&self, counter: usize, over: Duration) -> Option<(f64, Duration)> {
        let now = self.now?;
        let age = |point: &Point| now.at.saturating_duration_since(point.at);
        let before = self.points.iter().filter(|point| !age(point).is_zero());
        // If all are older, the latest of them.
        let (mut recent, mut latest) = (None, None);
        for point in before {
            latest = Some(point);
            if recent.is_none() && age(point) <= over + APART / 2 {
                recent = Some(point);
            }
        }
        let then = recent.or(latest)?;
        let grown = now.counts[counter] - then.counts[counter];
        Some((grown.max(0.0), age(then)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    fn counts(first: f64) -> [f64; MOST] {
        [first, 0.0, 0.0, 0.0]
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_is_that_of_the_last_five_seconds() {
        let (mut meter, begin) = (Meter::default(), clock::now());
        meter.read(begin, counts(0.0));
        assert_eq!(meter.rate(0), None);
        for second in 1..=20_u32 {
            let calls = if second <= 10 {
                0.0
            } else {
                7.0 * f64::from(second - 10)
            };
            meter.read(begin + Duration::from_secs(second.into()), counts(calls));
        }
        assert_eq!(meter.rate(0), Some(7.0));
        assert_eq!(meter.in_last_minute(0), Some(70.0));
        assert_eq!(meter.rate(1), Some(0.0));
    }

    #[tokio::test(start_paused = true)]
    async fn readings_in_between_are_looked_at_and_not_kept() {
        let (mut meter, begin) = (Meter::default(), clock::now());
        meter.read(begin, counts(0.0));
        for step in 1..=1000_u64 {
            meter.read(begin + Duration::from_micros(step), counts(step as f64));
        }
        assert_eq!(meter.points.len(), 1);
        assert_eq!(meter.rate(0), Some(1_000_000.0));
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_than_a_minute_is_kept() {
        let (mut meter, begin) = (Meter::default(), clock::now());
        for second in 0..1000_u32 {
            meter.read(
                begin + Duration::from_secs(second.into()),
                counts(f64::from(second)),
            );
        }
        assert_eq!(meter.points.len(), 61);
        assert_eq!(meter.in_last_minute(0), Some(60.0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_counter_that_fell_is_another_component() {
        let (mut meter, begin) = (Meter::default(), clock::now());
        meter.read(begin, counts(100.0));
        meter.read(begin + Duration::from_secs(1), counts(3.0));
        assert_eq!(meter.rate(0), None);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_pause_the_rate_is_that_of_the_pause() {
        let (mut meter, begin) = (Meter::default(), clock::now());
        meter.read(begin, counts(0.0));
        meter.read(begin + Duration::from_secs(20), counts(40.0));
        assert_eq!(meter.rate(0), Some(2.0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_seed_gives_rates_at_the_first_reading() {
        tokio::time::advance(Duration::from_secs(100)).await;
        let (mut meter, now) = (Meter::default(), clock::now());
        meter.seed(now, counts(500.0), &[counts(1.0), counts(3.0), counts(3.0)]);
        meter.read(now, counts(500.0));
        assert_eq!(meter.in_last_minute(0), Some(7.0));
        let rate = meter.rate(0).unwrap();
        assert!((rate - 7.0 / 3.0).abs() < 1e-9, "{rate}");
    }
}
