use std::time::Duration;

/// How long something took, over all the times that it happened: how often, how long in total and
/// at most, and percentiles.
///
/// The count, the sum and the maximum are exact, to the nanosecond. A percentile comes from
/// buckets: between 1 us and 1 h it is at most 1/32 too high, and it is never too low nor above
/// the maximum. Anything shorter is reported as about 1 us, anything longer than 73 minutes as the
/// maximum. More than 584 years count as 584 years.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use steadfast_bulkhead::Bulkhead;
///
/// let bulkhead = Bulkhead::builder("reports").build()?;
/// let waits = bulkhead.snapshot().waits;
/// assert_eq!((waits.count, waits.max), (0, Duration::ZERO));
/// assert_eq!(waits.percentile(0.95), None, "nobody has had to wait yet");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistogramSnapshot {
    /// How often it happened.
    pub count: u64,
    /// How long it took in total.
    pub sum: Duration,
    /// How long it took at most; zero if it never happened.
    pub max: Duration,
    /// The buckets that are not empty, in ascending order: the highest nanoseconds in the bucket,
    /// and how many are in it.
    pub(super) buckets: Box<[(u64, u64)]>,
}

impl HistogramSnapshot {
    /// The sum and the maximum in nanoseconds. There may be more in them than in the buckets.
    pub(super) fn new(buckets: Box<[(u64, u64)]>, sum: u128, max: u64) -> Self {
        Self {
            count: buckets.iter().map(|(_, count)| count).sum(),
            sum: from_nanos(sum),
            max: Duration::from_nanos(max),
            buckets,
        }
    }

    /// How long it took on average; `None` if it never happened.
    #[must_use]
    pub fn mean(&self) -> Option<Duration> {
        let mean = self.sum.as_nanos().checked_div(self.count.into())?;
        Some(from_nanos(mean))
    }

    /// The time within which the given share of all was over: `percentile(0.95)` is the 95th
    /// percentile, by nearest rank. That of 0 is the shortest, that of 1 the longest time.
    ///
    /// `None` if it never happened, or if the share is not from 0 to 1.
    #[must_use]
    pub fn percentile(&self, share: f64) -> Option<Duration> {
        if !(0.0..=1.0).contains(&share) {
            return None;
        }
        // The share 0.07 is a little more than seven hundredths, because it is a binary number.
        // Of 100 values it shall be the 7th all the same, not the 8th.
        let rank = (share * self.count as f64 * (1.0 - 2.0 * f64::EPSILON)).ceil() as u64;
        let mut before = 0;
        let (highest, _) = self.buckets.iter().find(|(_, count)| {
            before += count;
            before >= rank
        })?;
        Some(Duration::from_nanos(*highest).min(self.max))
    }
}

/// The longest `Duration` is 584 million millennia. No number of threads adds up to that.
fn from_nanos(nanos: u128) -> Duration {
    const PER_SECOND: u128 = 1_000_000_000;
    let seconds = u64::try_from(nanos / PER_SECOND).unwrap_or(u64::MAX);
    Duration::new(seconds, (nanos % PER_SECOND) as u32)
}
