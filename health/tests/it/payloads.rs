//! Panics whose payload panics when it is dropped, and so on: no destructor may get out of the wall.

use std::future::pending;
use std::panic::panic_any;
use std::sync::Arc;

use steadfast_health::{Check, Checked, Monitor, Observer, Outcome};
use tokio::time::sleep;

use crate::support::{Probe, Recorder, SECOND, message_of, steady};

/// Panics as often as that when it is dropped, each time with the rest as the payload.
struct Bomb(u32);

impl Drop for Bomb {
    fn drop(&mut self) {
        if self.0 > 0 && !std::thread::panicking() {
            panic_any(Self(self.0 - 1));
        }
    }
}

struct Bomber;

impl Observer for Bomber {
    fn checked(&self, _: &Checked) {
        panic_any(Bomb(2));
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_does_not_silence_the_others_for_good() {
    let recorder = Recorder::default();
    let monitor = Monitor::builder("orders")
        .observer(Bomber)
        .observer(recorder.clone())
        .build()
        .unwrap();
    monitor.register(Probe::new().check("db")).unwrap();
    monitor.check_now().await;
    monitor.check_now().await;
    assert_eq!(recorder.checked().len(), 2);
    assert_eq!(monitor.get_health().observer_panics, 2);
}

#[tokio::test(start_paused = true)]
async fn a_check_is_run_again() {
    let monitor = steady();
    let check = Check::new("db", || async { panic_any(Bomb(3)) as Outcome });
    monitor.register(check).unwrap();
    let runner = monitor.start();
    sleep(31 * SECOND).await;
    let report = monitor.get_health();
    assert_eq!(message_of(&report, "db"), "check panicked");
    assert_eq!(report.component("db").unwrap().panics, 2);
    runner.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_check_owned_does_not_end_the_runner() {
    let monitor = steady();
    let other = Probe::new();
    monitor.register(other.check("db")).unwrap();
    let owned = Arc::new(Bomb(4));
    let check = Check::new("cache", move || {
        let _owned = Arc::clone(&owned);
        pending::<Outcome>()
    });
    monitor.register(check).unwrap();
    let runner = monitor.start();
    sleep(SECOND).await;
    // The task of the runner is the last that holds it.
    assert!(monitor.deregister("cache"));
    sleep(60 * SECOND).await;
    assert!(runner.is_running());
    assert_eq!(other.begun(), 3);
    runner.stop().await;
}

#[tokio::test(start_paused = true)]
async fn stopping_in_the_middle_of_a_run_ends_the_others_too() {
    let monitor = steady();
    let check = Check::new("cache", || async {
        let _owned = Bomb(4);
        pending::<Outcome>().await
    });
    monitor.register(check).unwrap();
    let other = Probe::new().taking(4 * SECOND);
    monitor.register(other.check("db")).unwrap();
    let runner = monitor.start();
    sleep(SECOND).await;
    runner.stop().await;
    assert_eq!((other.begun(), other.running()), (1, 0));
}
