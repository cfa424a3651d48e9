//! The rules of the house: what may be sent twice, what is worth sending twice, and what counts
//! against the server.

use std::error::Error as StdError;

use http::{HeaderMap, HeaderName, Method, StatusCode};
use steadfast_breaker::Outcome;

use crate::redirected::Redirects;

/// The header by which a client tells a server that two requests are one.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Whether the request may reach the server twice: what the caller said, else whether it carries an
/// idempotency key, else whether its method is idempotent by definition (RFC 9110, 9.2.2).
///
/// Decided from the request alone, never from a response: a timeout has none.
pub(crate) fn is_idempotent(told: Option<bool>, method: &Method, headers: &HeaderMap) -> bool {
    told.unwrap_or_else(|| {
        let keyed = headers
            .get(IDEMPOTENCY_KEY)
            .is_some_and(|key| !key.is_empty());
        keyed
            || matches!(
                *method,
                Method::GET
                    | Method::HEAD
                    | Method::OPTIONS
                    | Method::TRACE
                    | Method::PUT
                    | Method::DELETE
            )
    })
}

/// Whether a response with this status is worth another attempt.
pub(crate) fn is_retryable(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

/// What a response with this status says about the server.
///
/// A 501 is the answer of a healthy server that cannot do this. 408, 425 and 429 are about the
/// client's pace, and say nothing. Every other 4xx is the server at work.
pub(crate) fn outcome(status: StatusCode) -> Outcome {
    match status.as_u16() {
        408 | 425 | 429 => Outcome::Ignored,
        500 | 502..=599 => Outcome::Failure,
        _ => Outcome::Success,
    }
}

/// What an error of reqwest means for the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    /// What it says about the server.
    pub(crate) outcome: Outcome,
    /// Whether the server may have seen the request. `false` is a proof.
    pub(crate) sent: bool,
    /// Whether another attempt may end better.
    pub(crate) transient: bool,
}

/// Reads an error that came in place of a response head.
pub(crate) fn fault(error: &reqwest::Error, redirects: Redirects) -> Fault {
    let nack = nack(error);
    // After a redirect a connect error is about the next hop: the first one got the request. Where
    // redirects are not told of, there may have been one.
    let unsent = (error.is_connect() || nack.is_some()) && redirects == Redirects::None;
    if error.is_builder() {
        Fault {
            outcome: Outcome::Ignored,
            sent: redirects != Redirects::None,
            transient: false,
        }
    } else if error.is_redirect() || error.is_upgrade() || is_callers(error) {
        Fault {
            outcome: Outcome::Ignored,
            sent: true,
            transient: false,
        }
    } else {
        Fault {
            outcome: match nack {
                Some(Nack::Leaving) => Outcome::Ignored,
                Some(Nack::Refused) | None => Outcome::Failure,
            },
            sent: !unsent,
            transient: true,
        }
    }
}

/// Whether the error comes from the caller's own request body.
fn is_callers(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| {
        cause
            .downcast_ref::<hyper::Error>()
            .is_some_and(hyper::Error::is_user)
    })
}

/// The two ways in which an HTTP/2 server says that it has not touched a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "http2"), expect(dead_code, reason = "HTTP/2 only"))]
enum Nack {
    /// The connection is being closed in good order; the request came after the last one it takes.
    Leaving,
    /// This stream is refused.
    Refused,
}

#[cfg(feature = "http2")]
fn nack(error: &reqwest::Error) -> Option<Nack> {
    let error = causes(error).find_map(|cause| cause.downcast_ref::<h2::Error>())?;
    if !error.is_remote() {
        return None;
    }
    match error.reason()? {
        h2::Reason::NO_ERROR if error.is_go_away() => Some(Nack::Leaving),
        h2::Reason::REFUSED_STREAM if error.is_reset() => Some(Nack::Refused),
        _ => None,
    }
}

#[cfg(not(feature = "http2"))]
fn nack(_: &reqwest::Error) -> Option<Nack> {
    None
}

/// What is behind an error, from the nearest cause to the root.
fn causes<'e>(error: &'e reqwest::Error) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(error.source(), |&cause| cause.source())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn keyed(key: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(IDEMPOTENCY_KEY, HeaderValue::from_static(key))])
    }

    #[test]
    fn methods_that_are_idempotent_by_definition_may_be_sent_twice() {
        let none = HeaderMap::new();
        for method in ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"] {
            let method: Method = method.parse().unwrap();
            assert!(is_idempotent(None, &method, &none), "{method}");
        }
        for method in ["POST", "PATCH", "CONNECT", "PROPFIND", "get"] {
            let method: Method = method.parse().unwrap();
            assert!(!is_idempotent(None, &method, &none), "{method}");
        }
    }

    #[test]
    fn an_idempotency_key_makes_a_post_idempotent_unless_it_is_empty() {
        assert!(is_idempotent(None, &Method::POST, &keyed("8e03978e")));
        assert!(!is_idempotent(None, &Method::POST, &keyed("")));
    }

    #[test]
    fn the_caller_has_the_last_word() {
        let none = HeaderMap::new();
        assert!(is_idempotent(Some(true), &Method::POST, &none));
        assert!(!is_idempotent(Some(false), &Method::GET, &none));
        assert!(!is_idempotent(
            Some(false),
            &Method::POST,
            &keyed("8e03978e")
        ));
    }

    #[test]
    fn only_statuses_that_may_pass_are_retried() {
        let retried: Vec<u16> = (100..1000)
            .filter(|status| is_retryable(StatusCode::from_u16(*status).unwrap()))
            .collect();
        assert_eq!(retried, [408, 425, 429, 500, 502, 503, 504]);
    }

    #[test]
    fn server_errors_fail_throttling_says_nothing_and_the_rest_succeeds() {
        for status in 100..1000 {
            let expected = match status {
                408 | 425 | 429 => Outcome::Ignored,
                500 | 502..600 => Outcome::Failure,
                _ => Outcome::Success,
            };
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(outcome(status), expected, "{status}");
        }
    }
}
