//! How a connection is made: the first one, and another like it.

use std::sync::Arc;
use std::time::Duration;

use steadfast_breaker::CircuitBreaker;
use steadfast_retry::{Backoff, Jitter, Retry};
use tokio::runtime::Handle;

use crate::access::Access;
use crate::builder::Settings;
use crate::defaults::{RESET_TIMEOUT, STABLE_AFTER};
use crate::hook::ChannelHook;
use crate::hub::{Hub, Parts};
use crate::observer::Observer;
use crate::supervisor::{Barred, BreakerMoved, Supervisor};
use crate::topology::Plan;

/// What the connections of one handle have in common.
pub(crate) struct Blueprint {
    pub(crate) settings: Settings,
    pub(crate) access: Access,
    pub(crate) on_channel: Option<ChannelHook>,
    pub(crate) runtime: Handle,
}

impl Blueprint {
    /// How long one attempt to connect may take, and to declare a topology then.
    pub(crate) fn longest_attempt(&self, topology: &Plan) -> Duration {
        let connecting = self.access.longest_attempt();
        if topology.is_empty() {
            connecting
        } else {
            connecting.saturating_add(self.settings.topology_timeout)
        }
    }

    /// A connection, and the task that begins to make it once it is spawned. Dropped before that, the task
    /// leaves the connection closed.
    pub(crate) fn connection(
        &self,
        name: Arc<str>,
        topology: Plan,
        observers: Vec<Arc<dyn Observer>>,
    ) -> (Arc<Hub>, impl Future<Output = ()> + Send + use<>) {
        let settings = &self.settings;
        let longest_attempt = self.longest_attempt(&topology);
        let between_attempts = settings.max_backoff.saturating_add(longest_attempt);
        let breaker_moved = BreakerMoved::default();
        let breaker = CircuitBreaker::builder(Arc::clone(&name))
            .failure_threshold(settings.failure_threshold)
            .success_threshold(1)
            .open_for(settings.open_for)
            // Longer than the longest probe, and than the longest time between two failures.
            .half_open_max(longest_attempt.saturating_add(2 * STABLE_AFTER))
            .reset_timeout(RESET_TIMEOUT.max(between_attempts.saturating_mul(2)))
            .observer(breaker_moved.clone())
            .build()
            .expect("the settings are checked");
        let retry = Retry::builder(Arc::clone(&name))
            .max_attempts(u32::MAX)
            .base_backoff(settings.base_backoff)
            .max_backoff(settings.max_backoff)
            .max_retry_after(settings.max_backoff)
            .jitter(Jitter::Full)
            .history(0)
            .build()
            .expect("the settings are checked");
        let access = self.access.for_connection(&name);
        let hub = Arc::new(Hub::new(Parts {
            name,
            endpoint: access.first(),
            settings: settings.clone(),
            breaker,
            retry,
            observers,
            topology,
            on_channel: self.on_channel.clone(),
            runtime: self.runtime.clone(),
        }));
        let supervisor = Supervisor {
            hub: Arc::clone(&hub),
            access: Arc::new(access),
            refresh_backoff: Backoff::exponential(settings.base_backoff).max(settings.max_backoff),
            breaker_moved,
            barred: Barred::default(),
        };
        (hub, supervisor.run())
    }
}
