//! The attempts before the last one.

use std::time::Duration;

use http::StatusCode;

/// An attempt that was followed by another: what it ended in, and how long the request waited then.
/// Part of [`Error::history`](crate::Error::history).
///
/// It has no text of the server's and no URL, so that it can be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Past {
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// The status of its response, if there was one.
    pub status: Option<StatusCode>,
    /// Why there was no response, in the words of OpenTelemetry's `error.type`: `timeout`, `connect`,
    /// `transport`.
    pub error_type: Option<&'static str>,
    /// How long the request then waited, or would have: its backoff, or what `Retry-After` asked for.
    pub wait: Duration,
}

/// How many are kept, the latest: a request may be attempted four billion times.
const MOST: usize = 16;

/// Adds to a history, and forgets what is too long ago.
pub(crate) fn push(history: &mut Vec<Past>, past: Past) {
    if history.len() == MOST {
        history.remove(0);
    }
    history.push(past);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_keeps_the_latest() {
        let mut history = Vec::new();
        for attempt in 1..=100 {
            let past = Past {
                attempt,
                status: Some(StatusCode::SERVICE_UNAVAILABLE),
                error_type: None,
                wait: Duration::ZERO,
            };
            push(&mut history, past);
        }
        let numbers: Vec<u32> = history.iter().map(|past| past.attempt).collect();
        assert_eq!(numbers, (85..=100).collect::<Vec<_>>());
    }
}
