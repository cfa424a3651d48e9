//! Telemetry about telemetry: what it drops and catches is exported like everything else.

use std::sync::{Arc, Weak};

use crate::dispatcher::Dispatcher;
use crate::event::EventKind;
use crate::instrument::Instrument;
use crate::names;
use crate::registry::Registry;
use crate::source::{Samples, Source};

pub(crate) struct Own {
    dispatcher: Arc<Dispatcher>,
    registry: Weak<Registry>,
}

impl Own {
    pub(crate) fn new(dispatcher: Arc<Dispatcher>, registry: &Arc<Registry>) -> Arc<Self> {
        Arc::new(Self {
            dispatcher,
            registry: Arc::downgrade(registry),
        })
    }
}

/// The kind of this one component.
pub(crate) const KIND: &str = "telemetry";

impl Source for Own {
    fn name(&self) -> &str {
        ""
    }

    fn kind(&self) -> &'static str {
        KIND
    }

    fn instruments(&self) -> &'static [Instrument] {
        names::TELEMETRY
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        for kind in EventKind::ALL {
            let event = (names::EVENT, kind.as_str());
            let queued = self.dispatcher.queued(kind);
            let dropped = self.dispatcher.dropped(kind);
            samples.record(&names::EVENTS, queued, &[event, (names::OUTCOME, "queued")]);
            samples.record(
                &names::EVENTS,
                dropped,
                &[event, (names::OUTCOME, "dropped")],
            );
        }
        for kind in EventKind::ALL {
            let (event, missed) = ((names::EVENT, kind.as_str()), self.dispatcher.missed(kind));
            samples.record(&names::MISSED_EVENTS, missed, &[event]);
        }
        for (id, panics) in self.dispatcher.panics() {
            samples.record(&names::HANDLER_PANICS, panics, &[(names::HANDLER, &id)]);
        }
        if let Some(registry) = self.registry.upgrade() {
            samples.record(&names::SOURCE_PANICS, registry.source_panics(), &[]);
        }
    }
}
