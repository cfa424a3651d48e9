//! Observers hear of retries and give-ups, and cannot hurt a call.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use steadfast_retry::{GaveUp, Observer, Reason, Retrying};

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

/// Listens as long as it is told to.
#[derive(Default)]
struct Moody {
    listens: AtomicBool,
    log: Log,
}

impl Observer for Moody {
    fn wants_retries(&self) -> bool {
        self.listens.load(Ordering::Relaxed)
    }

    fn retrying(&self, retrying: &Retrying) {
        self.log.retrying(retrying);
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_does_not_want_to_is_told_nothing_until_it_is_asked_again() {
    let (moody, log) = (Arc::new(Moody::default()), Arc::new(Log::default()));
    let builder = exact().max_attempts(2).observer(moody.clone());
    let retry = builder.observer(log.clone()).build().unwrap();
    let fails = async || {
        let _ = retry.call(|_| async { Err::<(), _>(()) }).await;
    };
    fails().await;
    moody.listens.store(true, Ordering::Relaxed);
    fails().await;
    assert!(moody.log.0.lock().unwrap().is_empty(), "it was not asked");
    assert_eq!(log.0.lock().unwrap().len(), 4, "others hear all the same");

    retry.ask_observers();
    fails().await;
    assert_eq!(*moody.log.0.lock().unwrap(), ["test 1 100ms"]);
    moody.listens.store(false, Ordering::Relaxed);
    retry.ask_observers();
    fails().await;
    assert_eq!(moody.log.0.lock().unwrap().len(), 1);
}
