//! How long a server asks to be left alone, in the many ways it can say so.
//!
//! In order of precedence:
//!
//! 1. `Retry-After`: seconds or a date.
//! 2. `RateLimit` (draft-ietf-httpapi-ratelimit-headers): `"policy";r=0;t=30`, or as it once was
//!    `limit=100, remaining=0, reset=30`.
//! 3. `RateLimit-Reset`, with `RateLimit-Remaining`.
//! 4. `X-RateLimit-Reset` or `X-Rate-Limit-Reset`, with their `-Remaining`.
//! 5. `x-ratelimit-reset-requests` and `-tokens`, with their `-remaining-`, as APIs of language models
//!    have them: the longer of those that are used up.
//!
//! All but the first tell when a quota is full again, not that it is empty. So they count on a 429 only,
//! where an empty quota is the likely reason, and not if they say that something remains: then it was
//! another limit, and the time has nothing to do with it. A 503 is no question of quotas: there, as
//! everywhere else, `Retry-After` alone counts.

mod read;

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode};

use crate::retry_after::retry_after;
use read::{Quota, quotas, reset, whole_number};

/// How long the server asks to be left alone by a response with this status. `None` if it does not.
pub(crate) fn stated_wait(
    status: StatusCode,
    headers: &HeaderMap,
    now: SystemTime,
) -> Option<Duration> {
    let wait = retry_after(headers, now);
    if status != StatusCode::TOO_MANY_REQUESTS {
        return wait;
    }
    wait.or_else(|| rate_limit(headers))
        .or_else(|| single(headers, now, "ratelimit-reset", "ratelimit-remaining"))
        .or_else(|| single(headers, now, "x-ratelimit-reset", "x-ratelimit-remaining"))
        .or_else(|| single(headers, now, "x-rate-limit-reset", "x-rate-limit-remaining"))
        .or_else(|| language_model(headers, now))
}

/// The longest wait of all quotas that are used up.
fn rate_limit(headers: &HeaderMap) -> Option<Duration> {
    values(headers, "ratelimit")
        .flat_map(quotas)
        .filter(Quota::may_be_used_up)
        .filter_map(|quota| quota.reset)
        .max()
}

/// The wait of a quota with a header of its own for each number.
fn single(
    headers: &HeaderMap,
    now: SystemTime,
    reset_name: &str,
    remaining_name: &str,
) -> Option<Duration> {
    let remains = values(headers, remaining_name)
        .filter_map(whole_number)
        .any(|remaining| remaining > 0);
    if remains {
        return None;
    }
    values(headers, reset_name)
        .filter_map(|text| reset(text, now))
        .max()
}

/// Here a quota that is not known to be used up says nothing: there are two, and one is enough.
fn language_model(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let quotas = [
        (
            "x-ratelimit-reset-requests",
            "x-ratelimit-remaining-requests",
        ),
        ("x-ratelimit-reset-tokens", "x-ratelimit-remaining-tokens"),
    ];
    quotas
        .into_iter()
        .filter(|(_, remaining)| {
            values(headers, remaining).any(|text| whole_number(text) == Some(0))
        })
        .filter_map(|(reset, remaining)| single(headers, now, reset, remaining))
        .max()
}

fn values<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h str> + use<'h> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .map(str::trim)
}

#[cfg(test)]
mod tests;
