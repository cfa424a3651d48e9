//! reqwest alone: `Client::new()`, and a timeout where the scenario is about time.

use reqwest::Client;

use super::Limits;

pub(super) fn client(limits: &Limits) -> Client {
    let mut builder = limits.reqwest();
    // It has one timeout for a request, which covers the body.
    if let Some(timeout) = limits.total_timeout.or(limits.attempt_timeout) {
        builder = builder.timeout(timeout);
    }
    builder.build().expect("sound settings")
}
