//! What a client tells the servers it calls of the request that it calls them for.

mod origins;

use std::time::Instant;

use http::{HeaderMap, HeaderName, HeaderValue};
use steadfast_retry::Deadline;

use crate::call::Call;
use crate::config_error::FieldError;
pub use origins::Origins;

/// The headers by which services tell each other how long an answer is still wanted, and which attempt
/// a request is. For [`Builder::propagation`](crate::Builder::propagation) and
/// [`RequestBuilder::adopt`](crate::RequestBuilder::adopt).
///
/// Three services that make up to three attempts each send 27 requests to a fourth that is down, for one
/// request of a user: see
/// [how retries multiply](https://docs.rs/steadfast-retry/latest/steadfast_retry/guide/index.html). A
/// service that is told that a request is a retry already does not retry on top of it, and one that is
/// told the deadline does not work on for nobody.
///
/// # Redirects
/// reqwest sends these headers on when it follows a redirect, **to any origin**; it strips credentials
/// alone, and gives nobody a place to strip more. They tell no secrets. Where they must not leave, let the
/// client follow redirects itself, with [`own_redirects`](crate::Builder::own_redirects): each hop is told
/// what its own origin may know, and the count of attempts begins again.
///
/// # Examples
/// ```
/// use steadfast_http::{Client, Origins, Propagation};
///
/// let origins = Origins::hosts(["*.internal", "stock.example:8443"]);
/// let client = Client::named("stock")
///     .propagation(Propagation::to(origins))
///     .build()?;
/// # Ok::<_, steadfast_http::ConfigError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Propagation {
    origins: Origins,
    attempt_header: HeaderName,
    deadline_header: HeaderName,
    on_top: OnTop,
}

/// Which adopted requests are retried: how the retries of several services add up.
///
/// | three services of three attempts | requests to a fourth that is down |
/// |---|--:|
/// | `Always` | 27 |
/// | `FirstAttempts` | 7 |
/// | `Never` | 3 |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum OnTop {
    /// Every one, as if it had not been adopted.
    Always,
    /// Those that are no retries themselves. The service next to the failure retries once, and when
    /// those before it try again, it does not.
    #[default]
    FirstAttempts,
    /// None whose caller tells the attempt, be it the first: a caller that counts attempts is one that
    /// retries. The first service of all retries alone.
    Never,
}

impl Propagation {
    /// Tells these origins; [`Origins::none`] for a client that is told, but tells nobody.
    #[must_use]
    pub const fn to(origins: Origins) -> Self {
        Self {
            origins,
            attempt_header: ATTEMPT,
            deadline_header: DEADLINE,
            on_top: OnTop::FirstAttempts,
        }
    }

    /// The header with the number of the attempt, counted from 1. That of an adopted request counts on
    /// from the number it came with: the retry of a retry is one. Default `x-retry-attempt`.
    #[must_use]
    pub fn attempt_header(mut self, name: HeaderName) -> Self {
        self.attempt_header = name;
        self
    }

    /// The header with the time that is left, in whole milliseconds, until the total timeout or the
    /// deadline of the request. Not sent where there is neither. Default `x-deadline-ms`.
    #[must_use]
    pub fn deadline_header(mut self, name: HeaderName) -> Self {
        self.deadline_header = name;
        self
    }

    /// Which adopted requests are retried. Default [`OnTop::FirstAttempts`].
    #[must_use]
    pub const fn on_top(mut self, on_top: OnTop) -> Self {
        self.on_top = on_top;
        self
    }

    /// Whether the authority of this name, `host:port`, is told.
    pub(crate) fn reaches(&self, authority: &str) -> bool {
        self.origins.contain(authority)
    }

    pub(crate) fn broken_fields(&self, fields: &mut Vec<FieldError>) {
        if self.attempt_header == self.deadline_header {
            let rule = "must have a name of its own for each header";
            fields.push(FieldError::new("propagation", &self.attempt_header, rule));
        }
        for pattern in self.origins.broken() {
            let rule = "must have origins of the form host, host:port, *.domain or *.domain:port";
            fields.push(FieldError::new("propagation", &pattern, rule));
        }
    }

    /// Reads what a caller has told.
    pub(crate) fn adopt(&self, headers: &HeaderMap) -> Adopted {
        let texts = |name| {
            let values = headers.get_all(name).iter();
            values.filter_map(|value: &HeaderValue| value.to_str().ok())
        };
        let deadlines = texts(&self.deadline_header).map(str::trim);
        let attempts = texts(&self.attempt_header).map(str::trim);
        let attempt = attempts.filter_map(|text| text.parse().ok()).max();
        Adopted {
            deadline: deadlines
                .filter_map(|text| Deadline::from_header(text).ok())
                .min()
                .map(Deadline::instant),
            attempt: attempt.unwrap_or(0),
            once: match (self.on_top, attempt) {
                (OnTop::Always, _) | (_, None) => false,
                (OnTop::FirstAttempts, Some(attempt)) => attempt > 1,
                (OnTop::Never, Some(attempt)) => attempt > 0,
            },
        }
    }
}

impl Default for Propagation {
    /// Tells nobody.
    fn default() -> Self {
        Self::to(Origins::none())
    }
}

const ATTEMPT: HeaderName = HeaderName::from_static("x-retry-attempt");
const DEADLINE: HeaderName = HeaderName::from_static("x-deadline-ms");

/// What a caller has told of the request that a call is made for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Adopted {
    pub(crate) deadline: Option<Instant>,
    /// The number of the attempt; zero if it was not told.
    attempt: u32,
    /// Whether not to retry on top.
    pub(crate) once: bool,
}

impl Adopted {
    pub(crate) const NOTHING: Self = Self {
        deadline: None,
        attempt: 0,
        once: false,
    };

    /// Whether nothing says that it is another's second attempt, or not to be repeated.
    pub(crate) fn is_first(&self) -> bool {
        self.attempt <= 1 && !self.once
    }

    /// What both say together: the earliest deadline, the highest attempt.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            deadline: [self.deadline, other.deadline].into_iter().flatten().min(),
            attempt: self.attempt.max(other.attempt),
            once: self.once || other.once,
        }
    }
}

impl Call<'_> {
    /// Writes the headers of the attempt that begins now.
    pub(crate) fn propagate(&self, number: u32, headers: &mut HeaderMap) {
        if !self.authority.propagates || self.options.no_propagation {
            return;
        }
        let Some(propagation) = &self.settings.propagation else {
            return;
        };
        let before = self.options.adopted.attempt.saturating_sub(1);
        let attempt = before.saturating_add(number);
        headers.insert(&propagation.attempt_header, HeaderValue::from(attempt));
        // One of the caller's own would promise what is not there.
        headers.remove(&propagation.deadline_header);
        if let Some(deadline) = self.deadline {
            let left = Deadline::at(deadline).to_header();
            if let Ok(left) = HeaderValue::try_from(left) {
                headers.insert(&propagation.deadline_header, left);
            }
        }
    }
}

#[cfg(test)]
mod tests;
