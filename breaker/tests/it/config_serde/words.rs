//! What dashboards and operators' APIs get to see.

use std::time::Duration;

use serde_json::{json, to_value};
use steadfast_breaker::{Cause, CircuitBreaker, Mode, Outcome, State};
use tokio::time::advance;

#[test]
fn states_and_outcomes_are_words() {
    let states = [State::Closed, State::Open, State::HalfOpen];
    assert_eq!(
        to_value(states).unwrap(),
        json!(["closed", "open", "half_open"])
    );
    let outcomes = [Outcome::Success, Outcome::Failure, Outcome::Ignored];
    assert_eq!(
        to_value(outcomes).unwrap(),
        json!(["success", "failure", "ignored"])
    );
}

#[test]
fn a_mode_is_a_word_that_can_be_read_back() {
    let modes = [
        (Mode::Automatic, "automatic"),
        (Mode::ForcedOpen, "forced_open"),
        (Mode::ForcedClosed, "forced_closed"),
        (Mode::Disabled, "disabled"),
        (Mode::Shadow, "shadow"),
    ];
    for (mode, word) in modes {
        assert_eq!(to_value(mode).unwrap(), json!(word));
        assert_eq!(serde_json::from_value::<Mode>(json!(word)).unwrap(), mode);
        assert_eq!(mode.to_string().replace(' ', "_"), word);
    }
}

#[test]
fn a_word_that_is_no_mode_is_refused_with_those_that_are() {
    let error = serde_json::from_value::<Mode>(json!("forced open")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown variant `forced open`, expected one of `automatic`, `forced_open`, \
         `forced_closed`, `disabled`, `shadow`"
    );
    let error = serde_json::from_value::<Mode>(json!(3)).unwrap_err();
    assert!(
        error.to_string().contains("the mode of a circuit breaker"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_is_plain_data() {
    let breaker = CircuitBreaker::builder("payments")
        .failure_rate(0.5)
        .min_calls(2)
        .build()
        .unwrap();
    breaker.observe(Outcome::Success, Duration::ZERO);
    breaker.note_error("503", "Service Unavailable");
    breaker.observe(Outcome::Failure, Duration::ZERO);
    advance(Duration::from_micros(1_234_500)).await;
    breaker.set_mode_for(Mode::Shadow, "trying", Duration::from_secs(9));
    drop(breaker.try_acquire().unwrap());
    assert_eq!(
        to_value(breaker.snapshot()).unwrap(),
        json!({
            "name": "payments",
            "state": "open",
            "mode": "shadow",
            "mode_reason": "trying",
            "mode_expires_in_ms": 9000.0,
            "in_state_for_ms": 1234.5,
            "cause": {
                "kind": "failure_rate",
                "failures": 1,
                "calls": 2,
                "text": "1 of the last 2 calls failed",
            },
            "retry_after_ms": 28_765.5,
            "ramp_up_share": null,
            "generation": 1,
            "consecutive_failures": 0,
            "window": {
                "calls": 2,
                "failures": 1,
                "slow": 0,
                "slow_in_flight": 0,
                "failure_rate": 0.5,
                "slow_call_rate": null,
            },
            "in_flight": 0,
            "totals": {
                "success": 1,
                "failure": 1,
                "ignored": 0,
                "abandoned": 1,
                "panicked": 0,
                "slow": 0,
                "rejected": 0,
                "would_reject": 1,
                "stale": 0,
                "opened": 1,
                "half_opened": 0,
                "closed": 0,
                "observer_panics": 0,
            },
            "last_errors": [{
                "class": "503",
                "message": "Service Unavailable",
                "count": 1,
                "first_ago_ms": 1234.5,
                "last_ago_ms": 1234.5,
            }],
        })
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_snapshot_lacks_is_null() {
    let breaker = CircuitBreaker::builder("new").build().unwrap();
    let value = to_value(breaker.snapshot()).unwrap();
    let lacking: Vec<_> = value
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, value)| value.is_null())
        .map(|(key, _)| key.as_str())
        .collect();
    assert_eq!(
        lacking,
        [
            "cause",
            "mode_expires_in_ms",
            "mode_reason",
            "ramp_up_share",
            "retry_after_ms",
            "window"
        ]
    );
    assert_eq!(value["generation"], json!(0));
}

#[test]
fn a_cause_has_its_kind_its_counts_and_a_text() {
    let (failures, slow, calls) = (3, 4, 5);
    let causes = [
        (
            Cause::ConsecutiveFailures { failures },
            json!({"kind": "consecutive_failures", "failures": 3}),
        ),
        (
            Cause::FailureRate { failures, calls },
            json!({"kind": "failure_rate", "failures": 3, "calls": 5}),
        ),
        (
            Cause::SlowCallRate { slow, calls },
            json!({"kind": "slow_call_rate", "slow": 4, "calls": 5}),
        ),
        (
            Cause::ProbeFailureRate { failures, calls },
            json!({"kind": "probe_failure_rate", "failures": 3, "calls": 5}),
        ),
        (Cause::ProbeFailed, json!({"kind": "probe_failed"})),
        (Cause::ProbeSlow, json!({"kind": "probe_slow"})),
        (Cause::ProbesExpired, json!({"kind": "probes_expired"})),
        (Cause::OpenElapsed, json!({"kind": "open_elapsed"})),
        (Cause::ProbesSucceeded, json!({"kind": "probes_succeeded"})),
        (Cause::Forced, json!({"kind": "forced"})),
        (Cause::ForceEnded, json!({"kind": "force_ended"})),
        (Cause::Reset, json!({"kind": "reset"})),
    ];
    for (cause, mut expected) in causes {
        expected["text"] = json!(cause.to_string());
        assert_eq!(to_value(cause).unwrap(), expected);
    }
}
