//! Panics of everything that is not ours.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use steadfast_retry::{
    Budget, Hedge, HedgeObserver, HedgeSuppressed, HedgeTotals, Hedged, Verdict,
};
use tokio::time::{sleep, timeout};

use super::script::{Alive, Answer, Gives, Line, NEVER, Script, judge};
use super::{adds_up, at_100_ms};
use crate::ms;

/// Without the message that a plain panic prints.
fn blow_up() -> ! {
    resume_unwind(Box::new("as it should"))
}

/// Polls the call to its panic, and checks what is left of it before it is dropped.
async fn panics<T>(hedge: &Hedge, call: impl Future<Output = T>, left: impl Fn() -> usize) {
    let mut call = Box::pin(call);
    let outcome = AssertUnwindSafe(call.as_mut()).catch_unwind().await;
    assert!(outcome.is_err(), "no panic");
    assert_eq!(left(), 0, "attempts in flight after a panic");
    let totals = hedge.snapshot().totals;
    assert_eq!((totals.calls, totals.panicked), (1, 1), "{totals:?}");
    adds_up(&hedge.snapshot(), 0);
    drop(call);
    assert_eq!(hedge.snapshot().totals, totals, "dropping it counted again");
}

async fn scripted(lines: &[Line]) -> HedgeTotals {
    let hedge = at_100_ms();
    let script = Script::new(lines);
    let call = hedge
        .classify(judge)
        .call(|attempt| script.attempt(attempt));
    panics(&hedge, call, || script.running() + script.values()).await;
    hedge.snapshot().totals
}

#[tokio::test(start_paused = true)]
async fn a_primary_may_panic_at_its_first_poll() {
    let totals = scripted(&[Gives::Panic.after(0)]).await;
    assert_eq!(totals.sent, 0);
}

#[tokio::test(start_paused = true)]
async fn a_primary_may_panic_later() {
    let totals = scripted(&[Gives::Panic.after(50)]).await;
    assert_eq!(totals.sent, 0);
}

#[tokio::test(start_paused = true)]
async fn a_primary_may_panic_with_a_hedge_in_flight() {
    let totals = scripted(&[Gives::Panic.after(150), NEVER]).await;
    assert_eq!((totals.sent, totals.wasted), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_hedge_may_panic_at_its_first_poll() {
    let totals = scripted(&[NEVER, Gives::Panic.after(0)]).await;
    assert_eq!((totals.sent, totals.wasted), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_hedge_may_panic_after_the_primary_has_failed() {
    let totals = scripted(&[Gives::Err.after(120), Gives::Panic.after(50)]).await;
    assert_eq!((totals.sent, totals.wasted), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn the_operation_may_panic_for_the_primary_and_for_a_hedge() {
    for panicking in [1, 2] {
        let hedge = at_100_ms();
        let script = Script::new(&[NEVER, NEVER]);
        let call = hedge.call(|attempt| {
            if attempt.number() == panicking {
                blow_up();
            }
            script.attempt(attempt)
        });
        panics(&hedge, call, || script.running()).await;
        let totals = hedge.snapshot().totals;
        let sent = u64::from(panicking) - 1;
        assert_eq!((totals.sent, totals.wasted), (sent, sent));
    }
}

#[tokio::test(start_paused = true)]
async fn the_classifier_may_panic_over_any_attempt() {
    let ready_at = [
        [Gives::Ok.after(0), NEVER],
        [Gives::Ok.after(50), NEVER],
        [Gives::Ok.after(150), NEVER],
        [NEVER, Gives::Ok.after(0)],
        [NEVER, Gives::Ok.after(50)],
    ];
    for lines in ready_at {
        let hedge = at_100_ms();
        let script = Script::new(&lines);
        let call = hedge
            .classify(|_| blow_up())
            .call(|attempt| script.attempt(attempt));
        panics(&hedge, call, || script.running() + script.values()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_loser_may_panic_when_it_is_dropped() {
    for winner in [1, 3] {
        let hedge = Hedge::builder("test").delay(ms(100)).max_hedges(3);
        let hedge = hedge.unbudgeted().build().unwrap();
        let running = Arc::new(AtomicUsize::new(0));
        let call = hedge.call(|attempt| {
            let alive = Alive::new(&running);
            async move {
                let _alive = alive;
                let _bomb = (attempt.number() == 2).then(|| Bomb);
                sleep(ms(if attempt.number() == winner {
                    350
                } else {
                    9_000
                }))
                .await;
                Ok::<_, ()>(attempt.number())
            }
        });
        panics(&hedge, call, || running.load(Ordering::Relaxed)).await;
        let totals = hedge.snapshot().totals;
        assert_eq!((totals.sent, totals.wasted), (3, 3));
        assert_eq!(totals.won, 0, "it was not returned");
    }
}

/// A result or a future that does not go quietly.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            blow_up();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_result_that_is_not_returned_may_panic_when_it_is_dropped() {
    // The result of a hedge that has failed, and that of a primary once a hedge has won.
    for failing in [2, 1] {
        let hedge = at_100_ms();
        let running = Arc::new(AtomicUsize::new(0));
        let call = hedge.call(|attempt| {
            let alive = Alive::new(&running);
            async move {
                let _alive = alive;
                let fails = attempt.number() == failing;
                sleep(ms(if fails { 120 } else { 900 })).await;
                if fails { Err(Bomb) } else { Ok(()) }
            }
        });
        panics(&hedge, call, || running.load(Ordering::Relaxed)).await;
        let totals = hedge.snapshot().totals;
        assert_eq!((totals.sent, totals.won, totals.wasted), (1, 0, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_may_panic_when_the_call_is_dropped() {
    for panicking in 1..=3 {
        let hedge = Hedge::builder("test").delay(ms(100)).max_hedges(2);
        let hedge = hedge.unbudgeted().build().unwrap();
        let running = Arc::new(AtomicUsize::new(0));
        let mut call = Box::pin(hedge.call(|attempt| {
            let alive = Alive::new(&running);
            let bomb = (attempt.number() == panicking).then(|| Bomb);
            async move {
                let _held = (alive, bomb);
                std::future::pending::<Result<(), ()>>().await
            }
        }));
        assert!(timeout(ms(250), call.as_mut()).await.is_err());
        assert_eq!(running.load(Ordering::Relaxed), 3);
        let dropping = std::panic::catch_unwind(AssertUnwindSafe(|| drop(call)));
        assert!(dropping.is_err());
        assert_eq!(running.load(Ordering::Relaxed), 0);
        let totals = hedge.snapshot().totals;
        assert_eq!(
            (totals.abandoned, totals.panicked, totals.wasted),
            (1, 0, 2)
        );
        adds_up(&hedge.snapshot(), 0);
    }
}

/// What it panics with panics when it is dropped, and so does that.
struct Chain(u8);

impl Drop for Chain {
    fn drop(&mut self) {
        if self.0 > 0 && !std::thread::panicking() {
            resume_unwind(Box::new(Self(self.0 - 1)));
        }
    }
}

struct Panicking;

impl HedgeObserver for Panicking {
    fn hedged(&self, _: &Hedged) {
        resume_unwind(Box::new(Chain(3)));
    }

    fn suppressed(&self, _: &HedgeSuppressed) {
        resume_unwind(Box::new(Chain(3)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_an_observer_is_caught_with_all_that_it_carries() {
    let budget = Budget::builder("test").share(0.0);
    let budget = budget.min_per_second(0.1).build().unwrap();
    let hedge = Hedge::builder("test")
        .delay(ms(100))
        .max_hedges(2)
        .budget(budget)
        .observer(Panicking)
        .observer(Panicking)
        .build()
        .unwrap();
    let script = Script::new(&[NEVER, Gives::Ok.after(150)]);
    let answer = hedge.call(|attempt| script.attempt(attempt)).await;
    assert_eq!(answer.unwrap().number, 2);
    let totals = hedge.snapshot().totals;
    assert_eq!((totals.sent, totals.suppressed_budget), (1, 1));
    assert_eq!((totals.observer_panics, totals.panicked), (4, 0));
}

#[tokio::test(start_paused = true)]
async fn a_hedge_goes_on_working_after_panics() {
    let hedge = at_100_ms();
    for _ in 0..3 {
        let call = hedge.call(|_| async { blow_up() as Result<(), ()> });
        assert!(AssertUnwindSafe(call).catch_unwind().await.is_err());
    }
    let script = Script::new(&[NEVER, Gives::Ok.after(10)]);
    let answer = hedge
        .classify(|answer: &Answer| match answer {
            Ok(_) => Verdict::Accept,
            Err(_) => Verdict::Stop,
        })
        .call(|attempt| script.attempt(attempt))
        .await;
    assert_eq!(answer.unwrap().number, 2);
    assert_eq!(hedge.snapshot().totals.panicked, 3);
    adds_up(&hedge.snapshot(), 0);
}
