//! What the patterns' own words are in metrics, spans and logs: lower case, with underscores.

#[cfg(feature = "breaker")]
pub(crate) fn state(state: steadfast_breaker::State) -> &'static str {
    use steadfast_breaker::State;
    match state {
        State::Closed => "closed",
        State::Open => "open",
        State::HalfOpen => "half_open",
    }
}

#[cfg(feature = "breaker")]
pub(crate) fn mode(mode: steadfast_breaker::Mode) -> &'static str {
    use steadfast_breaker::Mode;
    match mode {
        Mode::Automatic => "automatic",
        Mode::ForcedOpen => "forced_open",
        Mode::ForcedClosed => "forced_closed",
        Mode::Disabled => "disabled",
        Mode::Shadow => "shadow",
        _ => "other",
    }
}

/// Why a retried call was given up.
#[cfg(feature = "retry")]
pub(crate) fn gave_up(reason: steadfast_retry::Reason) -> &'static str {
    use steadfast_retry::Reason;
    match reason {
        Reason::Attempts => "exhausted",
        Reason::Deadline => "deadline",
        Reason::Budget => "budget",
        Reason::NotRetryable => "not_retryable",
        Reason::RetryAfterTooLong => "retry_after_too_long",
        Reason::Breaker => "breaker",
        _ => "other",
    }
}

/// Why a bulkhead gave no place, where nothing else says that it was one.
#[cfg(feature = "bulkhead")]
pub(crate) fn refused(reason: steadfast_bulkhead::Reason) -> &'static str {
    use steadfast_bulkhead::Reason;
    match reason {
        Reason::Full { .. } => "bulkhead_full",
        Reason::Timeout { .. } => "bulkhead_timeout",
        Reason::Closed => "bulkhead_closed",
        Reason::TooMany { .. } => "bulkhead_too_many",
        _ => "bulkhead",
    }
}
