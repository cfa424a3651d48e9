//! Being told.

use std::sync::{Arc, Mutex};

use steadfast_retry::{
    Budget, Hedge, HedgeObserver, HedgeSuppressed, Hedged, SpentReason, WeakHedge,
};

use super::at_100_ms;
use super::script::{Gives, NEVER, Script, judge};
use crate::ms;

#[derive(Debug, Default)]
struct Diary(Mutex<Vec<String>>);

impl Diary {
    fn pages(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl HedgeObserver for Diary {
    fn hedged(&self, hedged: &Hedged) {
        let page = format!("{} {} after {:?}", hedged.name, hedged.number, hedged.after);
        self.0.lock().unwrap().push(page);
    }

    fn suppressed(&self, suppressed: &HedgeSuppressed) {
        assert_eq!(suppressed.spent.reason(), SpentReason::Spent);
        let budget = suppressed.spent.name();
        let page = format!("{} {} not by {budget}", suppressed.name, suppressed.number);
        self.0.lock().unwrap().push(page);
    }
}

#[tokio::test(start_paused = true)]
async fn observers_hear_of_hedges_sent_and_suppressed() {
    let diary = Arc::new(Diary::default());
    let budget = Budget::builder("ours").share(0.0).min_per_second(0.2);
    let hedge = Hedge::builder("test")
        .delay(ms(100))
        .max_hedges(5)
        .hedge_failures(true)
        .budget(budget.build().unwrap())
        .observer(Arc::clone(&diary))
        .build()
        .unwrap();
    let script = Script::new(&[Gives::Ok.after(900), Gives::Err.after(30), NEVER]);
    let answer = hedge
        .classify(judge)
        .call(|attempt| script.attempt(attempt))
        .await;
    assert_eq!(answer.unwrap().number, 1);
    assert_eq!(
        diary.pages(),
        [
            "test 2 after 100ms",
            "test 3 after 130ms",
            "test 4 not by ours"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_observer_may_be_added_later_and_hears_in_order() {
    let hedge = at_100_ms();
    let diary = Arc::new(Diary::default());
    let script = Script::new(&[NEVER, Gives::Ok.after(10)]);
    assert!(hedge.call(|attempt| script.attempt(attempt)).await.is_ok());
    hedge.add_observer(diary.clone());
    hedge.clone().add_observer(diary.clone());
    assert!(hedge.call(|attempt| script.attempt(attempt)).await.is_ok());
    assert_eq!(diary.pages(), ["test 2 after 100ms"; 2]);
}

/// Asks the hedge itself, from within.
struct Nosy {
    hedge: Mutex<Option<WeakHedge>>,
    seen: Mutex<Vec<(u64, u64)>>,
}

impl HedgeObserver for Nosy {
    fn hedged(&self, _: &Hedged) {
        let hedge = self
            .hedge
            .lock()
            .unwrap()
            .as_ref()
            .unwrap()
            .upgrade()
            .unwrap();
        let snapshot = hedge.snapshot();
        self.seen
            .lock()
            .unwrap()
            .push((snapshot.totals.calls, snapshot.in_flight));
        hedge.add_observer(Arc::new(Diary::default()));
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_may_use_the_hedge_and_sees_what_it_hears_of() {
    let nosy = Arc::new(Nosy {
        hedge: Mutex::default(),
        seen: Mutex::default(),
    });
    let hedge = Hedge::builder("test").delay(ms(100)).max_hedges(2);
    let hedge = hedge.unbudgeted().observer(Arc::clone(&nosy));
    let hedge = hedge.build().unwrap();
    *nosy.hedge.lock().unwrap() = Some(hedge.downgrade());
    let script = Script::new(&[NEVER, NEVER, Gives::Ok.after(10)]);
    assert!(hedge.call(|attempt| script.attempt(attempt)).await.is_ok());
    assert_eq!(*nosy.seen.lock().unwrap(), [(1, 1), (1, 2)]);
}

#[test]
fn a_weak_hedge_knows_its_own_and_keeps_nothing_alive() {
    let (one, other) = (at_100_ms(), at_100_ms());
    let weak = one.downgrade();
    let clone = weak.upgrade().unwrap();
    assert_eq!(clone.name(), "test");
    assert!(weak.ptr_eq(&clone.downgrade()));
    assert!(!weak.ptr_eq(&other.downgrade()));
    drop(one);
    assert!(weak.upgrade().is_some());
    drop(clone);
    assert!(weak.upgrade().is_none());
}
