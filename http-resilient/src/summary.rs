//! A request in brief, for errors: what it was, and how far it got.

use std::fmt;
use std::sync::Arc;

use http::Method;
use reqwest::Url;

use crate::past::Past;

/// A request in brief: what it was, how often it was attempted, and whether the server may have seen
/// it. Prints as `GET http://host/path`, without query, fragment and credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestSummary {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) authority: Arc<str>,
    pub(crate) attempts: u32,
    pub(crate) sent: bool,
    pub(crate) history: Vec<Past>,
}

impl RequestSummary {
    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The URL, whole.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Host and port: what breakers and bulkheads are kept by.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// How many attempts were made. One that a breaker or a bulkhead rejected is none.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Whether the server may have seen the request, in any of the attempts.
    #[must_use]
    pub fn was_sent(&self) -> bool {
        self.sent
    }

    /// The attempts that were followed by others, in their order: the latest sixteen.
    #[must_use]
    pub fn history(&self) -> &[Past] {
        &self.history
    }
}

impl fmt::Display for RequestSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.url.clone();
        redact(&mut url);
        write!(f, "{} {url}", self.method)
    }
}

impl fmt::Debug for RequestSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.url.clone();
        redact(&mut url);
        f.debug_struct("RequestSummary")
            .field("method", &self.method)
            .field("url", &url.as_str())
            .field("attempts", &self.attempts)
            .field("sent", &self.sent)
            .field("history", &self.history)
            .finish()
    }
}

/// Takes out what may be secret: credentials, the fragment, and the query, which leaves a mark.
pub(crate) fn redact(url: &mut Url) {
    // Both fail only for URLs that cannot have credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
    if url.query().is_some() {
        url.set_query(Some("REDACTED"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(url: &str) -> RequestSummary {
        RequestSummary {
            method: Method::GET,
            url: Url::parse(url).unwrap(),
            authority: Arc::from("api.example:80"),
            attempts: 0,
            sent: false,
            history: Vec::new(),
        }
    }

    #[test]
    fn prints_the_method_and_the_url() {
        let summary = summary("http://api.example/orders/7");
        assert_eq!(summary.to_string(), "GET http://api.example/orders/7");
    }

    #[test]
    fn leaves_out_what_may_be_secret() {
        let summary = summary("http://user:hunter2@api.example/orders?token=hunter2#hunter2");
        for text in [summary.to_string(), format!("{summary:?}")] {
            assert!(!text.contains("hunter2"), "{text}");
            assert!(
                text.contains("http://api.example/orders?REDACTED"),
                "{text}"
            );
        }
        assert_eq!(summary.url().query(), Some("token=hunter2"));
    }
}
