//! The bulkhead as a tower layer: [`BulkheadLayer`] wraps a `Service`, [`BulkheadService`] takes a place
//! for each call.
//!
//! ```
//! use steadfast_bulkhead::Bulkhead;
//! use steadfast_bulkhead::tower::BulkheadLayer;
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let bulkhead = Bulkhead::builder("reports").max_concurrent(1).max_waiting(0).build()?;
//! let service = ServiceBuilder::new()
//!     .layer(BulkheadLayer::new(bulkhead.clone()))
//!     .service(service_fn(|month: u32| async move { Ok::<_, std::io::Error>(month) }));
//!
//! assert_eq!(service.clone().oneshot(7).await?, 7);
//!
//! let _busy = bulkhead.try_acquire()?;
//! let answer = service.oneshot(8).await; // a clone, and yet the same bulkhead
//! assert!(answer.unwrap_err().rejected().is_some());
//! # Ok(())
//! # }
//! ```
//!
//! # One bulkhead, however often it is layered
//!
//! Routers apply a layer once per route, and some once per request. Every service made by one layer
//! or by a clone of it, and every clone of those services, shares the places and the line of the one
//! [`Bulkhead`](crate::Bulkhead) given to [`BulkheadLayer::new`]: there is no way to mint a fresh one by
//! accident. Give each dependency its own layer.
//!
//! # Readiness
//!
//! `poll_ready` is always ready and reserves nothing: who is ready and never calls holds no place. All
//! is done by the response, from its first poll on: it gets its place, in the order of these first
//! polls and within the [`checkout_timeout`](crate::Builder::checkout_timeout), **then** makes the inner
//! service ready, then calls it. A rejected call leaves the inner service alone, and callers in line
//! hold nothing of it: what its readiness reserves, a limit's permit or a buffer's slot, is there for
//! those who have a place.
//!
//! Readiness of the inner service is thus a part of the call. The place is held meanwhile, and an
//! **error of readiness** is the call's, an [`Error::Operation`](crate::Error::Operation) that gives
//! the place back.
//!
//! So **there is no backpressure through `poll_ready`**. A load shed above never sheds, and a buffer
//! above passes on what it gets at once, so that its size bounds nothing. They are not needed: the
//! line has an end, and sheds whoever comes when it is full. For no line at all use
//! [`max_waiting(0)`](crate::Builder::max_waiting). Where the source has to be held back instead, a
//! server that is to stop reading, say, put tower's `ConcurrencyLimit` above, with `max_concurrent` plus
//! `max_waiting` for its number: its readiness then ends where the line does.
//!
//! # Order
//!
//! - **Retries belong above**, so that no place is held during a backoff and each attempt gets in line
//!   anew. Do not retry `Full`: it means that there is too much to do already.
//! - **A circuit breaker belongs above** too: an open one then answers without a place. Its classifier
//!   has to ignore rejections, which say nothing of the dependency. It sees the wait in line as a part
//!   of the call; one below does not, but callers wait in line to learn that it is open.
//! - **A timeout of the work belongs below**: the work is then stopped, and gives its place back. It
//!   does not cover the inner service's readiness, nor does any of tower's. One above covers
//!   everything, the wait in line too, and drops the call.
//!
//! ```
//! use std::{future::pending, time::Duration};
//! use steadfast_breaker::{CircuitBreaker, Outcome, tower::BreakerLayer};
//! use steadfast_bulkhead::{Bulkhead, Error, tower::BulkheadLayer};
//! use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let breaker = CircuitBreaker::builder("reports").build()?;
//! let bulkhead = Bulkhead::builder("reports").max_concurrent(1).max_waiting(0).build()?;
//! let service = ServiceBuilder::new()
//!     .layer(BreakerLayer::new(breaker.clone()).classify(
//!         |answer: &Result<u32, Error<BoxError>>| match answer {
//!             Ok(_) => Outcome::Success,
//!             Err(Error::Rejected(_)) => Outcome::Ignored,
//!             Err(_) => Outcome::Failure,
//!         },
//!     ))
//!     .layer(BulkheadLayer::new(bulkhead.clone()))
//!     .timeout(Duration::from_secs(1))
//!     .service(service_fn(|_month: u32| pending::<Result<u32, BoxError>>()));
//!
//! let (hung, refused) = tokio::join!(service.clone().oneshot(7), service.oneshot(8));
//! assert!(hung.is_err() && refused.is_err());
//! let totals = breaker.snapshot().totals;
//! assert_eq!((totals.failure, totals.ignored), (1, 1));
//! assert_eq!(bulkhead.snapshot().busy, 0, "the timeout has given the place back");
//! # Ok(())
//! # }
//! ```
//!
//! [`Error`](crate::Error) is a `std::error::Error` if the inner one is, and a boxed error is not: above
//! a layer such as tower's `Timeout`, which boxes, and below one that wants to box, such as `Buffer`,
//! put a `map_err` to a type of your own between it and the bulkhead.
//!
//! # Dropped calls and panics
//!
//! A response that was never polled has not asked for anything. Dropped in line, it leaves the line at
//! once; dropped later, it drops the inner future and **then** gives the place back, even if that drop
//! panics. So it is when a call ends: the place is free once the inner future is done and dropped. A
//! panic of the inner service, in its readiness, its `call` or its future, gives the place back at once
//! and goes on unwinding.
//!
//! Nothing is spawned, and nothing is allocated unless a call has to wait in line.

mod future;
mod layer;
mod place;
mod service;

pub use future::ResponseFuture;
pub use layer::BulkheadLayer;
pub use service::BulkheadService;
