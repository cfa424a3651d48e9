//! How long the requests of the last minute took: kept only where telemetry watches the client.
//!
//! The minute is six slices of ten seconds, the newest of which is still being filled, so what is told is
//! about the last 50 to 60 s. In each are counts by buckets whose width grows with the time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::clock;

/// How long a slice is being filled.
const SLICE: Duration = Duration::from_secs(10);
const SLICES: u64 = 6;

/// 2^16 ns, about 66 us: what is shorter is as good as this.
const FIRST_OCTAVE: u32 = 16;
/// They end at 2^42 ns, an hour and 13 minutes: what is longer counts as that.
const OCTAVES: u32 = 26;
/// The bits behind the leading one, which tell apart the buckets of an octave: a time is told at most an
/// eighth too long, and never too short.
const BITS: u32 = 3;
const PER_OCTAVE: usize = 1 << BITS;
/// One more, for what is shorter.
const BUCKETS: usize = OCTAVES as usize * PER_OCTAVE + 1;

/// The times of the last minute. Takes no memory before the first, and at most 6 KiB.
#[derive(Debug)]
pub(crate) struct Latencies {
    /// What slices are counted from.
    origin: Instant,
    /// The oldest first. Under this lock there is nothing but counting.
    slices: Mutex<VecDeque<Slice>>,
}

#[derive(Debug)]
struct Slice {
    number: u64,
    counts: Box<[u32; BUCKETS]>,
}

impl Latencies {
    pub(crate) fn new() -> Self {
        Self {
            origin: clock::now(),
            slices: Mutex::default(),
        }
    }

    /// Counts a time that was over `now`.
    pub(crate) fn record(&self, time: Duration, now: Instant) {
        let number = self.number(now);
        let mut slices = self.slices.lock();
        let outdated = forget(&mut slices, number);
        // A thread that comes late counts in the newest.
        if slices.back().is_none_or(|newest| newest.number < number) {
            let mut slice = outdated.unwrap_or_else(|| Slice {
                number,
                counts: Box::new([0; BUCKETS]),
            });
            slice.number = number;
            slice.counts.fill(0);
            slices.push_back(slice);
        }
        if let Some(newest) = slices.back_mut() {
            let count = &mut newest.counts[bucket_of(time)];
            *count = count.saturating_add(1);
        }
    }

    /// The times within which these shares of all were over, by nearest rank; `None` if there were none in
    /// the last minute.
    pub(crate) fn percentiles<const N: usize>(
        &self,
        shares: [f64; N],
        now: Instant,
    ) -> Option<[Duration; N]> {
        let mut sums = [0_u64; BUCKETS];
        let number = self.number(now);
        {
            let mut slices = self.slices.lock();
            forget(&mut slices, number);
            for slice in &*slices {
                for (sum, count) in sums.iter_mut().zip(slice.counts.iter()) {
                    *sum += u64::from(*count);
                }
            }
        }
        let all: u64 = sums.iter().sum();
        let at = |share: f64| {
            let rank = (share * all as f64).ceil() as u64;
            let mut before = 0;
            let bucket = sums.iter().position(|count| {
                before += count;
                before >= rank.max(1)
            });
            highest(bucket.unwrap_or(BUCKETS - 1))
        };
        (all > 0).then(|| shares.map(at))
    }

    fn number(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.origin).as_secs() / SLICE.as_secs()
    }
}

/// Takes out what is older than a minute; one of those, to be used again.
fn forget(slices: &mut VecDeque<Slice>, number: u64) -> Option<Slice> {
    let mut outdated = None;
    while slices
        .front()
        .is_some_and(|oldest| oldest.number + SLICES <= number)
    {
        outdated = slices.pop_front();
    }
    outdated
}

fn bucket_of(time: Duration) -> usize {
    let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let octave = nanos
        .checked_ilog2()
        .and_then(|log| log.checked_sub(FIRST_OCTAVE));
    match octave {
        None => 0,
        Some(OCTAVES..) => BUCKETS - 1,
        Some(octave) => {
            // The leading bit is always set; the next ones count within the octave.
            let within = (nanos >> (FIRST_OCTAVE + octave - BITS)) as usize - PER_OCTAVE;
            octave as usize * PER_OCTAVE + within + 1
        }
    }
}

/// The longest time of the bucket.
fn highest(bucket: usize) -> Duration {
    let Some(bucket) = bucket.checked_sub(1) else {
        return Duration::from_nanos((1 << FIRST_OCTAVE) - 1);
    };
    let (octave, within) = (bucket / PER_OCTAVE, bucket % PER_OCTAVE);
    let next = (PER_OCTAVE + within + 1) as u64;
    Duration::from_nanos((next << (FIRST_OCTAVE + octave as u32 - BITS)) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF_AND_MOST: [f64; 2] = [0.5, 0.95];

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_time_is_told_at_most_an_eighth_too_long_and_never_too_short() {
        for power in FIRST_OCTAVE..FIRST_OCTAVE + OCTAVES {
            for part in 0..40_u64 {
                let nanos = (1_u64 << power) + ((1_u64 << power) / 40) * part;
                let time = Duration::from_nanos(nanos);
                let told = highest(bucket_of(time));
                assert!(
                    told >= time && told - time <= time / 8,
                    "{time:?} as {told:?}"
                );
            }
        }
        assert_eq!(bucket_of(Duration::ZERO), 0);
        assert_eq!(bucket_of(Duration::MAX), BUCKETS - 1);
    }

    #[test]
    fn percentiles_are_those_of_the_last_minute() {
        let latencies = Latencies::new();
        let begin = latencies.origin;
        assert_eq!(latencies.percentiles(HALF_AND_MOST, begin), None);
        for _ in 0..90 {
            latencies.record(ms(10), begin);
        }
        for _ in 0..10 {
            latencies.record(ms(1000), begin + SLICE * 3);
        }
        let told = |after: Duration| latencies.percentiles(HALF_AND_MOST, begin + after);
        let [half, most] = told(SLICE * 3).unwrap();
        assert!(half >= ms(10) && half < ms(12) && most >= ms(1000) && most < ms(1126));
        assert_eq!(told(SLICE * 6 - ms(1)).unwrap(), [half, most]);
        assert_eq!(
            told(SLICE * 6).unwrap(),
            [most, most],
            "the first are forgotten"
        );
        assert_eq!(told(SLICE * 9), None);
    }

    #[test]
    fn the_memory_is_bounded_and_a_late_thread_counts_in_the_newest() {
        let latencies = Latencies::new();
        for slice in 0..100 {
            latencies.record(ms(1), latencies.origin + SLICE * slice);
        }
        latencies.record(ms(1), latencies.origin);
        let slices = latencies.slices.lock();
        assert_eq!(slices.len(), 6);
        assert_eq!(slices[5].counts.iter().sum::<u32>(), 2);
    }
}
