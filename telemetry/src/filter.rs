//! Which events a handler hears.

use std::sync::Arc;

use crate::event::{Event, EventKind, Kinds};

/// Chooses the events that a handler hears, by kind and by name.
///
/// # Examples
/// ```
/// use steadfast_telemetry::{EventKind, Filter};
///
/// let everything = Filter::all();
/// let one_kind = Filter::from(EventKind::BreakerTransition);
/// let one_client = Filter::kinds([EventKind::HttpRequest, EventKind::Retry]).named(["billing"]);
/// # drop((everything, one_kind, one_client));
/// ```
#[derive(Debug, Clone)]
pub struct Filter {
    kinds: Kinds,
    names: Option<Vec<Arc<str>>>,
}

impl Filter {
    /// Every event.
    #[must_use]
    pub fn all() -> Self {
        Self {
            kinds: Kinds::ALL,
            names: None,
        }
    }

    /// Events of these kinds. None, if the list is empty.
    #[must_use]
    pub fn kinds(kinds: impl IntoIterator<Item = EventKind>) -> Self {
        Self {
            kinds: kinds.into_iter().collect(),
            names: None,
        }
    }

    /// Of those, only the events of components with these names. None, if the list is empty.
    #[must_use]
    pub fn named<N: Into<Arc<str>>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.names = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Whether the handler would hear this event.
    #[must_use]
    pub fn matches(&self, event: &Event) -> bool {
        self.kinds.contains(event.kind())
            && match &self.names {
                Some(names) => names.iter().any(|name| **name == *event.name()),
                None => true,
            }
    }

    pub(crate) fn wanted(&self) -> Kinds {
        self.kinds
    }
}

impl From<EventKind> for Filter {
    fn from(kind: EventKind) -> Self {
        Self::kinds([kind])
    }
}
