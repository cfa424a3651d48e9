//! How one request is retried, where that is not as its client does it.

use std::time::Duration;

use crate::settings::defaults;

/// How one request is retried, where that is not as its client does it; for
/// [`RequestBuilder::retry`](crate::RequestBuilder::retry).
///
/// What is not said stays as the client has it. Whether a request may be sent again is decided by what
/// it is, and how many of all requests are, by the client's budget: neither is changed by this.
///
/// # Examples
/// ```no_run
/// use std::time::Duration;
/// use steadfast_http::Retries;
///
/// # async fn example(client: steadfast_http::Client) -> Result<(), steadfast_http::Error> {
/// // Somebody else calls again anyway.
/// client.get("http://inventory.internal/stock").retry(Retries::none()).send().await?;
///
/// // Nobody waits for this one.
/// let patient = Retries::default().max_attempts(8).max_backoff(Duration::from_secs(30));
/// client.put("http://archive.internal/stock").retry(patient).send().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[must_use = "it changes nothing until it is given to a request"]
pub struct Retries {
    pub(crate) max_attempts: Option<u32>,
    pub(crate) base_backoff: Option<Duration>,
    pub(crate) max_backoff: Option<Duration>,
    pub(crate) max_retry_after: Option<Duration>,
}

impl Retries {
    /// None at all: one attempt.
    pub const fn none() -> Self {
        Self {
            max_attempts: Some(1),
            base_backoff: None,
            max_backoff: None,
            max_retry_after: None,
        }
    }

    /// The defaults of this crate, whatever the client was told: 3 attempts, backoffs from 100 ms up to
    /// 5 s, and a `Retry-After` of up to 30 s.
    pub const fn standard() -> Self {
        Self {
            max_attempts: Some(defaults::MAX_ATTEMPTS),
            base_backoff: Some(defaults::BASE_BACKOFF),
            max_backoff: Some(defaults::MAX_BACKOFF),
            max_retry_after: Some(defaults::MAX_RETRY_AFTER),
        }
    }

    /// How often the request is attempted at most, the first time included; 1 never retries. Default:
    /// the client's [`max_attempts`](crate::Builder::max_attempts).
    ///
    /// # Panics
    /// If it is zero: no request could be made.
    #[track_caller]
    pub const fn max_attempts(mut self, attempts: u32) -> Self {
        assert!(attempts > 0, "max_attempts must be at least 1");
        self.max_attempts = Some(attempts);
        self
    }

    /// The longest wait before the first retry; doubles with each further one, up to `max_backoff`. The
    /// wait is drawn evenly from zero to this. Default: the client's
    /// [`base_backoff`](crate::Builder::base_backoff).
    pub const fn base_backoff(mut self, backoff: Duration) -> Self {
        self.base_backoff = Some(backoff);
        self
    }

    /// The longest backoff, that before the first retry included. Default: the client's
    /// [`max_backoff`](crate::Builder::max_backoff).
    pub const fn max_backoff(mut self, backoff: Duration) -> Self {
        self.max_backoff = Some(backoff);
        self
    }

    /// The longest wait that a `Retry-After` header may ask for. A longer one ends the request at once,
    /// with the response that carries it. Default: the client's
    /// [`max_retry_after`](crate::Builder::max_retry_after).
    pub const fn max_retry_after(mut self, wait: Duration) -> Self {
        self.max_retry_after = Some(wait);
        self
    }
}
