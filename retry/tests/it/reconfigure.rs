//! Settings that change while calls are under way.

use std::cell::Cell;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use futures_util::FutureExt;
use steadfast_retry::{
    Budget, BudgetConfig, Config, Failure, GaveUp, Observer, Reason, Retry, Retrying,
};
use tokio::time::sleep;

use crate::{exact, ms, now};

/// Its settings, changed.
fn change(retry: &Retry, change: impl FnOnce(&mut Config)) {
    let mut config = retry.config().clone();
    change(&mut config);
    retry.reconfigure(config).unwrap();
}

fn own(share: f64, min_per_second: f64) -> Option<BudgetConfig> {
    let mut config = BudgetConfig::default();
    (config.share, config.min_per_second) = (share, min_per_second);
    Some(config)
}

/// Fails at once, after the settings were changed in the attempt of this number.
async fn failing_with_a_change_at(
    retry: &Retry,
    number: u32,
    to: impl Fn(&mut Config),
) -> (u32, Reason) {
    let exhausted = retry
        .call(|attempt| {
            if attempt.number() == number {
                change(retry, &to);
            }
            async { Err::<(), _>("down") }
        })
        .await
        .unwrap_err();
    (exhausted.attempts, exhausted.reason)
}

#[tokio::test(start_paused = true)]
async fn every_handle_sees_the_new_settings_and_the_counts_go_on() {
    let retry = exact().max_attempts(2).build().unwrap();
    let clone = retry.clone();
    assert!(retry.call(|_| async { Err::<(), _>(()) }).await.is_err());
    let before = retry.config();
    change(&retry, |config| config.max_attempts = 4);
    assert_eq!((before.max_attempts, clone.config().max_attempts), (2, 4));
    let exhausted = clone.call(|_| async { Err::<(), _>(()) }).await;
    assert_eq!(exhausted.unwrap_err().attempts, 4);
    assert_eq!(retry.snapshot().totals.exhausted_attempts, 2);
    assert_eq!(retry.snapshot().totals.retries, 1 + 3);
}

#[test]
fn what_breaks_a_rule_changes_nothing_and_is_named_in_full() {
    let retry = Retry::builder("payments").build().unwrap();
    let before = retry.config().clone();
    let mut config = before.clone();
    (config.max_attempts, config.history) = (0, 1001);
    config.budget = own(-1.0, 1.0);
    let error = retry.reconfigure(config).unwrap_err();
    assert_eq!(
        error.to_string(),
        "retry \"payments\" is misconfigured: max_attempts = 0 (must be at least 1); \
         history = 1001 (must be at most 1000); \
         budget.share = -1.0 (must be at least 0 and at most 10)"
    );
    assert_eq!(*retry.config(), before);
    assert!(retry.budget().is_none());
}

#[test]
fn the_same_settings_again_are_kept_once() {
    let retry = Retry::builder("payments").build().unwrap();
    let before = std::ptr::from_ref(retry.config());
    retry.reconfigure(retry.config().clone()).unwrap();
    assert_eq!(before, std::ptr::from_ref(retry.config()));
}

#[tokio::test(start_paused = true)]
async fn a_call_in_flight_goes_by_the_new_number_of_attempts() {
    let retry = exact().max_attempts(5).build().unwrap();
    let fewer = failing_with_a_change_at(&retry, 3, |config| config.max_attempts = 2).await;
    assert_eq!(fewer, (3, Reason::Attempts));
    let more = failing_with_a_change_at(&retry, 2, |config| config.max_attempts = 4).await;
    assert_eq!(more, (4, Reason::Attempts));
    // The quick way, without waits and history.
    let quick = |config: &mut Config| {
        (config.base_backoff, config.history) = (Duration::ZERO, 0);
        config.max_attempts = 100;
    };
    change(&retry, quick);
    let fewer = failing_with_a_change_at(&retry, 7, |config| config.max_attempts = 3).await;
    assert_eq!(fewer, (7, Reason::Attempts));
}

#[tokio::test(start_paused = true)]
async fn a_number_of_attempts_of_the_calls_own_stays() {
    let retry = exact().max_attempts(5).build().unwrap();
    let exhausted = retry
        .on_retry(|_, _, _| change(&retry, |config| config.max_attempts = 1))
        .max_attempts(3)
        .call(|_| async { Err::<(), _>("down") })
        .await;
    assert_eq!(exhausted.unwrap_err().attempts, 3);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_has_begun_stays_and_the_next_one_is_of_the_new_schedule() {
    let retry = exact().max_attempts(3).build().unwrap();
    let (begun, times) = (now(), Cell::new([Duration::ZERO; 3]));
    let call = retry.call(|attempt| {
        let mut all = times.get();
        all[attempt.number() as usize - 1] = begun.elapsed();
        times.set(all);
        async { Err::<(), _>("down") }
    });
    let changing = async {
        sleep(ms(50)).await;
        change(&retry, |config| {
            config.base_backoff = ms(1000);
            config.max_attempts = 3;
        });
    };
    let (ended, ()) = tokio::join!(call, changing);
    assert_eq!(ended.unwrap_err().attempts, 3);
    assert_eq!(times.get(), [ms(0), ms(100), ms(2100)]);
}

#[tokio::test(start_paused = true)]
async fn the_limit_of_a_call_is_fixed_when_it_begins() {
    let retry = exact().max_elapsed(ms(250)).build().unwrap();
    let call = retry.call(|_| async { Err::<(), _>("down") });
    let changing = async {
        sleep(ms(50)).await;
        change(&retry, |config| config.max_elapsed = None);
    };
    let (ended, ()) = tokio::join!(call, changing);
    let ended = ended.unwrap_err();
    // After 100 ms there are 150 left, which the wait of 200 would use up.
    assert_eq!((ended.attempts, ended.reason), (2, Reason::Deadline));
    // And a limit that comes later is none for a call that has begun without.
    let call = retry.call(|_| async { Err::<(), _>("down") });
    let changing = async {
        sleep(ms(50)).await;
        change(&retry, |config| config.max_elapsed = Some(ms(250)));
    };
    let (ended, ()) = tokio::join!(call, changing);
    let ended = ended.unwrap_err();
    assert_eq!((ended.attempts, ended.reason), (5, Reason::Attempts));
    let next = retry.call(|_| async { Err::<(), _>("down") }).await;
    assert_eq!(next.unwrap_err().reason, Reason::Deadline);
}

/// How long the attempts of a call took that were cut off, whose settings change after 50 ms.
async fn timeouts(before: Option<u64>, after: Option<u64>, max_elapsed: Option<u64>) -> Vec<u64> {
    let builder = exact().base_backoff(Duration::ZERO).max_attempts(2);
    let retry = builder.build().unwrap();
    change(&retry, |config| {
        config.attempt_timeout = before.map(ms);
        config.max_elapsed = max_elapsed.map(ms);
    });
    let mut cut_off = Vec::new();
    let call = retry
        .on_retry(|_, last: &Failure<()>, _| {
            if let Failure::TimedOut { after } = last {
                cut_off.push(after.as_millis() as u64);
            }
        })
        .call(|_| async {
            // Looks up now and then, as one that reads a stream does.
            sleep(ms(60)).await;
            sleep(ms(340)).await;
            Err::<(), _>(())
        });
    let changing = async {
        sleep(ms(50)).await;
        change(&retry, |config| config.attempt_timeout = after.map(ms));
    };
    let (ended, ()) = tokio::join!(call, changing);
    if let Failure::TimedOut { after } = ended.unwrap_err().last {
        cut_off.push(after.as_millis() as u64);
    }
    cut_off
}

#[tokio::test(start_paused = true)]
async fn an_attempt_under_way_keeps_its_timeout_and_the_next_has_the_new_one() {
    for max_elapsed in [None, Some(10_000)] {
        assert_eq!(
            timeouts(Some(100), Some(300), max_elapsed).await,
            [100, 300]
        );
        assert_eq!(
            timeouts(Some(300), Some(100), max_elapsed).await,
            [300, 100]
        );
        assert_eq!(timeouts(None, Some(100), max_elapsed).await, [100]);
        assert_eq!(timeouts(Some(100), None, max_elapsed).await, [100]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_history_that_became_shorter_drops_what_is_too_much() {
    let retry = exact().max_attempts(6).history(8).build().unwrap();
    let exhausted = retry
        .call(|attempt| {
            if attempt.number() == 5 {
                change(&retry, |config| config.history = 2);
            }
            async move { Err::<(), _>(attempt.number()) }
        })
        .await
        .unwrap_err();
    let kept: Vec<_> = exhausted.history.iter().map(|past| past.attempt).collect();
    assert_eq!(kept, [1, 5]);
}

#[tokio::test(start_paused = true)]
async fn a_budget_of_its_own_changes_in_place_and_goes_and_comes_back() {
    let retry = exact().max_attempts(2).build().unwrap();
    let fails = || async {
        let ended = retry.call(|_| async { Err::<(), _>("down") }).await;
        ended.unwrap_err().reason
    };
    change(&retry, |config| config.budget = own(0.0, 0.1));
    let budget = retry.budget().unwrap().clone();
    assert_eq!(budget.name(), "test");
    assert_eq!(
        (fails().await, fails().await),
        (Reason::Attempts, Reason::Budget)
    );
    change(&retry, |config| config.budget = own(0.0, 0.2));
    assert_eq!(
        (fails().await, fails().await),
        (Reason::Attempts, Reason::Budget)
    );
    change(&retry, |config| config.budget = None);
    assert!(retry.budget().is_none() && retry.snapshot().budget.is_none());
    assert_eq!(fails().await, Reason::Attempts);
    change(&retry, |config| config.budget = own(0.0, 0.2));
    assert_eq!(
        fails().await,
        Reason::Budget,
        "what was spent is not forgotten"
    );
    let totals = budget.snapshot().totals;
    assert_eq!(totals, retry.budget().unwrap().snapshot().totals);
    assert_eq!((totals.calls, totals.spent_retries), (5, 2));
}

#[tokio::test(start_paused = true)]
async fn what_a_budget_has_granted_is_settled_with_it_whatever_the_settings_are_by_then() {
    let retry = exact().max_attempts(2).build().unwrap();
    // The budget comes while an attempt is under way, and goes while the call waits.
    let comes = |retry: &Retry| change(retry, |config| config.budget = own(1.0, 1.0));
    let goes = |retry: &Retry| change(retry, |config| config.budget = None);
    let call = retry.call(|attempt| {
        if attempt.number() == 1 {
            comes(&retry);
        }
        async { Err::<(), _>("down") }
    });
    let budget = async {
        sleep(ms(50)).await;
        let budget = retry.budget().unwrap().clone();
        assert_eq!(budget.snapshot().waiting, 1);
        goes(&retry);
        budget
    };
    let (ended, budget) = tokio::join!(call, budget);
    assert_eq!(ended.unwrap_err().reason, Reason::Attempts);
    let seen = budget.snapshot();
    assert_eq!((seen.waiting, seen.totals.spent_retries), (0, 1));
    // One that is dropped in its wait gives back.
    comes(&retry);
    let mut call = Box::pin(retry.call(|_| async { Err::<(), _>("down") }));
    assert!(call.as_mut().now_or_never().is_none());
    goes(&retry);
    assert_eq!(budget.snapshot().waiting, 1);
    drop(call);
    let seen = budget.snapshot();
    assert_eq!((seen.waiting, seen.totals.given_back), (0, 1));
}

#[test]
fn a_budget_that_was_brought_along_stays_and_is_not_changed() {
    let budget = Budget::builder("all").build().unwrap();
    let retry = exact().budget(budget.clone()).build().unwrap();
    change(&retry, |config| config.max_attempts = 2);
    assert_eq!(retry.budget().unwrap().name(), "all");
    let mut config = retry.config().clone();
    config.budget = own(0.5, 0.0);
    let error = retry.reconfigure(config).unwrap_err();
    assert_eq!(
        error.to_string(),
        "retry \"test\" is misconfigured: \
         budget = \"all\" (must not come with a budget in the config)"
    );
    assert_eq!(budget.config(), BudgetConfig::default());
}

/// Counts what it is told.
struct Counts(Arc<std::sync::atomic::AtomicU32>);

impl Observer for Counts {
    fn retrying(&self, _: &Retrying) {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }

    fn gave_up(&self, _: &GaveUp) {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn observers_seed_and_deadline_stay() {
    let heard = Arc::default();
    let builder = || Retry::builder("seeded").jitter_seed(7).max_attempts(3);
    let retry = builder().observer(Counts(Arc::clone(&heard))).build();
    let (retry, other) = (retry.unwrap(), builder().build().unwrap());
    change(&retry, |config| config.max_attempts = 2);
    let waits = |retry: &Retry| retry.backoff().take(5).collect::<Vec<_>>();
    assert_eq!(waits(&retry), waits(&other));
    assert!(retry.call(|_| async { Err::<(), _>(()) }).await.is_err());
    assert_eq!(heard.load(std::sync::atomic::Ordering::Relaxed), 2);
}

#[test]
fn of_racing_changes_each_is_the_newest_for_a_moment_and_none_is_mixed() {
    let retry = Retry::builder("raced").build().unwrap();
    thread::scope(|scope| {
        for thread in 1..=4_u32 {
            let retry = &retry;
            scope.spawn(move || {
                for round in 0..500 {
                    let number = round * 4 + thread;
                    let mut config = Config::default();
                    config.max_attempts = number;
                    config.history = number as usize % 1000;
                    config.budget = own(f64::from(number % 10), 1.0);
                    retry.reconfigure(config).unwrap();
                    let seen = retry.config();
                    assert_eq!(seen.history, seen.max_attempts as usize % 1000);
                }
            });
        }
    });
    // The budget is that of the same settings.
    let share = retry.config().budget.unwrap().share;
    assert_eq!(retry.budget().unwrap().config().share, share);
}
