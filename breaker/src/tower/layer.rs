//! The layer: holds the one breaker that all its services share.

use std::fmt;

use tower_layer::Layer;

use crate::breaker::CircuitBreaker;
use crate::tower::classify::OkOrErr;
use crate::tower::service::BreakerService;

/// Puts a breaker in front of a service. Its clones and everything it wraps share one state.
///
/// # Examples
/// ```
/// use steadfast_breaker::tower::BreakerLayer;
/// use steadfast_breaker::{CircuitBreaker, State};
/// use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let breaker = CircuitBreaker::builder("payments").failure_threshold(2).build().unwrap();
/// let layer = BreakerLayer::new(breaker.clone());
/// for _ in 0..2 {
///     let service = layer.clone().layer(service_fn(|_: ()| async { Err::<(), _>("down") }));
///     assert!(service.oneshot(()).await.is_err());
/// }
/// assert_eq!(breaker.state(), State::Open);
/// # }
/// ```
#[derive(Clone)]
#[must_use = "does nothing until a service is wrapped in it"]
pub struct BreakerLayer<C = OkOrErr> {
    breaker: CircuitBreaker,
    classifier: C,
}

impl BreakerLayer {
    /// A layer in front of which every call asks this breaker. `Ok` counts as success, `Err` as
    /// failure.
    pub fn new(breaker: CircuitBreaker) -> Self {
        Self {
            breaker,
            classifier: OkOrErr,
        }
    }
}

impl<C> BreakerLayer<C> {
    /// Judges calls by the whole `Result` instead, with a closure or another
    /// [`Classify`](crate::tower::Classify). It decides what counts, not what is returned.
    ///
    /// Services clone the classifier for each call: share what is costly to clone by an `Arc`.
    ///
    /// # Examples
    /// ```
    /// use steadfast_breaker::tower::BreakerLayer;
    /// use steadfast_breaker::{CircuitBreaker, Outcome};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let breaker = CircuitBreaker::builder("payments").build().unwrap();
    /// let layer = BreakerLayer::new(breaker).classify(|answer: &Result<u16, std::io::Error>| {
    ///     match answer {
    ///         Ok(500..) | Err(_) => Outcome::Failure,
    ///         Ok(400..) => Outcome::Ignored,
    ///         Ok(_) => Outcome::Success,
    ///     }
    /// });
    /// let service = layer.layer(service_fn(|_: ()| async { Ok(404) }));
    /// assert_eq!(service.oneshot(()).await.unwrap(), 404);
    /// assert_eq!(layer.breaker().snapshot().totals.ignored, 1);
    /// # }
    /// ```
    pub fn classify<D>(self, classifier: D) -> BreakerLayer<D> {
        BreakerLayer {
            breaker: self.breaker,
            classifier,
        }
    }

    /// The breaker that all services of this layer share.
    #[must_use]
    pub fn breaker(&self) -> &CircuitBreaker {
        &self.breaker
    }
}

impl<S, C: Clone> Layer<S> for BreakerLayer<C> {
    type Service = BreakerService<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        BreakerService::new(inner, self.breaker.clone(), self.classifier.clone())
    }
}

impl<C> fmt::Debug for BreakerLayer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerLayer")
            .field("breaker", &self.breaker)
            .finish_non_exhaustive()
    }
}
