use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderName, HeaderValue, Version};
use reqwest::{Request, Response};
use steadfast_telemetry::{HttpAttempt, HttpCall, HttpHead, HttpStart};

use crate::body::Answer;
use crate::client::Shared;
use crate::clock;
use crate::error::Error;
use crate::options::Options;
use crate::summary::redact;

/// The span of a request, if anybody watches. Dropped before it has ended, it is abandoned.
#[derive(Debug)]
pub(crate) struct CallSpan(Option<HttpCall>);

impl CallSpan {
    pub(crate) fn begin(shared: &Shared, request: &Request, options: &Options) -> Self {
        Self(shared.sinks.http_call(|| {
            let mut start = start(shared, request);
            start.template = options.template.clone();
            start
        }))
    }

    /// The attempts to come are made at what it was redirected to, of which the template says nothing.
    pub(crate) fn redirected(&mut self, shared: &Shared, to: &Request) {
        if let Some(call) = &mut self.0 {
            call.redirected(start(shared, to));
        }
    }

    /// Begins the attempt of this number, the first of which is 1, and tells the server of it.
    pub(crate) fn attempt(&self, number: u32, request: &mut Request) -> AttemptSpan {
        let begun = self.0.as_ref().map(|call| {
            let span = call.attempt(number.saturating_sub(1));
            let headers = request.headers_mut();
            if !headers.contains_key(TRACEPARENT) {
                span.propagate(|name, value| {
                    if let Ok(value) = HeaderValue::from_str(value) {
                        headers.insert(HeaderName::from_static(name), value);
                    }
                });
            }
            Begun {
                span,
                at: clock::now(),
                answered: false,
            }
        });
        AttemptSpan(begun)
    }

    /// The request waits for a retry.
    pub(crate) fn waits(&self, wait: Duration) {
        if let Some(call) = &self.0 {
            call.waits(wait);
        }
    }

    /// An attempt was not let through.
    pub(crate) fn rejected(&self, kind: &'static str) {
        if let Some(call) = &self.0 {
            call.rejected(kind);
        }
    }

    pub(crate) fn end(&self, result: &Result<Answer, Error>, attempts: u32) {
        if let Some(call) = &self.0 {
            match result {
                Ok(answer) => call.answered(attempts, answer.status().as_u16()),
                Err(error) => call.failed(attempts, error.kind()),
            }
        }
    }
}

fn start(shared: &Shared, request: &Request) -> HttpStart {
    let mut url = request.url().clone();
    redact(&mut url);
    let host = url.host_str().unwrap_or_default();
    let host = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    let name = Arc::clone(&shared.name);
    let method = request.method().as_str().to_owned();
    let port = url.port_or_known_default();
    let mut start = HttpStart::new(name, method, url, host);
    start.port = port;
    start
}

/// The span of an attempt. Dropped before it has ended, it is abandoned.
#[derive(Debug)]
pub(crate) struct AttemptSpan(Option<Begun>);

#[derive(Debug)]
struct Begun {
    span: HttpAttempt,
    at: Instant,
    answered: bool,
}

impl AttemptSpan {
    /// The head of its response is there.
    pub(crate) fn answered(&mut self, response: &Response) {
        if let Some(begun) = &mut self.0 {
            let mut head = HttpHead::new(response.status().as_u16());
            head.version = match response.version() {
                Version::HTTP_10 => Some("1.0"),
                Version::HTTP_11 => Some("1.1"),
                Version::HTTP_2 => Some("2"),
                Version::HTTP_3 => Some("3"),
                _ => None,
            };
            head.peer = response.remote_addr();
            begun.span.answered(&head, begun.took());
            begun.answered = true;
        }
    }

    /// There is no response.
    pub(crate) fn failed(mut self, kind: &'static str) {
        if let Some(begun) = self.0.take() {
            let took = begun.took();
            begun.span.failed(kind, took);
        }
    }

    /// Its body has ended, or broken off.
    pub(crate) fn ended(mut self, failed: Option<&'static str>) {
        if let Some(begun) = self.0.take() {
            match failed {
                Some(kind) => begun.span.body_failed(kind),
                None => begun.span.ended(),
            }
        }
    }
}

impl Drop for AttemptSpan {
    fn drop(&mut self) {
        if let Some(begun) = self.0.take().filter(|begun| !begun.answered) {
            let took = begun.took();
            begun.span.abandoned(took);
        }
    }
}

impl Begun {
    fn took(&self) -> Duration {
        clock::now().saturating_duration_since(self.at)
    }
}

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
