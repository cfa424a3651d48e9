//! Calls that are dropped, and what keeps hedges from being sent in time.

use std::future::pending;

use steadfast_retry::Hedge;
use tokio::task::coop::consume_budget;
use tokio::time::{advance, timeout};

use super::script::{Gives, NEVER, Script, judge};
use super::{adds_up, at_100_ms};
use crate::ms;

#[tokio::test(start_paused = true)]
async fn a_call_that_was_never_polled_is_no_call() {
    let hedge = at_100_ms();
    let script = Script::new(&[NEVER]);
    drop(hedge.call(|attempt| script.attempt(attempt)));
    assert_eq!(hedge.snapshot().totals, Default::default());
    assert!(script.begun().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_call_can_be_dropped_at_any_time() {
    for drop_at in [1, 99, 100, 150, 200, 201, 5_000] {
        let hedge = Hedge::builder("test").delay(ms(100)).max_hedges(2);
        let hedge = hedge.unbudgeted().build().unwrap();
        let script = Script::new(&[NEVER, Gives::Err.after(30), NEVER]);
        let call = hedge
            .classify(judge)
            .call(|attempt| script.attempt(attempt));
        assert!(timeout(ms(drop_at), call).await.is_err());
        assert_eq!((script.running(), script.values()), (0, 0), "at {drop_at}");
        let snapshot = hedge.snapshot();
        adds_up(&snapshot, 0);
        assert_eq!(snapshot.totals.abandoned, 1);
        assert_eq!(snapshot.totals.sent, (drop_at / 100).min(2), "at {drop_at}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_can_be_dropped_while_it_waits_with_nothing_in_flight() {
    let hedge = Hedge::builder("test").on_failure_only().unbudgeted();
    let hedge = hedge.build().unwrap();
    let script = Script::new(&[Gives::RetryAfter(1_000).after(10)]);
    let call = hedge
        .classify(judge)
        .call(|attempt| script.attempt(attempt));
    assert!(timeout(ms(500), call).await.is_err());
    assert_eq!((script.running(), script.values()), (0, 0));
    assert_eq!(hedge.snapshot().totals.abandoned, 1);
    adds_up(&hedge.snapshot(), 0);
}

#[tokio::test(start_paused = true)]
async fn hedges_in_flight_are_seen_while_they_are() {
    let hedge = at_100_ms();
    let mut call = Box::pin(hedge.call(|_| pending::<Result<(), ()>>()));
    assert!(timeout(ms(50), call.as_mut()).await.is_err());
    assert_eq!(hedge.snapshot().in_flight, 0);
    adds_up(&hedge.snapshot(), 1);
    assert!(timeout(ms(60), call.as_mut()).await.is_err());
    assert_eq!(hedge.snapshot().in_flight, 1);
    adds_up(&hedge.snapshot(), 1);
    drop(call);
    assert_eq!(hedge.snapshot().in_flight, 0);
    adds_up(&hedge.snapshot(), 0);
}

/// tokio lets a task poll so many things at a time, and then nothing in it is ready any more, timers
/// included.
#[tokio::test(start_paused = true)]
async fn an_attempt_that_never_rests_does_not_keep_the_hedge_from_its_time() {
    let hedge = at_100_ms();
    let time = tokio::spawn(async {
        for _ in 0..20 {
            advance(ms(10)).await;
        }
    });
    let answer = hedge
        .call(|attempt| async move {
            if !attempt.is_hedge() {
                for _ in 0..1_000_000 {
                    consume_budget().await;
                }
            }
            Ok::<_, ()>(attempt.number())
        })
        .await;
    assert_eq!(answer, Ok(2));
    time.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_hedge_that_is_late_does_not_delay_the_next() {
    let hedge = Hedge::builder("test").delay(ms(100)).max_hedges(3);
    let hedge = hedge.unbudgeted().build().unwrap();
    let script = Script::new(&[NEVER, NEVER, NEVER, Gives::Ok.after(10)]);
    let mut call = Box::pin(hedge.call(|attempt| script.attempt(attempt)));
    assert!(timeout(ms(1), call.as_mut()).await.is_err());
    // The call is not polled meanwhile.
    advance(ms(249)).await;
    assert!(call.await.is_ok());
    assert_eq!(script.begun(), [0, 250, 250, 300]);
}
