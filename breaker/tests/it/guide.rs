//! What the page "choosing numbers" says: its tables are recomputed, its claims tried on the breaker.

mod noise;
mod tables;
mod timing;

/// Draws that are the same in every run (SplitMix64).
struct Draws(u64);

impl Draws {
    /// True with this probability.
    fn happens(&mut self, probability: f64) -> bool {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        ((mixed >> 11) as f64) < probability * (1_u64 << 53) as f64
    }
}

/// The chance that exactly `k` of `n` calls fail.
fn exactly(n: i32, k: i32, p: f64) -> f64 {
    let choose = (0..k).fold(1.0, |c, i| c * f64::from(n - i) / f64::from(i + 1));
    choose * p.powi(k) * (1.0 - p).powi(n - k)
}

/// The chance that at least `k` of `n` calls fail.
fn at_least(n: i32, k: i32, p: f64) -> f64 {
    (k..=n).map(|j| exactly(n, j, p)).sum()
}

/// Calls from one opening without cause to the next, of a window that is full.
fn calls_between(n: i32, k: i32, p: f64) -> f64 {
    1.0 / (p * (1.0 - p) * exactly(n - 1, k - 1, p))
}

/// Calls until `k` in a row have failed.
fn calls_to_run(k: i32, f: f64) -> f64 {
    (f.powi(-k) - 1.0) / (1.0 - f)
}
