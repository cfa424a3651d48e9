//! Being told of requests.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{Method, StatusCode};

/// Is told when a request has ended. The method defaults to nothing.
///
/// Observers run on the task of the request, outside every lock, before it goes on: keep them short.
/// A panic in one is caught and counted
/// ([`Totals::observer_panics`](crate::Totals::observer_panics)); the request does not notice.
pub trait Observer: Send + Sync {
    /// A request ended: its response has begun, or it failed. One that was dropped before that, or was
    /// not valid in the first place, is not told.
    fn finished(&self, finished: &Finished) {
        let _ = finished;
    }
}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn finished(&self, finished: &Finished) {
        (**self).finished(finished);
    }
}

/// A request ended: its response has begun, or it failed.
///
/// It names the authority and perhaps the path's template, never the path or the query, which may carry
/// secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finished {
    /// The client's name.
    pub name: Arc<str>,
    /// Host and port that were asked; first, if redirects are the client's
    /// [own](crate::Builder::own_redirects).
    pub authority: Arc<str>,
    /// The path with placeholders, if [`RequestBuilder::template`](crate::RequestBuilder::template)
    /// gave it.
    pub template: Option<Arc<str>>,
    /// The method, before redirects.
    pub method: Method,
    /// How many attempts were made. One that a breaker or a bulkhead rejected is none.
    pub attempts: u32,
    /// From the beginning to the head of the response or the last error, waits included.
    pub duration: Duration,
    /// The status of the response, if there was one.
    pub status: Option<StatusCode>,
    /// Why there was no response, in the words of OpenTelemetry's `error.type`: `circuit_open`,
    /// `bulkhead_full`, `timeout`, `deadline_exceeded`, `connect`, `redirect`, `transport`.
    pub error_type: Option<&'static str>,
}

/// The observers of one client.
pub(crate) struct Observers {
    list: Vec<Arc<dyn Observer>>,
    /// A count that orders nothing, hence relaxed.
    panics: AtomicU64,
}

impl Observers {
    pub(crate) fn new(list: Vec<Arc<dyn Observer>>) -> Self {
        Self {
            list,
            panics: AtomicU64::new(0),
        }
    }

    pub(crate) fn are_any(&self) -> bool {
        !self.list.is_empty()
    }

    pub(crate) fn tell(&self, finished: &Finished) {
        for observer in &self.list {
            if catch_unwind(AssertUnwindSafe(|| observer.finished(finished))).is_err() {
                self.panics.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observers")
            .field("count", &self.list.len())
            .field("panics", &self.panics)
            .finish()
    }
}
