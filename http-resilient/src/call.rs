//! One request on its way: what all its attempts have in common, and the deadline around them.

mod time;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use http::Method;
use parking_lot::Mutex;
use reqwest::{Request, Response, Url};
use steadfast_retry::{Backoff, Waits};

pub(crate) use self::time::deadline;
use crate::authority::Authority;
use crate::body::Answer;
use crate::classify::is_idempotent;
use crate::client::Shared;
use crate::clock;
use crate::copied::Copied;
use crate::counters::Ongoing;
use crate::error::Error;
use crate::leg::Leg;
use crate::observer::Finished;
use crate::options::Options;
use crate::past::{self, Past};
use crate::redirects::Hop;
use crate::settings::Settings;
use crate::spans::CallSpan;
use crate::summary::RequestSummary;
use crate::transport::Transport;

/// Why the slot of a request is not empty: it is taken from it when it is sent.
pub(crate) const REQUEST: &str = "a request that has not been sent";

/// Where a request comes from.
#[derive(Clone, Copy)]
pub(crate) struct Origin<'c> {
    pub(crate) started: Instant,
    /// Whether nobody but a builder of ours can have made it.
    pub(crate) is_ours: bool,
    /// Whether the server may have seen it already, sent for it and others.
    pub(crate) sent_before: bool,
    pub(crate) transport: &'c Transport<'c>,
}

/// How far a request has got before it was redirected to where it goes now.
pub(crate) struct Before {
    attempts: u32,
    sent: u32,
    history: Vec<Past>,
    pub(crate) span: CallSpan,
    /// Whether it goes on without the body that it had.
    pub(crate) without_body: bool,
    /// What was asked first, and by which method: what is told of it.
    began: (Arc<str>, Method),
}

pub(crate) struct Call<'c> {
    pub(crate) shared: &'c Shared,
    /// Those that it began with.
    pub(crate) settings: &'c Settings,
    pub(crate) options: &'c Options,
    pub(crate) transport: &'c Transport<'c>,
    pub(crate) authority: &'c Arc<Authority>,
    method: Method,
    url: Url,
    /// The request itself, for the first attempt.
    first: Mutex<&'c mut Option<Request>>,
    /// What copies for further attempts are made of, if there can be any.
    copied: Option<Copied>,
    /// Whether it may reach the server twice.
    pub(crate) idempotent: bool,
    /// Whether it can: a body that is a stream is gone once it is sent.
    pub(crate) replayable: bool,
    pub(crate) max_attempts: u32,
    pub(crate) attempt_timeout: Duration,
    pub(crate) started: Instant,
    /// Whether it has only just begun: its first attempt need not look at the clock.
    pub(crate) is_fresh: bool,
    pub(crate) deadline: Option<Instant>,
    /// Whether the [body of the options](Options::body) goes with it.
    has_body: bool,
    /// What it becomes where it is redirected, if the client follows redirects itself.
    pub(crate) hop: Option<Box<Hop>>,
    /// What was asked first, if it was redirected since.
    began: Option<(Arc<str>, Method)>,
    /// The attempts before it was redirected.
    attempts_before: u32,
    // They order nothing, hence relaxed.
    attempts: AtomicU32,
    /// Attempts of which the server may have seen something.
    sent: AtomicU32,
    pub(crate) span: CallSpan,
    /// Whether there is a result, and what is still in flight is superfluous.
    decided: AtomicBool,
    /// The attempts that others followed; without those of hedges, which nothing follows.
    history: Mutex<Vec<Past>>,
    /// Before when the server does not want this request again, which it has said in an attempt.
    quiet_until: Mutex<Option<Instant>>,
}

impl<'c> Call<'c> {
    pub(crate) fn new(
        shared: &'c Shared,
        authority: &'c Arc<Authority>,
        slot: &'c mut Option<Request>,
        options: &'c Options,
        origin: Origin<'c>,
        before: Option<Before>,
    ) -> Self {
        let settings = shared.settings();
        let request = slot.as_mut().expect(REQUEST);
        let Origin {
            started,
            is_ours,
            sent_before,
            transport,
        } = origin;
        let deadline = deadline(settings, request, options, started);
        let usual = match options.adopted.once {
            true => 1,
            false => settings.max_attempts,
        };
        let max_attempts = options.max_attempts.unwrap_or(usual);
        let is_fresh = before.is_none() && !sent_before;
        let (attempts_before, sent, history, span, without_body, began) = match before {
            None => {
                let span = CallSpan::begin(shared, request, options);
                (0, sent_before.into(), Vec::new(), span, false, None)
            }
            Some(Before {
                attempts,
                sent,
                history,
                span,
                without_body,
                began,
            }) => (attempts, sent, history, span, without_body, Some(began)),
        };
        let has_body = options.body.is_some() && !without_body;
        let replayable = has_body || request.body().is_none_or(|body| body.as_bytes().is_some());
        if has_body {
            // Made anew each time, so that a stream is in nobody's way.
            *request.body_mut() = None;
        }
        let hedge = options.hedge.as_ref();
        let is_hedged = hedge.map_or(settings.hedge.is_some(), Option::is_some);
        let copied = match replayable && (max_attempts > 1 || is_hedged) {
            true => Copied::of(request, is_ours),
            false => None,
        };
        Self {
            idempotent: is_idempotent(options.idempotent, request.method(), request.headers()),
            replayable,
            method: request.method().clone(),
            url: request.url().clone(),
            copied,
            span,
            first: Mutex::new(slot),
            max_attempts,
            attempt_timeout: options.attempt_timeout.unwrap_or(settings.attempt_timeout),
            started,
            is_fresh,
            deadline,
            has_body,
            hop: None,
            began,
            attempts_before,
            attempts: AtomicU32::new(attempts_before),
            sent: AtomicU32::new(sent),
            decided: AtomicBool::new(false),
            history: Mutex::new(history),
            quiet_until: Mutex::new(None),
            authority,
            shared,
            settings,
            options,
            transport,
        }
    }

    /// Sends it through all the patterns, and leaves the result in `leg`.
    pub(crate) async fn perform(&self, leg: &Leg<'_, '_>) {
        // In boxes: few requests are hedged or fall back, and all would be as large as those that are.
        match self.hedge() {
            Some(hedge) => Box::pin(self.hedged(hedge, &leg.slot)).await,
            None => leg.run().await,
        }
        if let Some(fallback) = self.fallback(&leg.slot) {
            Box::pin(self.fall_back(fallback, &leg.slot)).await;
        }
    }

    /// Tells everybody of its result.
    pub(crate) fn end(
        self,
        result: Result<Answer, Error>,
        ongoing: Option<Ongoing<'_>>,
    ) -> Result<Response, Error> {
        if let Some(ongoing) = ongoing {
            ongoing.end(result.as_ref().err());
        }
        self.span.end(&result, self.attempts());
        self.tell(&result);
        let url = self.url;
        result.map(|answer| answer.whole_with(url))
    }

    /// It goes on somewhere else, to where it was redirected.
    pub(crate) fn goes_on(self) -> Before {
        Before {
            attempts: self.attempts.into_inner(),
            sent: self.sent.into_inner(),
            history: self.history.into_inner(),
            span: self.span,
            without_body: !self.has_body,
            began: match self.began {
                Some(began) => began,
                None => (Arc::clone(&self.authority.name), self.method),
            },
        }
    }

    /// The request, or a copy of it for another attempt.
    ///
    /// # Panics
    /// If there can be none, as it is not [`replayable`](Self::replayable).
    pub(crate) fn next_request(&self) -> Request {
        let first = self.first.lock().take();
        let mut request = match first {
            Some(first) => first,
            None => self.copy().expect("only what can be copied is retried"),
        };
        if let Some(body) = self.options.body.as_ref().filter(|_| self.has_body) {
            *request.body_mut() = Some(body());
        }
        request
    }

    fn copy(&self) -> Option<Request> {
        self.copied.as_ref()?.request(&self.method, &self.url)
    }

    /// The waits between its attempts.
    pub(crate) fn backoff(&self) -> Waits {
        let Options {
            base_backoff,
            max_backoff,
            ..
        } = self.options;
        if (base_backoff, max_backoff) == (&None, &None) {
            return self.shared.schedule.backoff();
        }
        let settings = self.settings;
        let backoff = Backoff::exponential(base_backoff.unwrap_or(settings.base_backoff))
            .max(max_backoff.unwrap_or(settings.max_backoff));
        match settings.jitter_seed {
            Some(seed) => backoff.waits_seeded(seed),
            None => backoff.waits(),
        }
    }

    /// Counts an attempt, and supposes that the server sees it; the first is 1.
    pub(crate) fn begin_attempt(&self) -> u32 {
        self.shared.counters.attempts.add();
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.attempts.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// An attempt turned out not to have reached the server.
    pub(crate) fn was_not_sent(&self) {
        self.sent.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.attempts.load(Ordering::Relaxed)
    }

    /// The attempts before it was redirected to where it goes now.
    pub(crate) fn attempts_before(&self) -> u32 {
        self.attempts_before
    }

    pub(crate) fn method(&self) -> &Method {
        &self.method
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// What the caller calls the path, unless it was redirected to another one since.
    pub(crate) fn template(&self) -> Option<&str> {
        let template = self.options.template.as_deref();
        template.filter(|_| self.began.is_none())
    }

    /// There is a result.
    pub(crate) fn decide(&self) {
        self.decided.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_decided(&self) -> bool {
        self.decided.load(Ordering::Relaxed)
    }

    /// Another attempt is to follow this one.
    pub(crate) fn remember(&self, past: Past) {
        past::push(&mut self.history.lock(), past);
    }

    pub(crate) fn summary(&self) -> Box<RequestSummary> {
        Box::new(RequestSummary {
            method: self.method.clone(),
            url: self.url.clone(),
            authority: Arc::clone(&self.authority.name),
            attempts: self.attempts(),
            sent: self.sent.load(Ordering::Relaxed) > 0,
            history: self.history.lock().clone(),
        })
    }

    fn tell(&self, result: &Result<Answer, Error>) {
        if !self.shared.is_watched() {
            return;
        }
        let (authority, method) = match &self.began {
            Some((authority, method)) => (authority, method),
            None => (&self.authority.name, &self.method),
        };
        let now = clock::now();
        let finished = Finished {
            name: Arc::clone(&self.shared.name),
            authority: Arc::clone(authority),
            template: self.options.template.clone(),
            method: method.clone(),
            attempts: self.attempts(),
            duration: now.saturating_duration_since(self.started),
            status: result.as_ref().ok().map(Answer::status),
            error_type: result.as_ref().err().map(Error::kind),
        };
        self.shared.observers.tell(&finished);
        #[cfg(feature = "telemetry")]
        crate::telemetry::push(self.shared, &finished, now);
    }
}
