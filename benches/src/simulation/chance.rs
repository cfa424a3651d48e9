//! Chance that depends on nothing but what it is for.

/// A number from 0 up to, but not, 1 for one occasion. The same occasion always gets the same number,
/// in whatever order the occasions come, and on every version of every dependency: that is why no
/// generator from a crate is used.
///
/// The mixing function of `SplitMix64`, over each part in turn: Steele, Lea and Flood, "Fast splittable
/// pseudorandom number generators", OOPSLA 2014.
pub(crate) fn chance(seed: u64, occasion: [u64; 3]) -> f64 {
    let bits = occasion.into_iter().fold(mix(seed), |state, part| {
        mix(state ^ part.wrapping_add(1).wrapping_mul(GOLDEN_GAMMA))
    });
    // The 53 bits that an f64 holds exactly.
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// 2^64 divided by the golden ratio, made odd: `SplitMix64`'s step from one state to the next.
const GOLDEN_GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;
