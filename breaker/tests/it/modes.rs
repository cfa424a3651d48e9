//! What an operator sets holds at once, holds until it ends, and says why.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use steadfast_breaker::{
    Cause, CircuitBreaker, Mode, ModeChange, Observer, Outcome, Reason, Rejected, State,
};

fn breaker() -> CircuitBreaker {
    CircuitBreaker::builder("payments")
        .failure_threshold(2)
        .success_threshold(1)
        .open_for(Duration::from_secs(10))
        .build()
        .unwrap()
}

fn fail(breaker: &CircuitBreaker) {
    breaker.try_acquire().unwrap().failure();
}

#[tokio::test(start_paused = true)]
async fn forced_open_rejects_at_once_and_says_why_and_for_how_long() {
    let breaker = breaker();
    breaker.set_mode_for(
        Mode::ForcedOpen,
        "moving payments",
        Duration::from_secs(600),
    );
    tokio::time::advance(Duration::from_secs(60)).await;
    let rejected = breaker.try_acquire().unwrap_err();
    assert_eq!(rejected.reason(), Reason::ForcedOpen);
    assert_eq!(rejected.forced_because(), Some("moving payments"));
    assert_eq!(rejected.retry_after(), Some(Duration::from_secs(540)));
    assert_eq!(
        rejected.to_string(),
        "circuit breaker payments is open: forced, because \"moving payments\"; retry after 540s"
    );
}

#[tokio::test(start_paused = true)]
async fn forced_open_outlives_the_open_time_and_ends_in_probes() {
    let breaker = breaker();
    breaker.set_mode(Mode::ForcedOpen, "until further notice");
    tokio::time::advance(Duration::from_secs(86_400)).await;
    let rejected = breaker.try_acquire().unwrap_err();
    assert_eq!(rejected.retry_after(), None);
    breaker.set_mode(Mode::Automatic, "");
    assert_eq!(breaker.state(), State::HalfOpen);
    let probe = breaker.try_acquire().unwrap();
    let second = breaker.try_acquire().unwrap_err();
    assert_eq!(second.reason(), Reason::ProbesBusy);
    probe.success();
    assert_eq!(breaker.state(), State::Closed);
}

/// Nobody looks between the end of the mode and the results: the results themselves must notice.
#[tokio::test(start_paused = true)]
async fn a_result_notices_that_forced_closed_has_ended() {
    let breaker = breaker();
    breaker.set_mode_for(Mode::ForcedClosed, "drill", Duration::from_secs(5));
    let permits: Vec<_> = (0..4).map(|_| breaker.try_acquire().unwrap()).collect();
    let mut permits = permits.into_iter();
    permits.next().unwrap().failure();
    permits.next().unwrap().failure();
    assert_eq!(breaker.state(), State::Closed, "forced closed never trips");
    tokio::time::advance(Duration::from_secs(5)).await;
    permits.next().unwrap().failure();
    assert_eq!(breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn a_disabled_breaker_counts_nothing_not_even_later() {
    let breaker = breaker();
    breaker.set_mode_for(Mode::Disabled, "it is wrong", Duration::from_secs(5));
    let before = breaker.snapshot();
    let permit = breaker.try_acquire().unwrap();
    fail(&breaker);
    breaker.observe(Outcome::Failure, Duration::ZERO);
    tokio::time::advance(Duration::from_secs(5)).await;
    permit.failure();
    let after = breaker.snapshot();
    assert_eq!(after.mode, Mode::Automatic);
    assert_eq!(after.totals, before.totals);
    assert_eq!(after.in_flight, 0);
    assert_eq!(after.consecutive_failures, 0);
}

/// Nobody looks but the calls themselves.
#[tokio::test(start_paused = true)]
async fn a_call_notices_that_the_breaker_is_no_longer_disabled() {
    let breaker = breaker();
    breaker.set_mode_for(Mode::Disabled, "it is wrong", Duration::from_secs(5));
    fail(&breaker);
    tokio::time::advance(Duration::from_secs(5)).await;
    fail(&breaker);
    assert_eq!(breaker.state(), State::Closed);
    fail(&breaker);
    assert_eq!(breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn shadow_goes_through_all_states_and_rejects_nothing() {
    let breaker = breaker();
    breaker.set_mode(Mode::Shadow, "trying a threshold");
    fail(&breaker);
    fail(&breaker);
    assert_eq!(breaker.state(), State::Open);
    breaker.try_acquire().unwrap().success();
    let open = breaker.snapshot();
    assert_eq!(
        open.state,
        State::Open,
        "a bystander's result moves nothing"
    );
    assert_eq!((open.totals.would_reject, open.totals.rejected), (1, 0));
    tokio::time::advance(Duration::from_secs(10)).await;
    breaker.try_acquire().unwrap().success();
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(breaker.snapshot().totals.would_reject, 1);
}

#[tokio::test(start_paused = true)]
async fn reset_clears_the_counts_of_a_closed_breaker_too() {
    let breaker = breaker();
    fail(&breaker);
    let late = breaker.try_acquire().unwrap();
    breaker.reset();
    late.failure();
    fail(&breaker);
    let snapshot = breaker.snapshot();
    assert_eq!(snapshot.state, State::Closed);
    assert_eq!(snapshot.consecutive_failures, 1);
    assert_eq!(snapshot.totals.stale, 1);
    assert_eq!(snapshot.cause, Some(Cause::Reset));
}

#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Heard {
    fn note(&self, text: String) {
        self.0.lock().unwrap().push(text);
    }
}

impl Observer for Heard {
    fn mode_changed(&self, change: &ModeChange) {
        let ModeChange {
            from,
            to,
            reason,
            expires_in,
            ..
        } = change;
        self.note(format!("{from} -> {to}, {reason:?}, {expires_in:?}"));
    }

    fn would_reject(&self, rejected: &Rejected) {
        self.note(format!("would reject: {:?}", rejected.reason()));
    }
}

#[tokio::test(start_paused = true)]
async fn observers_hear_of_modes_and_of_what_shadow_lets_through() {
    let breaker = breaker();
    let heard = Arc::new(Heard::default());
    breaker.add_observer(Arc::clone(&heard) as Arc<dyn Observer>);
    breaker.set_mode_for(Mode::Shadow, "trial", Duration::from_secs(5));
    fail(&breaker);
    fail(&breaker);
    breaker.try_acquire().unwrap().ignore();
    tokio::time::advance(Duration::from_secs(5)).await;
    assert!(breaker.try_acquire().is_err());
    assert_eq!(
        *heard.0.lock().unwrap(),
        [
            "automatic -> shadow, Some(\"trial\"), Some(5s)",
            "would reject: Open { cause: ConsecutiveFailures { failures: 2 } }",
            "shadow -> automatic, None, None",
        ]
    );
}
