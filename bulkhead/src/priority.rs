/// How urgent a caller is: which part of the places, and of the line, is for callers like it.
///
/// A free place goes to whoever comes, whatever its priority. Priorities matter once callers wait, and
/// never where [nobody may](crate::Builder::max_waiting). Callers are of normal priority, unless they come
/// through a handle made by [`Bulkhead::with_priority`](crate::Bulkhead::with_priority), or the same of
/// `Keyed` or `Pool`.
///
#[cfg_attr(feature = "tokio", doc = "```")]
#[cfg_attr(not(feature = "tokio"), doc = "```ignore")]
/// use std::cell::RefCell;
/// use steadfast_bulkhead::{Bulkhead, Priority, Rejected};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let search = Bulkhead::builder("search").max_concurrent(1).build()?;
/// let prefetch = search.with_priority(Priority::Low); // the same places, the same limits
/// let user = search.with_priority(Priority::High);
///
/// let held = search.acquire().await?;
/// let order = RefCell::new(Vec::new());
/// let serve = async |bulkhead: &Bulkhead, whom| {
///     let _permit = bulkhead.acquire().await?;
///     order.borrow_mut().push(whom);
///     Ok::<_, Rejected>(())
/// };
/// let (first, second, ()) = tokio::join!(
///     serve(&prefetch, "prefetch"), // comes first
///     serve(&user, "user"),
///     async { drop(held) },
/// );
/// first.and(second)?;
/// assert_eq!(*order.borrow(), ["user", "prefetch"]);
/// # Ok(())
/// # }
/// ```
///
/// # Places
///
/// Each priority has a line of its own, which is strictly first come, first served. Places that come back
/// are divided between the lines by [shares](crate::Builder::high_share): by default, of 21 while all three
/// wait, 16 go to high, 4 to normal and 1 to low priority. What one does not need the others get, in
/// proportion. A line that was empty for a while has saved up nothing. Several
/// [places at a time](crate::Bulkhead::acquire_many) count as several.
///
/// **Nobody starves.** Whoever is first in its line is served, by default, after at most 2 callers of other
/// priorities if it is of high priority, 6 if of normal, and 22 if of low, as long as each takes one
/// place. In general the n-th in its line is served after at most, for each other priority,
/// n times the other's share divided by its own: rounded up for a lower priority; rounded down, and one more,
/// for a higher. That is besides the n - 1 before it in its own line.
///
/// # The line
///
/// The room in line, [`max_waiting`](crate::Builder::max_waiting), is divided by the shares too: each
/// priority owns its part, rounded down, but at least one as far as there are so many. Of 100 high owns 76,
/// normal 19 and low 4; the one that is left over is nobody's. Of 2, high and normal own one each.
///
/// Anybody may use what is free. But when the line is full and a caller comes whose priority has less in
/// line than it owns, another one is **displaced**: the newest of the priority that has most above its own part
/// (the lower of two that are equal). It is refused with [`Full`](crate::Reason::Full), although it has
/// waited, and counted in [`Totals::displaced`](crate::Totals::displaced). Whoever stands within the part of
/// its priority is never displaced, and a caller who waits is not refused with `Full` while its priority has
/// less in line than its part.
///
/// # Not strict
///
/// High is not served before all others at any price. Under a lasting overload of high, all others would wait
/// for their whole timeout only to be refused. Shares of 100, 1 and 1 come near to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[expect(clippy::exhaustive_enums, reason = "the three classes there are")]
pub enum Priority {
    /// What a user waits for, or what keeps the service alive.
    High,
    /// Everything that nobody said anything about.
    #[default]
    Normal,
    /// What can wait: prefetches, reports, clean-up.
    Low,
}
