//! The breaker as a tower layer: [`BreakerLayer`] wraps a `Service`, [`BreakerService`] asks the
//! breaker before each call.
//!
//! ```
//! use steadfast_breaker::tower::BreakerLayer;
//! use steadfast_breaker::{CircuitBreaker, Error};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let breaker = CircuitBreaker::builder("payments").failure_threshold(1).build()?;
//! let service = ServiceBuilder::new()
//!     .layer(BreakerLayer::new(breaker))
//!     .service(service_fn(|_amount: u32| async { Err::<(), _>("connection refused") }));
//!
//! let answer = service.clone().oneshot(100).await;
//! assert_eq!(answer, Err(Error::Operation("connection refused")));
//!
//! let answer = service.oneshot(100).await; // a clone, and yet the same breaker
//! assert!(answer.unwrap_err().rejected().is_some());
//! # Ok(())
//! # }
//! ```
//!
//! # One breaker, however often it is layered
//! Routers apply a layer once per route, and some once per request. Every service made by one layer
//! or by a clone of it, and every clone of those services, shares the state of the one
//! [`CircuitBreaker`](crate::CircuitBreaker) given to [`BreakerLayer::new`]: there is no way to mint
//! a fresh one by accident. Give each dependency its own layer.
//!
//! # Readiness
//! `poll_ready` is the inner service's own and asks the breaker nothing. A service that is ready and
//! never called thus holds no probe's place, and one that was ready when the breaker opened is still
//! rejected. The breaker is asked in `call`, and if it rejects, the inner service's `call` does not
//! run. The inner service then stays ready and keeps whatever it reserved for that call (a buffer's
//! slot, a limit's permit) until it is called or dropped.
//!
//! An **error of readiness is passed on** as [`Error::Operation`](crate::Error::Operation) and **not
//! counted**. No request was on its way that could have failed; such an error is permanent, and every
//! clone of a dead service reports the same one over again, so that one event would count any number
//! of times; it often says no more than that an idle connection was closed, or that a layer in
//! between is shutting down; and opening the breaker would spare nobody anything, since an error of
//! readiness comes before the breaker is asked. What does say something about the dependency, a
//! connection that cannot be made, tower's own `Reconnect` returns from the call, where it counts.
//!
//! # Order
//! What is below the breaker is what it judges: a timeout belongs below, so that its error counts as
//! a failure. One above drops the call, which then counts as abandoned (see
//! [`Builder::abandoned_as`](crate::Builder::abandoned_as)). Retries belong above, so that each
//! attempt asks the breaker.
//!
//! Readiness comes before the breaker is asked, so what makes callers wait in `poll_ready` below it, a
//! concurrency limit or a buffer, makes them wait even if the breaker is open, and hung calls that hold every
//! place keep out the very calls that would find the breaker open or probe it. Put such a limit above
//! the breaker; if it must be below, put a load shed between the two (tower's `LoadShed`), so that readiness never
//! waits.
//!
//! # Dropped calls and panics
//! A response future that is dropped gives its place back at once and counts as abandoned; the call
//! is in flight from `call` on, polled or not. A panic in the inner service's `call`, in its future
//! or in the classifier counts as a failure, gives the place back at once and goes on unwinding.

mod classify;
mod future;
mod layer;
mod service;

pub use classify::{Classify, OkOrErr};
pub use future::ResponseFuture;
pub use layer::BreakerLayer;
pub use service::BreakerService;
