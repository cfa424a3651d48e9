//! Against the tail of latencies: a second attempt while the first one is slow.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use self::call::Calling;
use self::shared::Shared;
use crate::budget::Budget;
use crate::verdict::Verdict;

mod attempt;
mod builder;
mod call;
mod config;
mod latency;
mod observer;
mod race;
mod schedule;
mod scoped;
mod shared;
mod snapshot;
mod weak;

pub use self::attempt::HedgeAttempt;
pub use self::builder::HedgeBuilder;
pub use self::config::{HedgeConfig, HedgeTrigger};
pub use self::observer::{HedgeObserver, HedgeSuppressed, Hedged};
pub use self::scoped::ClassifiedHedge;
pub use self::snapshot::{HedgeSnapshot, HedgeTotals};
pub use self::weak::WeakHedge;

/// Sends a second attempt, a hedge, when the first one takes longer than usual, and returns whichever
/// succeeds first.
///
/// Some calls are slow for no reason of their own: a garbage collection, a full queue, a lost packet. The
/// same call made again is rarely unlucky twice. So a few hedges, sent only when a call has already taken
/// longer than 95 of 100 do, cut off most of the tail. Where 99 of 100 calls take 10 ms on average,
/// exponentially distributed, and one takes a second, hedges at the 95th percentile bring the 99.9th from
/// 1,000 ms down to 59 ms, for five hedges in a hundred calls (a test of this crate measures it).
///
/// # When to use it, and when not
///
/// For **idempotent work only**: what a hedged operation does, it may do twice, at the same time, and
/// the loser is dropped wherever it is. By using a hedge you say that this is so; nothing here can check
/// it. Reads are the classic case. Not where all calls are slow: a hedge then meets the same wait, and
/// makes it worse. Not around a [`Retry`](crate::Retry), but inside of one, so that a call is hedged and
/// not its whole sequence of retries and waits.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use steadfast_retry::Hedge;
///
/// let hedge = Hedge::builder("search").build()?;
/// # let page = "found";
/// for _ in 0..1_000 {
///     let found = hedge
///         .call(|_| async {
///             tokio::time::sleep(Duration::from_millis(20)).await; // stands for the request
///             Ok::<_, std::io::Error>(page)
///         })
///         .await?;
///     assert_eq!(found, page);
/// }
/// let learned = hedge.delay().unwrap(); // what most calls take, and up to 1/32 more
/// assert!(learned.abs_diff(Duration::from_millis(20)) < Duration::from_millis(1));
/// # Ok(())
/// # }
/// ```
///
/// # How it decides
///
/// ```text
///   0         delay       2 x delay   3 x delay
///   |-----------|-----------|-----------|----->
///   primary -------------------------- ...             the first success wins, the others are dropped
///               hedge 1 ------------------ ...         before the call returns
///                           hedge 2 ------ ...         up to max_hedges
/// ```
///
/// - The delay is a [percentile](HedgeBuilder::percentile) learned from the calls, a [fixed
///   one](HedgeBuilder::delay), or [none](HedgeBuilder::on_failure_only). It counts from the moment
///   that the primary was found not to be ready.
/// - A failed attempt is no reason to end a call while another is in flight. When all have failed, the
///   call returns the primary's failure: the others may have failed for being too many.
/// - With [`hedge_failures`](HedgeBuilder::hedge_failures) a failed attempt sends the next hedge at
///   once. Without, a primary that fails by itself is the end of the call.
/// - The [budget](HedgeBuilder::budget) limits the hedges of all calls together. When it has nothing
///   left, the call goes on with the attempts it has, and sends no other.
///
/// # What it learns
///
/// The percentile is that of the last 1,024 to 2,048 latencies of primaries, counted in buckets: it is
/// never below the exact one of these, and above it by 1/32 at most, so calls that all take about the
/// same are not hedged. Chance adds its own error: of 1,024 latencies 51 are above the 95th percentile,
/// give or take 7, so about 5 ± 0.7 % of the calls are hedged; above the 99.9th it is one, give or take
/// one.
///
/// It is determined anew every 32 calls. At the 95th percentile, calls that become slower are noticed
/// after about a hundred; calls that become faster, only when most of the slow ones are forgotten, after
/// 1,024 to 2,048. It goes by calls and not by time, so what was learned before a quiet hour still holds
/// after it. It needs 8 KiB, whatever the traffic. A call whose sample meets that of another thread skips
/// its own, and [says so](HedgeSnapshot::samples_skipped).
///
/// A primary that is superseded by a hedge, or dropped, after longer than the delay counts with the time
/// it has had. Where in the tail it would have come out is not known, but it is part of it. If only
/// primaries that finish were counted, the slow ones would be missing, the percentile would fall, more
/// calls would be hedged, more primaries would be missing, and so on. Failures count if they are slower
/// than the delay; a fast failure says nothing about how long a success takes.
///
/// # Cost
///
/// A call whose primary is ready at its first poll costs one atomic addition, and one sample if there is
/// a percentile to learn: no allocation, no clock, no timer, no runtime. One that has to wait reads the
/// clock, records itself in the budget, and, once there is a delay, allocates the place for one timer
/// and sets it. A hedge is allocated when it is sent. Every attempt in flight is polled whenever one of
/// them wakes.
///
/// The extra load is the share of calls that are slower than the delay: 5 % at the 95th percentile. The
/// budget bounds it, by default at 10 %, also while the percentile has yet to follow a dependency that
/// has become slow.
///
/// # Sources
///
/// Dean and Barroso, "[The Tail at Scale]" (2013), on hedged requests sent at the 95th percentile.
/// Finagle's [`BackupRequestFilter`][finagle]: a learned percentile, a budget on top of it, a minimum
/// delay, and superseded requests among the latencies. gRPC's [hedging policy][A6]: hedges at multiples
/// of a delay, failures that send the next one at once and those that end the call.
///
/// [The Tail at Scale]: https://research.google/pubs/the-tail-at-scale/
/// [finagle]: https://github.com/twitter/finagle/blob/develop/finagle-core/src/main/scala/com/twitter/finagle/client/BackupRequestFilter.scala
/// [A6]: https://github.com/grpc/proposal/blob/master/A6-client-retries.md
///
/// A handle: cloning it is cheap, and all clones share one budget, one percentile and one set of
/// counters.
#[derive(Clone)]
pub struct Hedge {
    shared: Arc<Shared>,
}

impl Hedge {
    /// Starts the description of a hedge. The name appears in errors, events and snapshots.
    pub fn builder(name: impl Into<Arc<str>>) -> HedgeBuilder {
        HedgeBuilder::new(name.into())
    }

    fn new(shared: Shared) -> Self {
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Calls `operation`, again while that is slow, and returns the first `Ok`.
    ///
    /// The closure runs once for each attempt and is told which one it is. Attempts run on the task that
    /// awaits the call, not beside it.
    ///
    /// # Errors
    ///
    /// The primary's error, when all attempts have failed.
    ///
    /// # Panics
    ///
    /// If the operation does: whatever is in flight is dropped, the call is counted as panicked, and the
    /// panic unwinds on. As [`tokio::time::sleep`] does, if the call has to wait for the time of a hedge
    /// outside a tokio runtime or in one without a timer. And if the future is polled again after it has
    /// ended.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops all its attempts at once, as does its end those that are still in
    /// flight; what they have done by then stays done. A future dropped before it is ready is counted as
    /// abandoned. Dropped before its first poll it has not begun, and counts as nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use steadfast_retry::Hedge;
    ///
    /// let hedge = Hedge::builder("search")
    ///     .delay(Duration::from_millis(50))
    ///     .unbudgeted()
    ///     .build()?;
    /// let answer = hedge
    ///     .call(|attempt| async move {
    ///         let slow = if attempt.is_hedge() { 10 } else { 5_000 };
    ///         tokio::time::sleep(Duration::from_millis(slow)).await;
    ///         Ok::<_, ()>(attempt.number())
    ///     })
    ///     .await;
    /// assert_eq!(answer, Ok(2), "after 60 ms");
    /// assert_eq!(hedge.snapshot().totals.hedge_won, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn call<T, E, F, Fut>(&self, operation: F) -> impl Future<Output = Result<T, E>>
    where
        F: FnMut(HedgeAttempt) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        Calling::new(&self.shared, errors_are_failures, operation)
    }

    /// Judges results by `classifier` instead of taking every `Ok` for a success and every `Err` for a
    /// failure.
    ///
    /// | [`Verdict`] | the attempt |
    /// |---|---|
    /// | `Accept` | wins: the call ends with its result |
    /// | `Retry` | has failed, and is worth a hedge at once if [failures are hedged][1] |
    /// | `RetryAfter` | the same, but no hedge is sent for that long |
    /// | `Rejected` | was refused by a breaker or the like: has failed, and no hedge is sent any more |
    /// | `Stop` | ends the call with its result, as a failure; the others are dropped |
    ///
    /// [1]: HedgeBuilder::hedge_failures
    ///
    /// Where failures are hedged and nothing else is in flight, a `RetryAfter` makes the call wait for so
    /// long before its next hedge, however long that is.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use steadfast_retry::{Hedge, Verdict};
    ///
    /// let hedge = Hedge::builder("search").on_failure_only().unbudgeted().build()?;
    /// let answer = hedge
    ///     .classify(|result: &Result<u16, &str>| match result {
    ///         Ok(503) => Verdict::Retry,
    ///         Ok(_) => Verdict::Accept,
    ///         Err(_) => Verdict::Stop,
    ///     })
    ///     .call(|attempt| async move { Ok(if attempt.is_hedge() { 200 } else { 503 }) })
    ///     .await;
    /// assert_eq!(answer, Ok(200));
    /// # Ok(())
    /// # }
    /// ```
    pub fn classify<T, E, C>(&self, classifier: C) -> ClassifiedHedge<'_, T, E, C>
    where
        C: FnMut(&Result<T, E>) -> Verdict,
    {
        ClassifiedHedge::new(&self.shared, classifier)
    }

    /// The name given to the builder.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// The settings it was built with.
    #[must_use]
    pub fn config(&self) -> HedgeConfig {
        self.shared.config
    }

    /// The budget that hedges are taken from, if there is one.
    #[must_use]
    pub fn budget(&self) -> Option<&Budget> {
        self.shared.budget.as_ref()
    }

    /// How long a call that begins now goes on before its first hedge: the fixed delay, or what was
    /// learned. `None` during the warm-up, and where only failures are hedged.
    #[must_use]
    pub fn delay(&self) -> Option<Duration> {
        self.shared.delay()
    }

    /// What the hedge is doing and has done.
    #[must_use]
    pub fn snapshot(&self) -> HedgeSnapshot {
        self.shared.snapshot()
    }

    /// Adds an observer, which is told of everything from now on.
    pub fn add_observer(&self, observer: Arc<dyn HedgeObserver>) {
        self.shared.observers.add(observer);
    }

    /// A handle that does not keep the hedge alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakHedge {
        WeakHedge::new(&self.shared)
    }
}

// What a panic can interrupt is settled in the same breath, so what is seen afterwards is whole.
impl UnwindSafe for Hedge {}
impl RefUnwindSafe for Hedge {}

impl fmt::Debug for Hedge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hedge")
            .field("name", &self.shared.name)
            .field("config", &self.shared.config)
            .field("delay", &self.delay())
            .finish_non_exhaustive()
    }
}

/// The classifier of calls that were given none.
fn errors_are_failures<T, E>(result: &Result<T, E>) -> Verdict {
    match result {
        Ok(_) => Verdict::Accept,
        Err(_) => Verdict::Retry,
    }
}
