//! A check that looks at a resource pool.

use parking_lot::Mutex;
use steadfast_bulkhead::{Pool, PoolSnapshot, WeakPool};

use crate::check::Check;
use crate::checks::INTERVAL;
use crate::checks::bulkhead::judge_places;
use crate::outcome::Outcome;
use crate::status::Status;

/// A check named `pool/<name>`: as healthy as its places, like a
/// [`bulkhead`](crate::checks::bulkhead()), and as the making of its resources. One that was dropped is
/// unknown. Optional.
///
/// | since the last look, making a resource | status |
/// |---|---|
/// | was not tried, or always succeeded | healthy |
/// | failed or timed out, but a caller was served all the same | degraded |
/// | failed or timed out, and no caller got a resource | unhealthy |
///
/// A pool whose database is down has all its places free: nobody gets far enough to hold one. When
/// nobody has tried since, it is healthy again: were it not, a service that requires it would get no
/// traffic, and so never the call that finds it well.
///
/// # Details
/// `busy`, `max_concurrent`, `waiting`, `idle`, `created`, `discarded`; `create_failures` and
/// `create_timeouts` once there were some.
///
/// # Examples
/// ```
/// use steadfast_bulkhead::Pool;
/// use steadfast_health::{Monitor, Status, checks};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let db = Pool::builder("db", || async { Err::<(), _>("connection refused") }).build()?;
/// let monitor = Monitor::builder("orders").build()?;
/// monitor.register(checks::pool(&db))?;
/// assert_eq!(monitor.check_now().await.status, Status::Healthy);
///
/// assert!(db.checkout().await.is_err());
/// let report = monitor.check_now().await;
/// assert_eq!(report.components[0].status, Status::Unhealthy);
/// assert_eq!(report.readiness, Status::Degraded);
/// # Ok(())
/// # }
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "pool")))]
pub fn pool<T: 'static, E: 'static>(pool: &Pool<T, E>) -> Check
where
    WeakPool<T, E>: Send + Sync,
{
    let name = format!("pool/{}", pool.name());
    let before = Mutex::new(Made::of(&pool.snapshot()));
    let pool = pool.downgrade();
    Check::new(name, move || {
        let snapshot = pool.upgrade().map(|pool| pool.snapshot());
        let outcome = snapshot.map_or_else(gone, |snapshot| judge(&snapshot, &mut before.lock()));
        async { outcome }
    })
    .optional()
    .interval(INTERVAL)
}

fn gone() -> Outcome {
    Outcome::unknown("pool was dropped")
}

/// What had come of the making of resources, as totals.
#[derive(Debug, Clone, Copy)]
struct Made {
    failed: u64,
    served: u64,
}

impl Made {
    fn of(snapshot: &PoolSnapshot) -> Self {
        Self {
            failed: snapshot.create_failures + snapshot.create_timeouts,
            served: snapshot.created + snapshot.recycled,
        }
    }
}

fn judge(snapshot: &PoolSnapshot, before: &mut Made) -> Outcome {
    let now = Made::of(snapshot);
    let failed = now.failed.saturating_sub(before.failed);
    let served = now.served.saturating_sub(before.served);
    *before = now;
    let places = judge_places(&snapshot.bulkhead, "pool");
    let outcome = match (failed, served) {
        (0, _) => places,
        (_, 0) if !snapshot.bulkhead.closed => Outcome::unhealthy(format!(
            "no resource could be made: {failed} failed since the last look"
        )),
        _ if places.status() == Status::Healthy => Outcome::degraded(format!(
            "{failed} resources could not be made since the last look"
        )),
        _ => places,
    };
    describe(outcome, snapshot)
}

fn describe(outcome: Outcome, snapshot: &PoolSnapshot) -> Outcome {
    let places = &snapshot.bulkhead;
    let outcome = outcome
        .detail("busy", places.busy)
        .detail("max_concurrent", places.max_concurrent)
        .detail("waiting", places.waiting)
        .detail("idle", snapshot.idle)
        .detail("created", snapshot.created)
        .detail("discarded", snapshot.discarded);
    [
        ("create_failures", snapshot.create_failures),
        ("create_timeouts", snapshot.create_timeouts),
    ]
    .into_iter()
    .filter(|(_, count)| *count > 0)
    .fold(outcome, |outcome, (key, count)| outcome.detail(key, count))
}
