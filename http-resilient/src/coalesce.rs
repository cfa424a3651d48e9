//! One request for many callers who want the same at the same time.
//!
//! Nobody owns such a flight: its future is polled by whoever waits for it, and dropped with the last of
//! them. So it needs no task of its own, and goes on if the caller is dropped who began it.

mod landed;

use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::{Shared as Flight, WeakShared};
use http::{HeaderName, HeaderValue, Method, Version};
use parking_lot::Mutex;
use reqwest::{Request, Response, Url};

use self::landed::Landed;
use crate::authority::Authority;
use crate::call::{Origin, deadline};
use crate::client::Shared;
use crate::clock;
use crate::error::{Error, Phase};
use crate::options::{self, Options};
use crate::run;
use crate::summary::RequestSummary;

type Flying = Pin<Box<dyn Future<Output = Arc<Landed>> + Send>>;

/// What makes two requests the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    url: Url,
    version: Version,
    /// Sorted by their names; those of one name stay in their order.
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Key {
    fn of(request: &Request) -> Self {
        let headers = request.headers().iter();
        let mut headers: Vec<_> = headers
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        headers.sort_by(|(one, _), (other, _)| one.as_str().cmp(other.as_str()));
        Self {
            url: request.url().clone(),
            version: request.version(),
            headers,
        }
    }
}

/// The flights of one client. Each is in here for as long as somebody waits for it.
#[derive(Debug, Default)]
pub(crate) struct Flights(Mutex<Map>);

#[derive(Debug, Default)]
struct Map {
    entries: HashMap<Key, Entry>,
    begun: u64,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    flight: WeakShared<Flying>,
}

impl Flights {
    /// The flight of this key, and whether the caller has begun it.
    fn board(&self, key: &Key, begin: impl FnOnce(u64) -> Flying) -> (Flight<Flying>, bool) {
        let mut map = self.0.lock();
        let present = map
            .entries
            .get(key)
            .and_then(|entry| entry.flight.upgrade());
        if let Some(flight) = present {
            return (flight, false);
        }
        map.begun += 1;
        let number = map.begun;
        let flight = begin(number).shared();
        if let Some(weak) = flight.downgrade() {
            let entry = Entry {
                number,
                flight: weak,
            };
            map.entries.insert(key.clone(), entry);
        }
        (flight, true)
    }

    /// The flight of this number is over. Another of the same key may have taken its place.
    fn leave(&self, key: &Key, number: u64) {
        let mut map = self.0.lock();
        if map
            .entries
            .get(key)
            .is_some_and(|entry| entry.number == number)
        {
            map.entries.remove(key);
        }
    }
}

/// Takes a flight out of the map when its future ends or is dropped.
struct Listed {
    shared: Arc<Shared>,
    key: Key,
    number: u64,
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.shared.flights.leave(&self.key, self.number);
    }
}

/// Whether a request may be one of several that are sent as one: a `GET` without a body, that wants
/// nothing otherwise than the client, but its deadline.
pub(crate) fn is_wanted(shared: &Shared, request: &Request, options: &Options) -> bool {
    options.coalesce.unwrap_or(shared.settings().coalesce)
        && *request.method() == Method::GET
        && request.body().is_none()
        && options.is_as_the_client()
}

/// The answer to a request that others may be waiting for too; `None` if it has to be sent after all,
/// as the answer cannot be shared.
///
/// # Cancel safety
/// Dropping the future drops the flight only if nobody else waits for it.
pub(crate) async fn join(
    shared: &Arc<Shared>,
    authority: &Arc<Authority>,
    request: &Request,
    options: &Options,
    started: Instant,
) -> Option<Result<Response, Error>> {
    let deadline = deadline(shared.settings(), request, options, started);
    let key = Key::of(request);
    let (flight, is_new) = shared.flights.board(&key, |number| {
        let listed = Listed {
            shared: Arc::clone(shared),
            key: key.clone(),
            number,
        };
        fly(listed, Arc::clone(authority), copy_of(request))
    });
    let landed = match deadline {
        Some(deadline) => {
            let deadline = tokio::time::Instant::from_std(deadline);
            tokio::time::timeout_at(deadline, flight).await
        }
        None => Ok(flight.await),
    };
    let Ok(landed) = landed else {
        return Some(Err(too_late(authority, request, started)));
    };
    let has_time = deadline.is_none_or(|deadline| clock::now() < deadline);
    match landed::take(landed) {
        // The client's deadline, which is not this request's.
        Some(Err(error)) if error.is_deadline_exceeded() && has_time => None,
        Some(result) => {
            if !is_new {
                shared.counters.coalesced.add();
            }
            Some(result)
        }
        None => None,
    }
}

/// Sends the request, under the deadline that the client has for all, and reads the response.
fn fly(listed: Listed, authority: Arc<Authority>, request: Request) -> Flying {
    Box::pin(async move {
        let sending = async {
            let (shared, options) = (&listed.shared, &options::NONE);
            let origin = Origin {
                started: clock::now(),
                is_ours: true,
                sent_before: false,
                transport: &shared.transport(),
            };
            let request = &mut Some(request);
            let result = run::send(shared, authority, request, options, origin, None).await;
            Landed::from_result(result).await
        };
        // A panic that got out would leave those waiting who are not polling just now.
        let landed = AssertUnwindSafe(sending).catch_unwind().await;
        drop(listed);
        Arc::new(landed.unwrap_or_else(Landed::panicked))
    })
}

/// The request without its own timeout. It has no body.
fn copy_of(request: &Request) -> Request {
    let mut copy = Request::new(request.method().clone(), request.url().clone());
    *copy.headers_mut() = request.headers().clone();
    *copy.version_mut() = request.version();
    copy
}

/// The time of one of those who wait is over. What the flight has done by then is not known here: the
/// server may have seen it.
fn too_late(authority: &Authority, request: &Request, started: Instant) -> Error {
    Error::DeadlineExceeded {
        phase: Phase::Response,
        elapsed: clock::now().saturating_duration_since(started),
        last: None,
        request: Box::new(RequestSummary {
            method: request.method().clone(),
            url: request.url().clone(),
            authority: Arc::clone(&authority.name),
            attempts: 1,
            sent: true,
            history: Vec::new(),
        }),
    }
}
