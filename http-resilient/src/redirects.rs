//! Redirects that the client follows itself, each hop through the patterns of its own authority.

mod hop;

use std::sync::Arc;
use std::time::Instant;

use http::HeaderMap;
use http::header::Entry;
use reqwest::{Request, Response, Url};

use crate::authority::{Authority, is_http};
use crate::body::Answer;
use crate::call::{Before, Call, Origin, REQUEST};
use crate::client::Shared;
use crate::counters::Ongoing;
use crate::error::{Error, RedirectReason};
use crate::leg::{Leg, Slot};
use crate::options::Options;
use crate::read_ahead::read_ahead;

pub(crate) use self::hop::{Hop, is_for_one_origin};

/// How redirects are followed.
#[derive(Debug)]
pub(crate) struct Following {
    /// How many.
    pub(crate) at_most: u32,
    /// Whether a request tells where it comes from.
    pub(crate) referer: bool,
    /// The default headers that go to no other origin. reqwest would add them to every hop.
    pub(crate) for_one_origin: HeaderMap,
}

/// A request and what it is redirected to.
pub(crate) struct Chain<'c> {
    shared: &'c Shared,
    following: &'c Following,
    options: &'c Options,
    origin: Origin<'c>,
}

impl<'c> Chain<'c> {
    pub(crate) fn new(
        shared: &'c Shared,
        following: &'c Following,
        options: &'c Options,
        origin: Origin<'c>,
    ) -> Self {
        Self {
            shared,
            following,
            options,
            origin,
        }
    }

    /// Sends the request in `slot` to `authority`, and on to where that redirects it.
    pub(crate) async fn send(
        &self,
        mut authority: Arc<Authority>,
        slot: &mut Option<Request>,
        ongoing: Option<Ongoing<'_>>,
    ) -> Result<Response, Error> {
        let shared = self.shared;
        if let Some(request) = slot {
            self.add_defaults(request.headers_mut());
        }
        let mut before: Option<Before> = None;
        for followed in 0.. {
            let request = slot.as_ref().expect(REQUEST);
            let is_made = self.options.body.is_some()
                && !before.as_ref().is_some_and(|before| before.without_body);
            let hop = Hop::of(request, is_made);
            let mut call = Call::new(shared, &authority, slot, self.options, self.origin, before);
            call.hop = Some(Box::new(hop));
            let leg = Leg::new(&call);
            call.perform(&leg).await;
            let result = leg.result();
            drop(leg);
            let answer = match result {
                Ok(answer) => answer,
                Err(error) => return call.end(Err(error), ongoing),
            };
            let hop = call.hop.take();
            let next = hop.and_then(|hop| hop.next(answer.head(), self.following.referer));
            let Some(next) = next else {
                return call.end(Ok(answer), ongoing);
            };
            if let Some(reason) = self.refusal(followed, next.request.url()) {
                drop(answer);
                let result = refused(reason, &call).await;
                return call.end(result, ongoing);
            }
            shared.counters.redirects.add();
            self.discard(answer, call.deadline).await;
            let mut gone = call.goes_on();
            gone.without_body |= next.without_body;
            gone.span.redirected(shared, &next.request);
            before = Some(gone);
            // First of all: where there is room for few, the next may need its place.
            drop(authority);
            let met = shared.meet(next.request.url());
            authority = met.expect("it is a URL of HTTP");
            *slot = Some(next.request);
        }
        unreachable!("there are fewer redirects than numbers")
    }

    /// The default headers that are for one origin, unless the request has its own.
    fn add_defaults(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.following.for_one_origin {
            if let Entry::Vacant(entry) = headers.entry(name) {
                entry.insert(value.clone());
            }
        }
    }

    /// Why a redirect to `url` is not followed, if so many were.
    fn refusal(&self, followed: u32, url: &Url) -> Option<RedirectReason> {
        let limit = self.following.at_most;
        if followed == limit {
            return Some(RedirectReason::TooMany { limit });
        }
        let scheme = url.scheme();
        (!is_http(url)).then(|| RedirectReason::NotHttp {
            scheme: scheme.to_owned(),
        })
    }

    /// Reads a redirect to its end, so that its connection lives on.
    async fn discard(&self, answer: Answer, deadline: Option<Instant>) {
        let counters = &self.shared.counters;
        match read_ahead(answer.whole(), deadline).await {
            Some(_) => counters.drained.add(),
            None => counters.cut_off.add(),
        }
    }
}

/// A redirect that is not followed is a failure like any other: there may be a fallback.
async fn refused(reason: RedirectReason, call: &Call<'_>) -> Result<Answer, Error> {
    let error = Error::Redirect {
        reason,
        request: call.summary(),
    };
    let slot = Slot::new(Some(Err(error)));
    if let Some(fallback) = call.fallback(&slot) {
        call.fall_back(fallback, &slot).await;
    }
    let result = slot.into_inner();
    result.expect("a fallback leaves a result")
}
