//! What is returned in place of a failure.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use reqwest::{Body, Response, ResponseBuilderExt, Url};

use crate::body::Answer;
use crate::call::Call;
use crate::classify::is_retryable;
use crate::error::Error;
use crate::leg::Slot;
use crate::response::{Attempts, ServedBy};

/// What a fallback is to replace: an error, or a response whose status is one that is retried and that
/// retries did not better.
#[derive(Debug)]
pub struct Failed<'a> {
    result: Result<&'a Response, &'a Error>,
    method: &'a Method,
    url: &'a Url,
    attempts: u32,
    left: Option<Duration>,
}

impl<'a> Failed<'a> {
    /// The error, unless there is a response.
    #[must_use]
    pub fn error(&self) -> Option<&'a Error> {
        self.result.err()
    }

    /// The response, unless there is an error. Its body is unread, and stays so: it is returned if the
    /// fallback declines.
    #[must_use]
    pub fn response(&self) -> Option<&'a Response> {
        self.result.ok()
    }

    /// The status of the response, if there is one.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.response().map(Response::status)
    }

    /// The method of the request.
    #[must_use]
    pub fn method(&self) -> &'a Method {
        self.method
    }

    /// The URL of the request, whole.
    #[must_use]
    pub fn url(&self) -> &'a Url {
        self.url
    }

    /// How many attempts were made, hedges included.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// How much time the fallback has, if the request has a deadline. With none left, what is ready at
    /// once is still taken.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        self.left
    }
}

type Answering = Pin<Box<dyn Future<Output = Option<http::Response<Body>>> + Send>>;

/// A fallback of the user's, without its type.
#[derive(Clone)]
pub(crate) struct Fallback(Arc<dyn Fn(&Failed<'_>) -> Answering + Send + Sync>);

impl Fallback {
    pub(crate) fn new<F, Fut, B>(fallback: F) -> Self
    where
        F: Fn(&Failed<'_>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Option<http::Response<B>>> + Send + 'static,
        B: Into<Body>,
    {
        Self(Arc::new(move |failed| {
            let answering = fallback(failed);
            Box::pin(async move { Some(answering.await?.map(Into::into)) })
        }))
    }
}

impl fmt::Debug for Fallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fallback").finish_non_exhaustive()
    }
}

impl Call<'_> {
    /// The fallback, if there is one and the result in `slot` is a failure.
    pub(crate) fn fallback(&self, slot: &Slot) -> Option<&Fallback> {
        let own = self.options.fallback.as_ref();
        let fallback = own.or(self.shared.fallback.as_ref())?;
        let is_failure = match slot.lock().as_ref()? {
            Ok(answer) => is_retryable(answer.status()),
            Err(error) => !error.is_invalid_request(),
        };
        is_failure.then_some(fallback)
    }

    /// Leaves in `slot` what the fallback has in the place of the failure there, unless it declines.
    pub(crate) async fn fall_back(&self, fallback: &Fallback, slot: &Slot) {
        let Some(result) = slot.lock().take() else {
            return;
        };
        let answering = (fallback.0)(&Failed {
            result: result.as_ref().map(Answer::head),
            method: self.method(),
            url: self.url(),
            attempts: self.attempts(),
            left: self.deadline.map(|deadline| self.until(deadline)),
        });
        let answer = match self.deadline {
            // Looks at the answer first: one that is there costs no time.
            Some(deadline) => {
                let deadline = tokio::time::Instant::from_std(deadline);
                let answer = tokio::time::timeout_at(deadline, answering).await;
                answer.ok().flatten()
            }
            None => answering.await,
        };
        let result = match answer {
            None => result,
            Some(answer) => {
                self.shared.counters.fallbacks.add();
                Ok(Answer::Whole(self.response_of(answer)))
            }
        };
        *slot.lock() = Some(result);
    }

    fn until(&self, deadline: Instant) -> Duration {
        deadline.saturating_duration_since(crate::clock::now())
    }

    /// The fallback's answer as one to this request, with its URL.
    fn response_of(&self, answer: http::Response<Body>) -> Response {
        let (parts, body) = answer.into_parts();
        let mut head = http::Response::builder()
            .status(parts.status)
            .version(parts.version);
        if let Some(headers) = head.headers_mut() {
            *headers = parts.headers;
        }
        if let Some(extensions) = head.extensions_mut() {
            *extensions = parts.extensions;
            extensions.insert(Attempts(self.attempts()));
            extensions.insert(ServedBy::Fallback);
        }
        let response = head.url(self.url().clone()).body(body);
        Response::from(response.expect("a response that was one already"))
    }
}
