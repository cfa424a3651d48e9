//! The layer: holds the one bulkhead that all its services share.

use tower_layer::Layer;

use crate::{bulkhead::Bulkhead, tower::service::BulkheadService};

/// Puts a bulkhead in front of a service. Its clones and everything it wraps share the one bulkhead.
///
/// # Examples
///
/// ```
/// use steadfast_bulkhead::Bulkhead;
/// use steadfast_bulkhead::tower::BulkheadLayer;
/// use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let bulkhead = Bulkhead::builder("reports")
///     .max_concurrent(1)
///     .max_waiting(0)
///     .build()
///     .unwrap();
/// let layer = BulkheadLayer::new(bulkhead.clone());
/// let _busy = bulkhead.try_acquire().unwrap();
/// for _ in 0..2 {
///     let service = layer.clone().layer(service_fn(|_: ()| async { Ok::<_, ()>("report") }));
///     assert!(service.oneshot(()).await.unwrap_err().rejected().is_some());
/// }
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "does nothing until a service is wrapped in it"]
pub struct BulkheadLayer {
    bulkhead: Bulkhead,
}

impl BulkheadLayer {
    /// A layer whose every call takes a place of this bulkhead.
    pub fn new(bulkhead: Bulkhead) -> Self {
        Self { bulkhead }
    }

    /// The bulkhead that all services of this layer share.
    #[must_use]
    pub fn bulkhead(&self) -> &Bulkhead {
        &self.bulkhead
    }
}

impl<S> Layer<S> for BulkheadLayer {
    type Service = BulkheadService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        BulkheadService::new(inner, self.bulkhead.clone())
    }
}
