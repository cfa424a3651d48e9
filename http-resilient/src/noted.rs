//! What the breaker is told of a failure, for people: who was asked for what, and what went wrong, without what
//! may be secret.

use std::error::Error as StdError;
use std::fmt;

use http::{Method, StatusCode};
use reqwest::Url;
use steadfast_breaker::Outcome;

use crate::call::Call;
use crate::error::what_failed;
use crate::shield::Shielded;

impl Call<'_> {
    /// Records a response that was decided by its status.
    // Kept out of what a request that succeeds goes through, as are those below.
    #[cold]
    pub(crate) fn record_status(
        &self,
        permit: Shielded<'_, '_>,
        outcome: Outcome,
        status: StatusCode,
    ) {
        self.record_error(permit, outcome, status.as_str(), status);
    }

    /// Records an attempt that has ended in an error. What does not count as a failure is not noted as one.
    #[cold]
    pub(crate) fn record_error(
        &self,
        permit: Shielded<'_, '_>,
        outcome: Outcome,
        class: &str,
        what: impl fmt::Display,
    ) {
        if outcome == Outcome::Failure {
            let asked = Asked {
                method: self.method(),
                url: self.url(),
                template: self.template(),
                what,
            };
            permit.note_error(class, asked);
        }
        permit.record(outcome);
    }
}

/// `GET http://host/orders/{id}: 503 Service Unavailable`. Of the URL there is no more than the host and what the
/// caller calls its path: what is noted is shown to whoever may see the dashboard, and the paths of webhooks are
/// their passwords.
struct Asked<'a, W> {
    method: &'a Method,
    url: &'a Url,
    template: Option<&'a str>,
    what: W,
}

impl<W: fmt::Display> fmt::Display for Asked<'_, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.url.host_str().unwrap_or_default();
        write!(f, "{} {}://{host}", self.method, self.url.scheme())?;
        if let Some(port) = self.url.port() {
            write!(f, ":{port}")?;
        }
        write!(f, "{}: {}", self.template.unwrap_or_default(), self.what)
    }
}

/// An error of reqwest by what it is about, and what is at the bottom of it: `could not connect: Connection
/// refused (os error 111)`. What reqwest itself says may name the URL.
pub(crate) struct Brief<'a>(pub(crate) &'a reqwest::Error);

impl fmt::Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(what_failed(self.0))?;
        because(f, self.0)
    }
}

/// The same of an error in the middle of a body.
pub(crate) struct BrokenOff<'a>(pub(crate) &'a reqwest::Error);

impl fmt::Display for BrokenOff<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the response body broke off")?;
        because(f, self.0)
    }
}

fn because(f: &mut fmt::Formatter<'_>, error: &reqwest::Error) -> fmt::Result {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    match causes.last() {
        Some(bottom) => write!(f, ": {bottom}"),
        None => Ok(()),
    }
}
