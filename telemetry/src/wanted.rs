//! What somebody wants to hear, in one word that everybody who could tell reads first.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::event::{EventKind, Kinds};

/// The kinds that handlers want, and those that subscriptions want. Relaxed: it only saves work, and
/// whoever knows of a handler because `attach` returned sees this too.
#[derive(Debug, Default)]
pub(crate) struct Wanted(AtomicU32);

const SUBSCRIPTIONS: u32 = u16::BITS;

impl Wanted {
    /// Whether anybody wants this kind.
    pub(crate) fn any(&self, kind: EventKind) -> bool {
        let (handlers, subscriptions) = self.load();
        handlers.union(subscriptions).contains(kind)
    }

    pub(crate) fn handlers(&self, kind: EventKind) -> bool {
        self.load().0.contains(kind)
    }

    pub(crate) fn subscriptions(&self, kind: EventKind) -> bool {
        self.load().1.contains(kind)
    }

    /// Says whether that is something new for anybody who could tell.
    pub(crate) fn set(&self, handlers: Kinds, subscriptions: Kinds) -> bool {
        let word = u32::from(handlers.0) | u32::from(subscriptions.0) << SUBSCRIPTIONS;
        let (one, other) = halves(self.0.swap(word, Ordering::Relaxed));
        handlers.union(subscriptions) != one.union(other)
    }

    fn load(&self) -> (Kinds, Kinds) {
        halves(self.0.load(Ordering::Relaxed))
    }
}

fn halves(word: u32) -> (Kinds, Kinds) {
    (Kinds(word as u16), Kinds((word >> SUBSCRIPTIONS) as u16))
}

#[cfg(test)]
mod tests {
    use super::Wanted;
    use crate::event::{EventKind, Kinds};

    #[test]
    fn handlers_and_subscriptions_are_kept_apart() {
        let wanted = Wanted::default();
        assert!(!wanted.any(EventKind::Telemetry));
        assert!(wanted.set(EventKind::Retry.into(), EventKind::Telemetry.into()));
        assert!(wanted.handlers(EventKind::Retry) && !wanted.subscriptions(EventKind::Retry));
        assert!(wanted.subscriptions(EventKind::Telemetry));
        assert!(!wanted.handlers(EventKind::Telemetry) && wanted.any(EventKind::Telemetry));
        assert!(wanted.set(Kinds::ALL, Kinds::default()));
        assert!(EventKind::ALL.into_iter().all(|kind| wanted.handlers(kind)));
        assert!(
            !EventKind::ALL
                .into_iter()
                .any(|kind| wanted.subscriptions(kind))
        );
    }

    #[test]
    fn it_is_nothing_new_if_somebody_else_wanted_it_already() {
        let wanted = Wanted::default();
        assert!(wanted.set(EventKind::Retry.into(), Kinds::default()));
        assert!(!wanted.set(EventKind::Retry.into(), EventKind::Retry.into()));
        assert!(!wanted.set(Kinds::default(), EventKind::Retry.into()));
        assert!(wanted.set(Kinds::default(), Kinds::default()));
    }
}
