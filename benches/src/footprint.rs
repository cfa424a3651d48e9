//! What this process takes of the machine: threads and memory. Linux only; elsewhere all is zero.

use std::fs;

/// Threads and resident memory of this process at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Footprint {
    /// Threads of the operating system.
    pub threads: usize,
    /// Resident memory in KiB.
    pub kib: u64,
}

impl Footprint {
    /// Reads it now.
    #[must_use]
    pub fn now() -> Self {
        let threads = fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let kib = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next())
            .and_then(|number| number.parse().ok());
        Self {
            threads,
            kib: kib.unwrap_or(0),
        }
    }

    /// A footprint as it would be read.
    #[must_use]
    pub const fn of(threads: usize, kib: u64) -> Self {
        Self { threads, kib }
    }

    /// How many threads more there are now than at an earlier moment; fewer are none.
    #[must_use]
    pub const fn threads_since(&self, earlier: &Self) -> usize {
        self.threads.saturating_sub(earlier.threads)
    }

    /// How many MiB more than at an earlier moment; negative if it is less.
    #[must_use]
    pub fn mib_since(&self, earlier: &Self) -> f64 {
        (self.kib as f64 - earlier.kib as f64) / 1_024.0
    }
}

/// The slope of the straight line closest to the points, by least squares; zero for fewer than two.
#[must_use]
pub fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (mean_x, mean_y) = (mean(|point| point.0), mean(|point| point.1));
    let (mut above, mut below) = (0.0, 0.0);
    for (x, y) in points {
        above += (x - mean_x) * (y - mean_y);
        below += (x - mean_x) * (x - mean_x);
    }
    if below > 0.0 { above / below } else { 0.0 }
}
