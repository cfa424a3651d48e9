//! One component on the board: what it stands at, and what of that has been published.

use std::sync::Arc;

use crate::component::Component;
use crate::observer::{Changed, Subject};
use crate::standing::Standing;
use crate::status::{Importance, Status};
use crate::tally::Share;
use crate::wiring::View;

pub(crate) struct Entry {
    pub(crate) component: Arc<Component>,
    pub(crate) standing: Standing,
    pub(crate) published: Status,
    /// Whether it was seen to wait for something, and nobody was told yet that this has come back.
    pub(crate) waits: bool,
    /// Whether it was healthy or degraded once.
    pub(crate) has_started: bool,
}

impl Entry {
    pub(crate) fn new(component: &Arc<Component>) -> Self {
        Self {
            component: Arc::clone(component),
            standing: Standing::default(),
            published: Status::Unknown,
            waits: false,
            has_started: false,
        }
    }

    pub(crate) fn share(&self, status: Status, importance: Importance) -> Share {
        let rules = self.component.rules();
        Share {
            status,
            importance,
            liveness: rules.liveness,
            startup: rules.startup,
            has_started: self.has_started,
        }
    }

    /// Publishes a view of it; what has changed by that, if anything.
    pub(crate) fn show(&mut self, view: View, monitor: &Arc<str>) -> Option<Changed> {
        self.has_started |= matches!(view.status, Status::Healthy | Status::Degraded);
        let from = std::mem::replace(&mut self.published, view.status);
        (view.status != from).then(|| Changed {
            name: Arc::clone(monitor),
            subject: Subject::Component(Arc::clone(&self.component.name)),
            from,
            to: view.status,
            waits_for: view.waits_for.map(|it| it.name),
        })
    }
}
