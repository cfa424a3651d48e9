//! Watching a resource pool: its bulkhead, and the resources.

use std::sync::Arc;

use steadfast_bulkhead::{Observer, Pool, WeakPool};

use super::Watch;
use crate::instrument::Instrument;
use crate::names;
use crate::notes::Notes;
use crate::source::{Samples, Source};
use crate::telemetry::Telemetry;

/// Owned by the pool's bulkhead, as an observer that does not listen, so that it ends with it.
struct Watched<T, E> {
    pool: WeakPool<T, E>,
    name: Arc<str>,
}

impl<T: 'static, E: 'static> Watch for Pool<T, E>
where
    WeakPool<T, E>: Send + Sync,
{
    fn watched_by(&self, telemetry: &Telemetry) {
        telemetry.watch(self.bulkhead());
        let watched = Arc::new(Watched {
            pool: self.downgrade(),
            name: Arc::from(self.name()),
        });
        let source: Arc<dyn Source> = Arc::<Watched<T, E>>::clone(&watched);
        if telemetry.insert(self.downgrade(), WeakPool::ptr_eq, &source) {
            self.bulkhead().add_observer(watched);
        }
    }
}

impl<T, E> Observer for Watched<T, E>
where
    WeakPool<T, E>: Send + Sync,
{
    fn wants_waits(&self) -> bool {
        false
    }

    fn wants_rejections(&self) -> bool {
        false
    }
}

impl<T: 'static, E: 'static> Source for Watched<T, E>
where
    WeakPool<T, E>: Send + Sync,
{
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        "pool"
    }

    fn instruments(&self) -> &'static [Instrument] {
        names::POOL
    }

    fn describe(&self, notes: &mut Notes) {
        if let Some(pool) = self.pool.upgrade() {
            super::bulkhead::times(notes, &pool.bulkhead().snapshot());
        }
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let Some(pool) = self.pool.upgrade() else {
            return;
        };
        let now = pool.snapshot();
        let idle = now.idle as u64;
        let lent = now.created.saturating_sub(now.discarded + idle);
        for (state, resources) in [("idle", idle), ("lent", lent)] {
            let state = (names::STATE, state);
            samples.record(&names::POOL_RESOURCES, resources, &[state]);
        }
        for (outcome, served) in [("created", now.created), ("recycled", now.recycled)] {
            let outcome = (names::OUTCOME, outcome);
            samples.record(&names::POOL_SERVED, served, &[outcome]);
        }
        for (reason, failures) in [
            ("error", now.create_failures),
            ("timeout", now.create_timeouts),
            ("abandoned", now.create_abandoned),
        ] {
            let reason = (names::ERROR_TYPE, reason);
            samples.record(&names::POOL_CREATE_FAILURES, failures, &[reason]);
        }
        let gone = now.discards;
        for (reason, resources) in [
            ("asked", gone.asked),
            ("taken", gone.taken),
            ("panicked", gone.panicked),
            ("abandoned", gone.abandoned),
            ("not_valid", gone.not_valid),
            ("validate_timeout", gone.validate_timeouts),
            ("not_recycled", gone.not_recycled),
            ("recycle_timeout", gone.recycle_timeouts),
            ("hook_abandoned", gone.hook_abandoned),
            ("too_old", gone.too_old),
            ("idle_too_long", gone.idle_too_long),
            ("surplus", gone.surplus),
            ("cleared", gone.cleared),
            ("closed", gone.closed),
        ] {
            let reason = (names::REASON, reason);
            samples.record(&names::POOL_DISCARDED, resources, &[reason]);
        }
    }
}
