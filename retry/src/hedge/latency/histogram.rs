//! Counts of durations in buckets whose width grows with the duration.

/// The bits of a duration that tell apart the buckets of an octave, the range between one power of two
/// and the next. Each of 32 buckets is a 32nd of its octave's lower end wide, so its highest value is
/// above everything else in it by less than a 32nd.
const BITS: u32 = 5;
const PER_OCTAVE: usize = 1 << BITS;
/// Those below 32 ns, exact, and one for each higher bit of a `u64`.
const OCTAVES: usize = (u64::BITS - BITS) as usize + 1;
const BUCKETS: usize = OCTAVES * PER_OCTAVE;

/// A log-linear histogram of nanoseconds: fixed memory, no allocation, all of a `u64` covered. The form
/// is that of [HdrHistogram](https://hdrhistogram.github.io/HdrHistogram/).
///
/// Holds at most `u16::MAX` values.
#[derive(Debug, Clone)]
pub(super) struct Histogram {
    len: u16,
    /// The sums of `buckets` by octave, so that finding a rank takes 60 steps and 32, not 1,920.
    octaves: [u16; OCTAVES],
    buckets: [u16; BUCKETS],
}

impl Histogram {
    pub(super) const fn new() -> Self {
        Self {
            len: 0,
            octaves: [0; OCTAVES],
            buckets: [0; BUCKETS],
        }
    }

    pub(super) fn len(&self) -> u16 {
        self.len
    }

    #[inline]
    pub(super) fn add(&mut self, nanos: u64) {
        let bucket = bucket(nanos);
        self.len += 1;
        self.octaves[bucket / PER_OCTAVE] += 1;
        self.buckets[bucket] += 1;
    }

    pub(super) fn clear(&mut self) {
        *self = Self::new();
    }

    /// The value of this rank (from 1, at most [`len`](Self::len)) in ascending order, or up to 1/32 of it
    /// more. Never less: where all values are about the same, each of them would be above it.
    pub(super) fn of_rank(&self, rank: u16) -> u64 {
        let (octave, rank) = find(&self.octaves, rank);
        let first = octave * PER_OCTAVE;
        let (nth, _) = find(&self.buckets[first..first + PER_OCTAVE], rank);
        highest(first + nth)
    }
}

/// Which of the counts contains this rank, and which rank it is among those.
fn find(counts: &[u16], mut rank: u16) -> (usize, u16) {
    for (nth, count) in counts.iter().enumerate() {
        match rank.checked_sub(*count) {
            None | Some(0) => return (nth, rank),
            Some(rest) => rank = rest,
        }
    }
    (counts.len().saturating_sub(1), rank)
}

#[inline]
fn bucket(nanos: u64) -> usize {
    let Some(shift) = nanos.checked_ilog2().and_then(|log| log.checked_sub(BITS)) else {
        return nanos as usize;
    };
    // The leading bit is always set; the next ones count within the octave.
    let within = (nanos >> shift) as usize - PER_OCTAVE;
    (shift as usize + 1) * PER_OCTAVE + within
}

/// The highest value in the bucket.
fn highest(bucket: usize) -> u64 {
    let within = (bucket % PER_OCTAVE) as u64;
    let Some(shift) = (bucket / PER_OCTAVE).checked_sub(1) else {
        return within;
    };
    let low = (PER_OCTAVE as u64 + within) << shift;
    low + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        assert_eq!(bucket(0), 0);
        assert_eq!(bucket(31), 31);
        assert_eq!(bucket(32), 32);
        assert_eq!(bucket(63), 63);
        assert_eq!(bucket(64), 64);
        assert_eq!(bucket(65), 64);
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
        for octave in 1..u64::BITS {
            let first = 1_u64 << octave;
            let below = bucket(first - 1);
            assert_eq!(bucket(first) - below, 1, "at 2^{octave}");
        }
    }

    #[test]
    fn a_bucket_ends_where_the_next_begins() {
        for bucket in 0..BUCKETS - 1 {
            assert_eq!(super::bucket(highest(bucket)), bucket);
            assert_eq!(super::bucket(highest(bucket) + 1), bucket + 1);
        }
        assert_eq!(highest(BUCKETS - 1), u64::MAX);
    }

    proptest! {
        #[test]
        fn the_highest_in_a_bucket_is_above_everything_in_it_by_less_than_a_32nd(
            bits in 1..=u64::BITS,
            random: u64,
        ) {
            let nanos = random >> (u64::BITS - bits);
            let highest = highest(bucket(nanos));
            prop_assert_eq!(bucket(highest), bucket(nanos));
            prop_assert!(highest >= nanos);
            prop_assert!(u128::from(highest - nanos) * 32 <= u128::from(nanos));
        }

        #[test]
        fn ranks_are_those_of_the_sorted_values(
            values in prop::collection::vec((1..=u64::BITS, any::<u64>()), 1..300),
        ) {
            let mut sorted: Vec<u64> = values
                .into_iter()
                .map(|(bits, random)| random >> (u64::BITS - bits))
                .collect();
            let mut histogram = Histogram::new();
            for value in &sorted {
                histogram.add(*value);
            }
            sorted.sort_unstable();
            prop_assert_eq!(usize::from(histogram.len()), sorted.len());
            for (rank, value) in (1..).zip(&sorted) {
                prop_assert_eq!(histogram.of_rank(rank), highest(bucket(*value)));
            }
        }
    }
}
