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

/// The slope of a line through the points: the median of the slopes between every two of them (Theil and
/// Sen's), which a step or two of the allocator's does not move. Zero for fewer than two.
#[must_use]
pub fn slope(points: &[(f64, f64)]) -> f64 {
    let mut slopes: Vec<f64> = points
        .iter()
        .enumerate()
        .flat_map(|(number, from)| points[number + 1..].iter().map(move |to| (from, to)))
        .filter(|(from, to)| from.0 < to.0)
        .map(|(from, to)| (to.1 - from.1) / (to.0 - from.0))
        .collect();
    slopes.sort_by(f64::total_cmp);
    match slopes.len() {
        0 => 0.0,
        count if count % 2 == 1 => slopes[count / 2],
        count => f64::midpoint(slopes[count / 2 - 1], slopes[count / 2]),
    }
}
