//! Redirects that the client follows itself, each hop through the patterns of its own authority.

mod hop;

use std::sync::Arc;
use std::time::Instant;

use http::HeaderMap;
use http::header::Entry;
use reqwest::{Request, Response};

use self::hop::Hop;
use crate::authority::Authority;
use crate::body::Answer;
use crate::call::{Before, Call, Origin, REQUEST};
use crate::client::Shared;
use crate::counters::Ongoing;
use crate::error::Error;
use crate::leg::Leg;
use crate::options::Options;
use crate::read_ahead::read_ahead;

pub(crate) use self::hop::is_secret;

/// How redirects are followed.
#[derive(Debug)]
pub(crate) struct Following {
    /// How many.
    pub(crate) at_most: u32,
    /// Whether a request tells where it comes from.
    pub(crate) referer: bool,
    /// The default headers that go to no other origin. reqwest would add them to every hop.
    pub(crate) secrets: HeaderMap,
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
        let mut before: Option<Before> = None;
        let mut followed = 0;
        loop {
            let request = slot.as_mut().expect(REQUEST);
            if followed == 0 {
                self.add_secrets(request.headers_mut());
            }
            let is_made = self.options.body.is_some()
                && !before.as_ref().is_some_and(|before| before.without_body);
            let hop = Hop::of(request, is_made);
            let call = Call::new(shared, &authority, slot, self.options, self.origin, before);
            let leg = Leg::new(&call);
            call.perform(&leg).await;
            let result = leg.result();
            drop(leg);
            let answer = match result {
                Ok(answer) => answer,
                Err(error) => return call.end(Err(error), ongoing),
            };
            let Some(next) = hop.next(answer.head(), self.following.referer) else {
                return call.end(Ok(answer), ongoing);
            };
            if followed == self.following.at_most {
                let error = Error::TooManyRedirects {
                    limit: followed,
                    request: call.summary(),
                };
                return call.end(Err(error), ongoing);
            }
            followed += 1;
            self.discard(answer, call.deadline).await;
            let Some(met) = shared.meet(next.request.url()) else {
                let error = self.refusal(next.request, &call).await;
                return call.end(Err(error), ongoing);
            };
            let mut gone = call.goes_on();
            gone.without_body |= next.without_body;
            gone.span.redirected(shared, &next.request);
            before = Some(gone);
            authority = met;
            *slot = Some(next.request);
        }
    }

    /// The default headers that are secret, unless the request has its own.
    fn add_secrets(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.following.secrets {
            if let Entry::Vacant(entry) = headers.entry(name) {
                entry.insert(value.clone());
            }
        }
    }

    /// Reads a redirect to its end, so that its connection lives on.
    async fn discard(&self, answer: Answer, deadline: Option<Instant>) {
        let counters = &self.shared.counters;
        match read_ahead(answer.whole(), deadline).await {
            Some(_) => counters.drained.add(),
            None => counters.cut_off.add(),
        }
    }

    /// What reqwest says of a URL that is none of HTTP.
    async fn refusal(&self, request: Request, call: &Call<'_>) -> Error {
        match self.shared.http.execute(request).await {
            Err(error) => Error::Request {
                source: error.without_url(),
                request: call.summary(),
            },
            Ok(_) => unreachable!("reqwest sends what is HTTP"),
        }
    }
}
