//! Making a connection anew because somebody has asked for that.

use std::sync::Arc;

use steadfast_breaker::Mode;

use super::{Hub, Intent};
use crate::link::Event;
use crate::observer::Reconnecting;

impl Hub {
    /// Asks the supervisor for another connection. Whether this has: not if one is on its way, and not if none
    /// can be made.
    pub(crate) fn ask_to_reconnect(&self, reason: Arc<str>) -> bool {
        // A look at the breaker may run its observers: under no lock.
        let is_barred = self.breaker.snapshot().mode == Mode::ForcedOpen;
        if is_barred || self.intent() != Intent::Run {
            return false;
        }
        self.asked.send_if_modified(|asked| {
            // Asked under the lock that the supervisor takes after an attempt has begun: what is put down
            // here before that is taken by that attempt, and nothing is put down during it.
            let is_taken = asked.is_none() && self.read(|link| link.may_reconnect());
            if is_taken {
                *asked = Some(reason);
            }
            is_taken
        })
    }

    pub(crate) fn is_reconnect_asked(&self) -> bool {
        self.asked.borrow().is_some()
    }

    /// Waits until somebody asks for another connection, and tells why. It stays asked for.
    pub(crate) async fn reconnect_asked(&self) -> Arc<str> {
        let mut asked = self.asked.subscribe();
        loop {
            if let Some(reason) = &*asked.borrow_and_update() {
                return Arc::clone(reason);
            }
            // This hub is the sender, so there always is one.
            let _ = asked.changed().await;
        }
    }

    /// Waits until somebody asks for another connection while the supervisor waits for the time to try.
    pub(crate) async fn asked_while_waiting(&self) {
        let (mut asked, mut link) = (self.asked.subscribe(), self.watch_link());
        loop {
            let is_asked = asked.borrow_and_update().is_some();
            if is_asked && link.borrow_and_update().is_waiting() {
                return;
            }
            tokio::select! {
                _ = asked.changed() => {}
                _ = link.changed(), if is_asked => {}
            }
        }
    }

    /// An attempt to connect has begun. If somebody has asked for it, that is done with; it is counted and
    /// told.
    pub(crate) fn begin_reconnect(&self) {
        let Some(reason) = self.forget_reconnect() else {
            return;
        };
        self.apply(Event::ReconnectBegan);
        let reconnecting = Reconnecting {
            name: Arc::clone(&self.name),
            reason,
        };
        self.observers
            .tell(|observer| observer.reconnecting(&reconnecting));
    }

    /// Nobody asks any more; the reason that was given.
    pub(crate) fn forget_reconnect(&self) -> Option<Arc<str>> {
        let mut reason = None;
        self.asked.send_if_modified(|asked| {
            reason = asked.take();
            reason.is_some()
        });
        reason
    }
}
