//! Ours, by default; of its settings only those that the scenario names.

use reqwest::redirect::Policy;
use steadfast_http::Client;

use super::Limits;

pub(super) fn client(limits: &Limits) -> Client {
    let mut builder = Client::builder();
    if limits.resolver.is_some() {
        // A given builder's redirects cannot be seen, unless they are given again.
        builder = builder
            .reqwest(limits.reqwest())
            .redirect(Policy::default());
    }
    if limits.http2 {
        builder = builder.http2_prior_knowledge();
    }
    if let Some(timeout) = limits.attempt_timeout {
        builder = builder.attempt_timeout(timeout);
    }
    if let Some(timeout) = limits.total_timeout {
        builder = builder.total_timeout(timeout);
    }
    if let Some(timeout) = limits.read_timeout {
        builder = builder.read_timeout(timeout);
    }
    if let Some(most) = limits.max_concurrent {
        builder = builder.max_concurrent(most);
    }
    if let Some(time) = limits.open_for {
        builder = builder.open_for(time);
    }
    if limits.no_breaker {
        builder = builder.failure_threshold(u32::MAX);
    }
    if let Some(bytes) = limits.max_body {
        builder = builder.max_response_bytes(bytes);
    }
    builder.build().expect("sound settings")
}
