//! The retry as a tower layer: [`RetryLayer`] wraps a `Service`, [`RetryService`] sends a request again
//! when it fails.
//!
//! ```
//! use std::sync::atomic::{AtomicU32, Ordering};
//! use steadfast_retry::Retry;
//! use steadfast_retry::tower::RetryLayer;
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let retry = Retry::builder("payments").max_attempts(3).build()?;
//! let sent = &AtomicU32::new(0);
//! let service = ServiceBuilder::new()
//!     .layer(RetryLayer::new(retry.clone()))
//!     .service(service_fn(move |amount: u32| async move {
//!         match sent.fetch_add(1, Ordering::Relaxed) {
//!             0 => Err("connection reset"),
//!             _ => Ok(amount),
//!         }
//!     }));
//!
//! assert_eq!(service.oneshot(100).await, Ok(100));
//! assert_eq!(retry.snapshot().totals.after_retry, 1);
//! # Ok(())
//! # }
//! ```
//!
//! # One retry, however often it is layered
//! Routers apply a layer once per route, and some once per request. Every service made by one layer
//! or by a clone of it, and every clone of those services, shares the one [`Retry`](crate::Retry) given
//! to [`RetryLayer::new`]: its counters, its observers and its budget.
//!
//! # What is sent again
//! A service consumes its request, so what may have to be sent again has to be copied **before** it is
//! sent: nobody can clone a request only when a retry happens. The layer comes as near as it can. A
//! copy is made right before an attempt that another may follow, and for no other: none if
//! `max_attempts` is 1, and none for the last attempt, which sends the copy that is there.
//!
//! | `max_attempts` | the attempt that succeeds | copies made |
//! |---|---|---|
//! | 1 | the first | 0 |
//! | 3 | the first | 1 |
//! | 3 | the second | 2 |
//! | 3 | the third, or none | 2 |
//!
//! The first attempt sends the request itself, so that a call that succeeds at once is as if there
//! were no layer. A copy is a `clone`, unless [`RetryLayer::clone_request`] says how to make one, for
//! requests that have cheaper copies or are no `Clone`. That is also the place to say that a request
//! **must not be sent twice**, a payment without an idempotency key, say: by `None`. The attempt it
//! was asked for is then the last, and if it fails, for whatever reason, the call ends with
//! [`Reason::NotRetryable`](crate::Reason::NotRetryable).
//!
//! # What comes back
//! A response is a response: also the one that the classifier wanted retried, when the retry gives
//! up on it. It is the last answer there was, the caller can read it, and without the layer it would
//! have come too. (The retry counts such a call as given up, and its observers are told.) Everything
//! else is an [`Error`]: [`Exhausted`](Error::Exhausted) with the inner error and the story of the
//! call, or [`NotReady`](Error::NotReady).
//!
//! [`Error`] is a `std::error::Error` if the inner one is, and a boxed error is not: above a layer such
//! as tower's `Timeout`, which boxes, and below one that wants to box, such as `Buffer`, put a
//! `map_err` to a type of your own between it and the retry.
//!
//! # Readiness
//! `poll_ready` is the inner service's own and asks the retry nothing: the service that was ready
//! makes the first attempt. **If it fails, no call has been made**. There is no request that could be
//! sent again, so the error is passed on as [`Error::NotReady`], not retried and not counted.
//!
//! For every further attempt a service is made ready first, and that is **part of the attempt**: it
//! takes of the attempt's time, and an error of it is the attempt's result. The classifier judges it, and
//! [`Exhausted::history`](crate::Exhausted::history) still holds the errors before it. As tower's
//! contract demands, a service that has failed to become ready is not used again; the attempt after
//! it has another clone.
//!
//! During a backoff nothing is held: no service is asked whether it is ready before the wait is over,
//! and one that was still waiting for its turn when its attempt was cut off leaves the queue.
//!
//! # Order
//! What is below the retry is done again for each attempt, what is above is done once:
//!
//! - **A circuit breaker belongs below**, so that it sees every attempt and can stop them.
//! - A concurrency limit below is free during the backoff and entered anew by each attempt. One
//!   above keeps its place through all waits.
//! - A timeout below limits an attempt, as [`attempt_timeout`](crate::Builder::attempt_timeout) does.
//!   One above drops the call, which counts as abandoned;
//!   [`max_elapsed`](crate::Builder::max_elapsed) ends it in an `Exhausted` that tells the story.
//!
//! ```
//! use steadfast_breaker::tower::BreakerLayer;
//! use steadfast_breaker::{CircuitBreaker, Error};
//! use steadfast_retry::tower::RetryLayer;
//! use steadfast_retry::{Retry, Verdict};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let retry = Retry::builder("payments").build()?;
//! let breaker = CircuitBreaker::builder("payments").build()?;
//! let service = ServiceBuilder::new()
//!     .layer(RetryLayer::new(retry).classify(|answer: &Result<u16, Error<&str>>| match answer {
//!         Ok(503) | Err(Error::Operation(_)) => Verdict::Retry,
//!         Ok(_) => Verdict::Accept,
//!         // The breaker is open and says when it lets calls through again.
//!         Err(Error::Rejected(rejected)) => Verdict::Rejected(rejected.retry_after()),
//!         Err(_) => Verdict::Stop,
//!     }))
//!     .layer(BreakerLayer::new(breaker.clone()))
//!     .service(service_fn(|_amount: u32| async { Ok(503) }));
//!
//! assert_eq!(service.oneshot(100).await, Ok(503), "the last answer");
//! assert_eq!(breaker.snapshot().totals.success, 5, "the breaker has seen every attempt");
//! # Ok(())
//! # }
//! ```
//!
//! # Dropped calls and panics
//! Nothing is sent before the response is first polled. Dropped after that, it drops the attempt or
//! the wait it is in, at once, and the call is counted as abandoned. A panic of the inner service, of a
//! copy or of the classifier is counted and unwinds on.

mod attempts;
mod classify;
mod clone_request;
mod error;
mod future;
mod layer;
mod service;

pub use classify::{Classify, OkOrErr};
pub use clone_request::{ByClone, CloneRequest};
pub use error::Error;
pub use future::ResponseFuture;
pub use layer::RetryLayer;
pub use service::RetryService;
