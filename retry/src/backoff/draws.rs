//! Chance, and what has to be known of the wait before.

use std::time::Duration;

use super::growth::{Growth, smooth, smooth_wait};
use super::{Backoff, nanos};

/// The draws of one call: all that it has to remember between its waits, in 16 bytes.
///
/// No generator is kept. A draw is a hash of the sequence and the number of the retry, so the same
/// sequence repeats its waits, and a call that never waits pays for a number.
#[derive(Debug, Clone)]
pub(crate) struct Draws {
    sequence: u64,
    /// The wait before, where the next depends on it: its nanoseconds for `Decorrelated` (it counts
    /// as 584 years where it is longer), the bits of the point on the curve for `DecorrelatedSmooth`.
    previous: u64,
}

impl Draws {
    /// The draws of a sequence. Those of any two seeds differ, however close the seeds are.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            sequence: mix(seed),
            previous: 0,
        }
    }

    /// The wait before retry number `retry`. To be asked once for each, in order.
    pub(crate) fn draw(&mut self, backoff: &Backoff, retry: u32) -> Duration {
        let chance = chance(self.sequence, retry);
        self.draw_with(backoff, retry, chance)
    }

    /// The wait before retry number `retry` where somebody has asked for a wait of at least `hint`: the
    /// longer of the two. Unless jitter is off, up to a quarter of the hint comes on top of it, for many
    /// may have been told the same moment; but not beyond `longest`, which the hint is not.
    pub(crate) fn draw_at_least(
        &mut self,
        hint: Duration,
        longest: Duration,
        backoff: &Backoff,
        retry: u32,
    ) -> Duration {
        let wait = self.draw(backoff, retry);
        if hint.is_zero() || !backoff.is_random() {
            return wait.max(hint);
        }
        let range = (hint / HINT_SPREAD).min(longest.saturating_sub(hint));
        let spread = range.mul_f64(chance(mix(self.sequence), retry));
        wait.max(hint.saturating_add(spread))
    }

    /// The wait so far up its range: `chance` is from 0 to 1.
    pub(super) fn draw_with(&mut self, backoff: &Backoff, retry: u32, chance: f64) -> Duration {
        let range = backoff.range(retry);
        let nanos = match backoff.growth {
            Growth::Decorrelated => {
                let previous = u128::from(self.previous).max(range.low());
                let range = range.up_to(nanos::times(previous, backoff.factor()));
                let wait = range.at(chance);
                self.previous = u64::try_from(wait).unwrap_or(u64::MAX);
                wait
            }
            Growth::DecorrelatedSmooth => {
                let previous = f64::from_bits(self.previous);
                let this = smooth(retry, chance);
                self.previous = this.to_bits();
                smooth_wait(backoff.base.as_nanos(), this, previous).min(range.high())
            }
            _ => range.at(chance),
        };
        nanos::to_duration(nanos)
    }
}

/// Which part of a hint may come on top of it.
const HINT_SPREAD: u32 = 4;

/// A number from 0 up to, but not including, 1: any of 2^53, all equally likely.
fn chance(sequence: u64, retry: u32) -> f64 {
    const STEP: f64 = 1.0 / (1_u64 << 53) as f64;

    let step = (u64::from(retry) + 1).wrapping_mul(GOLDEN_GAMMA);
    (mix(sequence.wrapping_add(step)) >> 11) as f64 * STEP
}

/// The output function of SplitMix64, whose state after `n` steps is the first one plus `n` times
/// [`GOLDEN_GAMMA`]: so any number of its sequence can be had without those before it. Steele, Lea
/// and Flood, "Fast splittable pseudorandom number generators" (2014), with the constants of
/// [Vigna's code](https://prng.di.unimi.it/splitmix64.c).
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// 2^64 over the golden ratio, made odd.
const GOLDEN_GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of Vigna's `splitmix64.c` with the state 1234567, as Rosetta Code and the
    /// tests of other implementations have them.
    #[test]
    fn mixes_as_splitmix64_does() {
        let numbers = (1..=3_u64).map(|n| mix(1_234_567 + n.wrapping_mul(GOLDEN_GAMMA)));
        let expected = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
        ];
        assert!(numbers.eq(expected));
    }

    #[test]
    fn remembers_a_call_in_sixteen_bytes() {
        assert_eq!(size_of::<Draws>(), 16);
    }
}
