//! Observers hear of retries and give-ups, and cannot hurt a call.

use std::sync::{Arc, Mutex};

use steadfast_retry::{
    Budget, BudgetObserver, BudgetSpent, Extra, GaveUp, Observer, Reason, Retrying, WeakBudget,
};

use crate::{exact, ms};

#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl Observer for Log {
    fn retrying(&self, retrying: &Retrying) {
        let Retrying {
            name,
            attempt,
            wait,
            ..
        } = retrying;
        self.0
            .lock()
            .unwrap()
            .push(format!("{name} {attempt} {wait:?}"));
    }

    fn gave_up(&self, gave_up: &GaveUp) {
        assert_eq!(gave_up.reason, Reason::Attempts);
        let line = format!(
            "{} gave up after {} in {:?}",
            gave_up.name, gave_up.attempts, gave_up.elapsed
        );
        self.0.lock().unwrap().push(line);
    }
}

struct Panicking;

impl Observer for Panicking {
    fn retrying(&self, _: &Retrying) {
        panic!("observer");
    }

    fn gave_up(&self, _: &GaveUp) {
        panic!("observer");
    }
}

#[tokio::test(start_paused = true)]
async fn hear_every_retry_and_the_end() {
    let log = Arc::new(Log::default());
    let retry = exact()
        .max_attempts(3)
        .observer(log.clone())
        .build()
        .unwrap();
    let _ = retry.call(|_| async { Err::<(), _>(()) }).await;
    assert_eq!(
        *log.0.lock().unwrap(),
        [
            "test 1 100ms",
            "test 2 200ms",
            "test gave up after 3 in 300ms"
        ]
    );
    let _ = retry.call(|_| async { Ok::<_, ()>(()) }).await;
    assert_eq!(log.0.lock().unwrap().len(), 3, "a success is not pushed");
}

#[tokio::test(start_paused = true)]
async fn a_panicking_observer_hurts_neither_the_call_nor_the_others() {
    let log = Arc::new(Log::default());
    let retry = exact().max_attempts(2).observer(Panicking).build().unwrap();
    retry.add_observer(log.clone());
    let exhausted = retry
        .call(|_| async { Err::<(), _>("down") })
        .await
        .unwrap_err();
    assert_eq!(exhausted.elapsed, ms(100));
    let totals = retry.snapshot().totals;
    assert_eq!((totals.observer_panics, totals.panicked), (2, 0));
    assert_eq!(log.0.lock().unwrap().len(), 2);
}

impl BudgetObserver for Log {
    fn suppressed(&self, spent: &BudgetSpent) {
        let line = format!("{} {} {:?}", spent.name(), spent.extra(), spent.reason());
        self.0.lock().unwrap().push(line);
    }
}

impl BudgetObserver for Panicking {
    fn suppressed(&self, _: &BudgetSpent) {
        panic!("observer");
    }
}

/// In a lock that is not reentrant: an observer that asks would not come back if it were held.
struct Asking(WeakBudget);

impl BudgetObserver for Asking {
    fn suppressed(&self, spent: &BudgetSpent) {
        let budget = self.0.upgrade().unwrap();
        assert_eq!(&*budget.snapshot().name, spent.name());
    }
}

#[test]
fn a_budget_tells_what_it_does_not_allow_and_nothing_else() {
    let builder = Budget::builder("shared").share(0.0).min_per_second(0.1);
    let budget = builder.build().unwrap();
    let log = Arc::new(Log::default());
    budget.add_observer(Arc::new(Panicking));
    budget.add_observer(Arc::new(Asking(budget.downgrade())));
    budget.add_observer(log.clone());

    let granted = budget.try_acquire(Extra::Retry).unwrap();
    budget.try_acquire(Extra::Hedge).unwrap_err();
    granted.spend();
    budget.try_acquire(Extra::Retry).unwrap_err();
    let heard = log.0.lock().unwrap().clone();
    assert_eq!(heard, ["shared hedge Waiting", "shared retry Spent"]);
    assert_eq!(budget.snapshot().totals.observer_panics, 2);
}
