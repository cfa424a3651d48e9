//! The layer: holds the one retry that all its services share.

use std::fmt;

use tower_layer::Layer;

use crate::retry::Retry;
use crate::tower::classify::OkOrErr;
use crate::tower::clone_request::ByClone;
use crate::tower::service::RetryService;

/// Puts a retry around a service. Its clones and everything it wraps share the one retry.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use steadfast_retry::Retry;
/// use steadfast_retry::tower::RetryLayer;
/// use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let retry = Retry::builder("payments")
///     .max_attempts(3)
///     .base_backoff(Duration::ZERO)
///     .build()
///     .unwrap();
/// let layer = RetryLayer::new(retry.clone());
/// for _ in 0..2 {
///     let service = layer.clone().layer(service_fn(|_: ()| async { Err::<(), _>("down") }));
///     let error = service.oneshot(()).await.unwrap_err();
///     assert_eq!(error.exhausted().unwrap().attempts, 3);
///     assert_eq!(error.into_operation(), Some("down"));
/// }
/// assert_eq!(retry.snapshot().totals.exhausted_attempts, 2);
/// # }
/// ```
#[derive(Clone)]
#[must_use = "does nothing until a service is wrapped in it"]
pub struct RetryLayer<C = OkOrErr, Q = ByClone> {
    retry: Retry,
    classifier: C,
    copies: Q,
}

impl RetryLayer {
    /// A layer that makes every call by this retry. `Ok` is accepted, `Err` retried, and requests are
    /// copied by `Clone`.
    pub fn new(retry: Retry) -> Self {
        Self {
            retry,
            classifier: OkOrErr,
            copies: ByClone,
        }
    }
}

impl<C, Q> RetryLayer<C, Q> {
    /// Judges what attempts give by the whole `Result` instead, with a closure or another
    /// [`Classify`](crate::tower::Classify). It is not asked about attempts that were cut off by
    /// `attempt_timeout`: they are retried.
    ///
    /// Services clone the classifier for each call: share what is costly to clone by an `Arc`.
    ///
    /// # Examples
    /// ```
    /// use steadfast_retry::tower::RetryLayer;
    /// use steadfast_retry::{Retry, Verdict};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// # let retry = Retry::builder("search").build().unwrap();
    /// let layer = RetryLayer::new(retry).classify(|answer: &Result<u16, std::io::Error>| {
    ///     match answer {
    ///         Ok(500..) | Err(_) => Verdict::Retry,
    ///         Ok(_) => Verdict::Accept,
    ///     }
    /// });
    /// let service = layer.layer(service_fn(|_: ()| async { Ok(503) }));
    /// assert_eq!(service.oneshot(()).await.unwrap(), 503, "the last answer after 5 attempts");
    /// assert_eq!(layer.retry().snapshot().totals.exhausted_attempts, 1);
    /// # }
    /// ```
    pub fn classify<D>(self, classifier: D) -> RetryLayer<D, Q> {
        RetryLayer {
            retry: self.retry,
            classifier,
            copies: self.copies,
        }
    }

    /// Copies requests with a closure, or another [`CloneRequest`](crate::tower::CloneRequest),
    /// instead of by `Clone`: where they are no `Clone`, where there are cheaper copies, and where not
    /// all of them may be sent twice. When it is asked, the [module's page](crate::tower) tells.
    ///
    /// `None` makes the attempt that is about to be made the last one: if that fails, in whatever way,
    /// the call ends with [`Reason::NotRetryable`](crate::Reason::NotRetryable).
    ///
    /// Services clone this too for each call.
    ///
    /// # Examples
    /// ```
    /// use steadfast_retry::tower::RetryLayer;
    /// use steadfast_retry::{Reason, Retry};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// enum Request { Read(u32), Pay(u32) }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// # let retry = Retry::builder("account").build().unwrap();
    /// let layer = RetryLayer::new(retry).clone_request(|request: &Request| match request {
    ///     Request::Read(account) => Some(Request::Read(*account)),
    ///     Request::Pay(_) => None, // who knows whether the one that failed was not carried out
    /// });
    /// let service = layer.layer(service_fn(|_: Request| async { Err::<(), _>("timed out") }));
    ///
    /// let error = service.clone().oneshot(Request::Pay(100)).await.unwrap_err();
    /// let exhausted = error.exhausted().unwrap();
    /// assert_eq!((exhausted.attempts, exhausted.reason), (1, Reason::NotRetryable));
    ///
    /// let error = service.oneshot(Request::Read(7)).await.unwrap_err();
    /// assert_eq!(error.exhausted().unwrap().attempts, 5);
    /// # }
    /// ```
    pub fn clone_request<P>(self, copies: P) -> RetryLayer<C, P> {
        RetryLayer {
            retry: self.retry,
            classifier: self.classifier,
            copies,
        }
    }

    /// The retry that all services of this layer share.
    #[must_use]
    pub fn retry(&self) -> &Retry {
        &self.retry
    }
}

impl<S, C: Clone, Q: Clone> Layer<S> for RetryLayer<C, Q> {
    type Service = RetryService<S, C, Q>;

    fn layer(&self, inner: S) -> Self::Service {
        RetryService::new(
            inner,
            self.retry.clone(),
            self.classifier.clone(),
            self.copies.clone(),
        )
    }
}

impl<C, Q> fmt::Debug for RetryLayer<C, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryLayer")
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}
