//! The task that listens to telemetry and fills the log.

use std::num::NonZeroUsize;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use steadfast_telemetry::{Event, EventKind, Filter, Subscription, Telemetry};
use tokio::runtime::Handle;

use super::Hub;
use crate::builder::Settings;
use crate::clock;
use crate::view::told;

/// Events of which there may be very many, so that they do not push out the others before these are read.
const NOISY: [EventKind; 3] = [
    EventKind::Retry,
    EventKind::BulkheadCheckout,
    EventKind::HttpRequest,
];

/// Unread events that are kept: of the rare kinds, of the others.
const ROOM: (NonZeroUsize, NonZeroUsize) = (
    NonZeroUsize::MIN.saturating_add(4095),
    NonZeroUsize::MIN.saturating_add(255),
);

/// After so many events the task lets others run.
const BATCH: u32 = 64;

/// Subscriptions to the rare kinds and to the others.
pub(super) fn subscribe(
    telemetry: &Telemetry,
    settings: &Settings,
) -> (Subscription, Subscription) {
    let kinds = settings.kinds.iter().copied();
    let (noisy, rare): (Vec<_>, Vec<_>) = kinds.partition(|kind| NOISY.contains(kind));
    (
        telemetry.subscribe_with_capacity(Filter::kinds(rare), ROOM.0),
        telemetry.subscribe_with_capacity(Filter::kinds(noisy), ROOM.1),
    )
}

impl Hub {
    /// Begins to listen if that has not begun yet, and if there is a runtime to do it in. Until then the
    /// subscriptions keep what happens.
    pub(crate) fn listen(self: &Arc<Self>) {
        if self.hears.load(Ordering::Relaxed) {
            return;
        }
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let mut unheard = self.unheard.lock();
        if let Some((rare, noisy)) = unheard.take() {
            self.hears.store(true, Ordering::Relaxed);
            let task = runtime.spawn(listen(Arc::downgrade(self), rare, noisy));
            *self.feed.lock() = Some(task.abort_handle());
        }
    }

    fn hear(&self, event: &Event) {
        let Some(told) = told(event) else {
            return;
        };
        let touched = (!told.noisy).then(|| told.component.clone()).flatten();
        self.enter(told, clock::millis(event.at()), None);
        if let Some(component) = touched {
            self.touch(&component);
        }
    }
}

/// Ends with the telemetry, and takes the streams along; is aborted when the hub is dropped.
async fn listen(hub: Weak<Hub>, mut rare: Subscription, mut noisy: Subscription) {
    let mut heard = 0_u32;
    loop {
        let event = tokio::select! {
            biased;
            event = rare.recv() => event,
            event = noisy.recv() => event,
        };
        let Some(hub) = hub.upgrade() else {
            return;
        };
        hub.missed.store(rare.missed(), Ordering::Relaxed);
        match event {
            Some(event) => hub.hear(&event),
            None => return hub.close(),
        }
        drop(hub);
        heard = heard.wrapping_add(1);
        if heard % BATCH == 0 {
            tokio::task::yield_now().await;
        }
    }
}
