//! The errors that a breaker has noted.

use std::time::Duration;

use steadfast_breaker::{CircuitBreaker, Mode};
use tokio::time::advance;

use super::{PAYMENTS, breaker, call};

/// Fails with an error that is noted.
fn fail(breaker: &CircuitBreaker, class: &str, message: &str) {
    breaker.note_error(class, message);
    call(breaker, false);
}

#[tokio::test(start_paused = true)]
async fn a_breaker_tells_its_newest_error_and_when_it_was() {
    let (breaker, mut shown) = breaker();
    let facts = &shown.row(PAYMENTS)["facts"];
    assert_eq!(
        (facts.get("last_error"), facts.get("last_error_at")),
        (None, None)
    );
    fail(&breaker, "timeout", "no answer within 2s");
    advance(Duration::from_secs(7)).await;
    fail(&breaker, "connect", "connection refused");
    let at = shown.row(PAYMENTS)["facts"]["last_error_at"].as_u64();
    advance(Duration::from_secs(5)).await;
    let row = shown.row(PAYMENTS);
    assert_eq!(row["facts"]["last_error"], "connect: connection refused");
    // The same point of time, however much later it is told.
    assert_eq!(row["facts"]["last_error_at"].as_u64(), at);
    assert!(at.is_some());
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_says_what_has_opened_it() {
    let (breaker, mut shown) = breaker();
    (0..5).for_each(|_| fail(&breaker, "connect", "connection refused"));
    assert_eq!(
        shown.row(PAYMENTS)["why"],
        "5 consecutive calls failed; last error: connect: connection refused"
    );
    // Of a forced one the reason is what somebody has said.
    breaker.set_mode(Mode::ForcedOpen, "being moved");
    assert_eq!(shown.row(PAYMENTS)["why"], "forced open: being moved");
    // And one that is closed is not accused of what is over.
    breaker.reset();
    assert_eq!(shown.row(PAYMENTS).get("why"), None);
}

/// An error that is noted again and again while nothing else happens is news each time; one that is not is none.
#[tokio::test(start_paused = true)]
async fn an_old_error_is_no_news() {
    let (breaker, mut shown) = breaker();
    fail(&breaker, "connect", "connection refused");
    shown.read();
    for _ in 0..60 {
        advance(Duration::from_secs(1)).await;
        shown.row(PAYMENTS);
    }
    let before = shown.row(PAYMENTS);
    advance(Duration::from_secs(1)).await;
    assert_eq!(shown.row(PAYMENTS), before);
}

/// Slow calls open it without an error; and one that nobody has given a class has none.
#[tokio::test(start_paused = true)]
async fn an_error_of_another_time_is_no_explanation() {
    let (breaker, mut shown) = breaker();
    breaker.note_error("", "connection refused");
    advance(Duration::from_secs(11)).await;
    (0..5).for_each(|_| call(&breaker, false));
    let row = shown.row(PAYMENTS);
    assert_eq!(row["why"], "5 consecutive calls failed");
    assert_eq!(row["facts"]["last_error"], "connection refused");
    // While it is open, one of what was in flight is.
    advance(Duration::from_secs(20)).await;
    breaker.note_error("timeout", "no answer");
    let why = &shown.row(PAYMENTS)["why"];
    assert_eq!(
        why,
        "5 consecutive calls failed; last error: timeout: no answer"
    );
    // A probe is made, which says nothing yet.
    advance(Duration::from_secs(10)).await;
    let _probe = breaker.try_acquire().unwrap();
    assert_eq!(shown.row(PAYMENTS)["why"], "the open time has passed");
}
