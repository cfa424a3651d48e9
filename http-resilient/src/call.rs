//! One request on its way: what all its attempts have in common, and the deadline around them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use http::Method;
use parking_lot::Mutex;
use reqwest::{Request, Response, Url};
use steadfast_retry::{Backoff, Waits};

use crate::attempt::Failure;
use crate::authority::Authority;
use crate::body::Answer;
use crate::classify::is_idempotent;
use crate::client::Shared;
use crate::clock;
use crate::coalesce;
use crate::copied::Copied;
use crate::counters::Ongoing;
use crate::error::{Error, Phase};
use crate::leg::Leg;
use crate::observer::Finished;
use crate::options::Options;
use crate::past::{self, Past};
use crate::redirects;
use crate::spans::CallSpan;
use crate::summary::RequestSummary;
use crate::transport::Transport;

/// Sends the request in `slot` through all the patterns, or waits for what another brings that is the same.
/// `is_ours` if nobody but a builder of ours can have made it.
pub(crate) async fn run(
    shared: &Arc<Shared>,
    slot: &mut Option<Request>,
    options: &Options,
    is_ours: bool,
    transport: &Transport<'_>,
) -> Result<Response, Error> {
    let ongoing = shared.counters.begin();
    let request = slot.as_ref().expect(REQUEST);
    let Some(authority) = shared.meet(request.url()) else {
        // No HTTP: reqwest says so in its own words, and sends nothing.
        let executing = shared.http.execute(slot.take().expect(REQUEST));
        let result = executing.await.map_err(Error::invalid);
        ongoing.end(result.as_ref().err());
        return result;
    };
    let started = clock::now();
    let mut sent_before = false;
    if transport.is_own() && coalesce::is_wanted(shared, request, options) {
        // In a box, as few requests are.
        let joining = coalesce::join(shared, &authority, request, options, started);
        if let Some(result) = Box::pin(joining).await {
            ongoing.end(result.as_ref().err());
            return result;
        }
        sent_before = true;
    }
    let origin = Origin {
        started,
        is_ours,
        sent_before,
        transport,
    };
    send(shared, &authority, slot, options, origin, Some(ongoing)).await
}

/// Sends the request in `slot` through all the patterns; `ongoing` ends with it.
pub(crate) async fn send(
    shared: &Shared,
    authority: &Arc<Authority>,
    slot: &mut Option<Request>,
    options: &Options,
    origin: Origin<'_>,
    ongoing: Option<Ongoing<'_>>,
) -> Result<Response, Error> {
    if let (Some(following), true) = (&shared.following, origin.transport.is_own()) {
        // In a box: all requests would be as large.
        let chain = redirects::Chain::new(shared, following, options, origin);
        return Box::pin(chain.send(Arc::clone(authority), slot, ongoing)).await;
    }
    let call = Call::new(shared, authority, slot, options, origin, None);
    let leg = Leg::new(&call);
    call.perform(&leg).await;
    let result = leg.result();
    drop(leg);
    call.end(result, ongoing)
}

/// How far a request has got before it was redirected to where it goes now.
pub(crate) struct Before {
    attempts: u32,
    sent: u32,
    history: Vec<Past>,
    pub(crate) span: CallSpan,
    /// Whether it goes on without the body that it had.
    pub(crate) without_body: bool,
}

/// Why the slot of a request is not empty: it is taken from it when it is sent.
pub(crate) const REQUEST: &str = "a request that has not been sent";

/// When a request must be over that has begun at `started`.
pub(crate) fn deadline(
    shared: &Shared,
    request: &Request,
    options: &Options,
    started: Instant,
) -> Option<Instant> {
    let total = request.timeout().copied();
    // `None` where the sum is beyond what a clock can tell: no limit.
    let deadline = started.checked_add(total.unwrap_or(shared.settings.total_timeout));
    let deadlines = [deadline, options.deadline, options.adopted.deadline];
    deadlines.into_iter().flatten().min()
}

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

pub(crate) struct Call<'c> {
    pub(crate) shared: &'c Shared,
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
        let settings = &shared.settings;
        let request = slot.as_mut().expect(REQUEST);
        let Origin {
            started,
            is_ours,
            sent_before,
            transport,
        } = origin;
        let deadline = deadline(shared, request, options, started);
        let usual = match options.adopted.once {
            true => 1,
            false => settings.max_attempts,
        };
        let max_attempts = options.max_attempts.unwrap_or(usual);
        let before = before.unwrap_or_else(|| Before {
            attempts: 0,
            sent: sent_before.into(),
            history: Vec::new(),
            span: CallSpan::begin(shared, request, options),
            without_body: false,
        });
        let has_body = options.body.is_some() && !before.without_body;
        let replayable = has_body || request.body().is_none_or(|body| body.as_bytes().is_some());
        if has_body {
            // Made anew each time, so that a stream is in nobody's way.
            *request.body_mut() = None;
        }
        let hedge = options.hedge.as_ref();
        let is_hedged = hedge.map_or(shared.hedge.is_some(), Option::is_some);
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
            span: before.span,
            first: Mutex::new(slot),
            max_attempts,
            attempt_timeout: options.attempt_timeout.unwrap_or(settings.attempt_timeout),
            started,
            is_fresh: before.sent == 0,
            deadline,
            has_body,
            attempts_before: before.attempts,
            attempts: AtomicU32::new(before.attempts),
            sent: AtomicU32::new(before.sent),
            decided: AtomicBool::new(false),
            history: Mutex::new(before.history),
            quiet_until: Mutex::new(None),
            authority,
            shared,
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
        let settings = &self.shared.settings;
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

    /// The server has asked not to be sent this request again for `wait`.
    pub(crate) fn keep_quiet(&self, wait: Duration) {
        *self.quiet_until.lock() = clock::now().checked_add(wait);
    }

    /// For how long the server does not want this request again, or any.
    pub(crate) fn quiet(&self) -> Option<Duration> {
        let until = *self.quiet_until.lock();
        let left = until.map(|until| until.saturating_duration_since(clock::now()));
        left.filter(|left| !left.is_zero())
            .max(self.authority.throttle.left())
    }

    pub(crate) fn is_over(&self) -> bool {
        self.deadline
            .is_some_and(|deadline| clock::now() >= deadline)
    }

    /// What is left until the deadline; a failure if that is nothing.
    pub(crate) fn left(&self, phase: Phase) -> Result<Duration, Failure> {
        self.left_at(clock::now(), phase)
    }

    /// What is left until the deadline at `now`.
    pub(crate) fn left_at(&self, now: Instant, phase: Phase) -> Result<Duration, Failure> {
        let Some(deadline) = self.deadline else {
            return Ok(Duration::MAX);
        };
        let left = deadline.saturating_duration_since(now);
        if left.is_zero() {
            return Err(Failure::Deadline(phase));
        }
        Ok(left)
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
        let finished = Finished {
            name: Arc::clone(&self.shared.name),
            authority: Arc::clone(&self.authority.name),
            template: self.options.template.clone(),
            method: self.method.clone(),
            attempts: self.attempts(),
            duration: clock::now().saturating_duration_since(self.started),
            status: result.as_ref().ok().map(Answer::status),
            error_type: result.as_ref().err().map(Error::kind),
        };
        self.shared.observers.tell(&finished);
        #[cfg(feature = "telemetry")]
        crate::telemetry::push(&self.shared.sinks, &finished);
    }
}
