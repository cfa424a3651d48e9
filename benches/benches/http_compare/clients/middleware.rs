//! reqwest-retry in reqwest-middleware, as the README of the latter shows it: exponential backoff around a
//! `reqwest::Client`. The number of attempts and the bounds of the backoff are ours.

use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use reqwest_retry::RetryTransientMiddleware;
use reqwest_retry::policies::ExponentialBackoff;

use super::{ATTEMPTS, BASE, Limits, MAX_BACKOFF};

pub(super) fn client(limits: &Limits) -> ClientWithMiddleware {
    let mut builder = limits.reqwest();
    // reqwest's timeout holds for each attempt here.
    if let Some(timeout) = limits.attempt_timeout.or(limits.total_timeout) {
        builder = builder.timeout(timeout);
    }
    let builder = ClientBuilder::new(builder.build().expect("sound settings"));
    let policy = ExponentialBackoff::builder().retry_bounds(BASE, MAX_BACKOFF);
    let builder = match limits.total_timeout {
        Some(total) => {
            let policy =
                policy.build_with_total_retry_duration_and_max_retries(total, ATTEMPTS - 1);
            builder.with(RetryTransientMiddleware::new_with_policy(policy))
        }
        None => {
            let policy = policy.build_with_max_retries(ATTEMPTS - 1);
            builder.with(RetryTransientMiddleware::new_with_policy(policy))
        }
    };
    builder.build()
}
