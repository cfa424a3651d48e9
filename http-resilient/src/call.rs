//! One request on its way: what all its attempts have in common, and the deadline around them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use reqwest::{Body, Request, Response};

use crate::attempt::Failure;
use crate::authority::Authority;
use crate::classify::is_idempotent;
use crate::client::Shared;
use crate::clock;
use crate::error::{Error, Phase};
use crate::leg::Leg;
use crate::observer::Finished;
use crate::options::{self, Options};
use crate::summary::RequestSummary;
use crate::transport::Transport;

/// Sends a request through all the patterns.
pub(crate) async fn run(
    shared: &Shared,
    request: Request,
    options: Option<Box<Options>>,
    transport: Transport<'_>,
) -> Result<Response, Error> {
    let ongoing = shared.counters.begin();
    let Some(authority) = shared.meet(request.url()) else {
        // No HTTP: reqwest says so in its own words, and sends nothing.
        return ongoing.end(shared.http.execute(request).await.map_err(Error::invalid));
    };
    let options = options.as_deref().unwrap_or(&options::NONE);
    let call = Call::new(shared, authority, request, options, transport);
    let result = ongoing.end(Leg::new(&call).run().await);
    call.tell(&result);
    result
}

pub(crate) struct Call<'c> {
    pub(crate) shared: &'c Shared,
    pub(crate) options: &'c Options,
    pub(crate) transport: Transport<'c>,
    pub(crate) authority: Arc<Authority>,
    /// What every attempt gets a copy of; without a body that cannot be copied.
    request: Request,
    /// That body, until it is sent.
    stream: Mutex<Option<Body>>,
    /// Whether it may reach the server twice.
    pub(crate) idempotent: bool,
    /// Whether it can: a body that is a stream is gone once it is sent.
    pub(crate) replayable: bool,
    pub(crate) max_attempts: u32,
    pub(crate) attempt_timeout: Duration,
    pub(crate) started: Instant,
    pub(crate) deadline: Option<Instant>,
    // They order nothing, hence relaxed.
    attempts: AtomicU32,
    /// Attempts of which the server may have seen something.
    sent: AtomicU32,
}

impl<'c> Call<'c> {
    fn new(
        shared: &'c Shared,
        authority: Arc<Authority>,
        mut request: Request,
        options: &'c Options,
        transport: Transport<'c>,
    ) -> Self {
        let settings = &shared.settings;
        let started = clock::now();
        let total = request.timeout().copied();
        // `None` where the sum is beyond what a clock can tell: no limit.
        let deadline = started.checked_add(total.unwrap_or(settings.total_timeout));
        let can_copy = |body: &Body| body.as_bytes().is_some();
        let stream = match request.body() {
            Some(body) if !can_copy(body) => request.body_mut().take(),
            _ => None,
        };
        Self {
            idempotent: is_idempotent(options.idempotent, request.method(), request.headers()),
            replayable: stream.is_none() || options.body.is_some(),
            stream: Mutex::new(stream),
            request,
            max_attempts: options.max_attempts.unwrap_or(settings.max_attempts),
            attempt_timeout: options.attempt_timeout.unwrap_or(settings.attempt_timeout),
            started,
            deadline: [deadline, options.deadline].into_iter().flatten().min(),
            attempts: AtomicU32::new(0),
            sent: AtomicU32::new(0),
            authority,
            shared,
            options,
            transport,
        }
    }

    /// A copy of the request for another attempt; `None` if its body is gone.
    pub(crate) fn next_request(&self) -> Option<Request> {
        let mut request = self.request.try_clone()?;
        if let Some(body) = &self.options.body {
            *request.body_mut() = Some(body());
        } else if !self.replayable {
            *request.body_mut() = Some(self.stream.lock().take()?);
        }
        Some(request)
    }

    /// Counts an attempt, and supposes that the server sees it.
    pub(crate) fn begin_attempt(&self) {
        self.shared.counters.attempts.add();
        self.attempts.fetch_add(1, Ordering::Relaxed);
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    /// An attempt turned out not to have reached the server.
    pub(crate) fn was_not_sent(&self) {
        self.sent.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.attempts.load(Ordering::Relaxed)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.deadline
            .is_some_and(|deadline| clock::now() >= deadline)
    }

    /// What is left until the deadline; a failure if that is nothing.
    pub(crate) fn left(&self, phase: Phase) -> Result<Duration, Failure> {
        let Some(deadline) = self.deadline else {
            return Ok(Duration::MAX);
        };
        let left = deadline.saturating_duration_since(clock::now());
        if left.is_zero() {
            return Err(Failure::Deadline(phase));
        }
        Ok(left)
    }

    pub(crate) fn summary(&self) -> Box<RequestSummary> {
        Box::new(RequestSummary {
            method: self.request.method().clone(),
            url: self.request.url().clone(),
            authority: Arc::clone(&self.authority.name),
            attempts: self.attempts(),
            sent: self.sent.load(Ordering::Relaxed) > 0,
        })
    }

    fn tell(&self, result: &Result<Response, Error>) {
        if !self.shared.is_watched() {
            return;
        }
        let finished = Finished {
            name: Arc::clone(&self.shared.name),
            authority: Arc::clone(&self.authority.name),
            method: self.request.method().clone(),
            attempts: self.attempts(),
            duration: clock::now().saturating_duration_since(self.started),
            status: result.as_ref().ok().map(Response::status),
            error_type: result.as_ref().err().map(Error::kind),
        };
        self.shared.observers.tell(&finished);
        #[cfg(feature = "telemetry")]
        crate::telemetry::push(&self.shared.sinks, &finished);
    }
}
