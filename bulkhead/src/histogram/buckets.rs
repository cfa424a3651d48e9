//! Which bucket a time in nanoseconds belongs to, and where buckets end.
//!
//! 32 octaves, each from one power of two to the next, have 32 buckets of the same width each. So
//! the highest value of a bucket is above everything else in it by less than a 32nd. One bucket
//! more has all that is shorter, and one all that is longer.

/// 2^10 ns, about 1 us. A time of 1 us is still below it, by less than a 32nd.
const FIRST_OCTAVE: u32 = 10;
/// They end at 2^42 ns, an hour and 13 minutes.
const OCTAVES: u32 = 32;
/// The bits behind the leading one, which tell apart the buckets of an octave.
const BITS: u32 = 5;
const PER_OCTAVE: usize = 1 << BITS;

const SHORTER: usize = 0;
const LONGER: usize = OCTAVES as usize * PER_OCTAVE + 1;
pub(super) const COUNT: usize = LONGER + 1;

#[inline]
pub(super) fn of(nanos: u64) -> usize {
    let octave = nanos
        .checked_ilog2()
        .and_then(|log| log.checked_sub(FIRST_OCTAVE));
    match octave {
        None => SHORTER,
        Some(OCTAVES..) => LONGER,
        Some(octave) => {
            // The leading bit is always set; the next ones count within the octave.
            let within = (nanos >> shift(octave)) as usize - PER_OCTAVE;
            octave as usize * PER_OCTAVE + within + 1
        }
    }
}

/// The highest value in the bucket; that of the last one is as high as can be.
pub(super) fn highest(bucket: usize) -> u64 {
    match bucket {
        SHORTER => (1 << FIRST_OCTAVE) - 1,
        LONGER.. => u64::MAX,
        _ => {
            let shift = shift(((bucket - 1) / PER_OCTAVE) as u32);
            let next = PER_OCTAVE + (bucket - 1) % PER_OCTAVE + 1;
            ((next as u64) << shift) - 1
        }
    }
}

/// What is left of a time in this octave, shifted by so much, is its leading one and [`BITS`] more.
#[inline]
const fn shift(octave: u32) -> u32 {
    FIRST_OCTAVE + octave - BITS
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_bucket_ends_where_the_next_begins() {
        assert_eq!(of(0), 0);
        for bucket in 0..COUNT - 1 {
            assert_eq!(of(highest(bucket)), bucket);
            assert_eq!(of(highest(bucket) + 1), bucket + 1);
        }
        assert_eq!(highest(COUNT - 1), u64::MAX);
        assert_eq!(of(u64::MAX), COUNT - 1);
    }

    #[test]
    fn an_octave_has_32_buckets() {
        for octave in FIRST_OCTAVE..FIRST_OCTAVE + OCTAVES {
            assert_eq!(of(1 << (octave + 1)) - of(1 << octave), 32, "2^{octave}");
        }
    }

    proptest! {
        #[test]
        fn from_1_us_to_1_h_the_highest_in_a_bucket_is_above_the_rest_by_less_than_a_32nd(
            octave in 9_u32..42,
            random: u64,
        ) {
            let hour = Duration::from_secs(3_600).as_nanos() as u64;
            let nanos = (1 << octave | random & ((1 << octave) - 1)).clamp(1_000, hour);
            let highest = highest(of(nanos));
            prop_assert!(highest >= nanos);
            prop_assert!((highest - nanos) * 32 < nanos);
        }
    }
}
