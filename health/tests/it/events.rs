//! What observers hear, when, and in which order.

use std::collections::HashMap;
use std::future::Ready;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use steadfast_health::{
    Changed, Check, Checked, Counts, Ending, Monitor, Observer, Outcome, Status, Subject,
    WeakMonitor,
};

use crate::support::{Heard, Probe, Recorder, SECOND, outcome, steady};

fn recorded() -> (Monitor, Recorder) {
    let recorder = Recorder::default();
    let monitor = Monitor::builder("orders")
        .jitter(0.0)
        .observer(recorder.clone())
        .build()
        .unwrap();
    (monitor, recorder)
}

#[tokio::test(start_paused = true)]
async fn a_run_is_told_before_the_changes_that_follow_from_it() {
    let (monitor, recorder) = recorded();
    let probe = Probe::new();
    probe.answer(Status::Degraded);
    monitor.register(probe.check("db").liveness(true)).unwrap();
    let before = recorder.heard().len();
    monitor.check_now().await;
    let heard = &recorder.heard()[before..];
    assert!(matches!(&heard[0], Heard::Checked(run) if &*run.component == "db"));
    let subjects: Vec<_> = heard[1..]
        .iter()
        .map(|heard| match heard {
            Heard::Changed(changed) => changed.subject.clone(),
            Heard::Checked(run) => panic!("{run:?}"),
        })
        .collect();
    let expected = [
        Subject::Component("db".into()),
        Subject::Liveness,
        Subject::Readiness,
        Subject::Startup,
    ];
    assert_eq!(subjects, expected);
}

#[tokio::test(start_paused = true)]
async fn a_run_carries_its_own_result_and_the_damped_status() {
    let (monitor, recorder) = recorded();
    let probe = Probe::new().taking(SECOND);
    monitor
        .register(probe.check("db").unhealthy_after(2))
        .unwrap();
    monitor.check_now().await;
    probe.answer(Status::Unhealthy);
    monitor.check_now().await;
    let run = &recorder.checked()[1];
    assert_eq!((&*run.name, &*run.component), ("orders", "db"));
    assert_eq!(run.result, Status::Unhealthy);
    assert_eq!(run.status, Status::Healthy);
    assert_eq!(run.message.as_deref(), Some("broken"));
    assert_eq!(run.duration, SECOND);
    assert_eq!(run.ending, Ending::Answered);
}

#[tokio::test(start_paused = true)]
async fn a_run_carries_the_counts_of_the_whole_as_they_are_after_it() {
    let (monitor, recorder) = recorded();
    let probe = Probe::new();
    for (name, answer) in [("db", Status::Healthy), ("cache", Status::Degraded)] {
        let probe = Probe::new();
        probe.answer(answer);
        monitor.register(probe.check(name)).unwrap();
    }
    monitor
        .register(probe.check("queue").unhealthy_after(2))
        .unwrap();
    monitor.check_now().await;
    let counted = |of: &Counts| [of.healthy, of.degraded, of.unhealthy, of.unknown];
    let told: Vec<_> = recorder
        .checked()
        .iter()
        .map(|run| counted(&run.counts))
        .collect();
    assert_eq!(told, [[1, 0, 0, 2], [1, 1, 0, 1], [2, 1, 0, 0]]);

    // The counts are of statuses, so damping holds them back as well.
    probe.answer(Status::Unhealthy);
    for expected in [[2, 1, 0, 0], [1, 1, 1, 0]] {
        let report = monitor.check_now().await;
        assert_eq!(
            counted(&recorder.checked().last().unwrap().counts),
            expected
        );
        assert_eq!(counted(&report.counts()), expected);
        assert_eq!(report.counts().total(), 3);
        for status in [
            Status::Healthy,
            Status::Degraded,
            Status::Unhealthy,
            Status::Unknown,
        ] {
            let of_it = report
                .components
                .iter()
                .filter(|each| each.status == status);
            assert_eq!(report.counts().of(status), of_it.count());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn only_changes_are_told_as_changes() {
    let (monitor, recorder) = recorded();
    let probe = Probe::new();
    monitor.register(probe.check("db")).unwrap();
    for _ in 0..3 {
        monitor.check_now().await;
    }
    probe.answer(Status::Unhealthy);
    for _ in 0..3 {
        monitor.check_now().await;
    }
    assert_eq!(recorder.checked().len(), 6);
    assert_eq!(
        recorder.changes(),
        [
            "readiness: healthy -> unknown",
            "startup: healthy -> unknown",
            "db: unknown -> healthy",
            "readiness: unknown -> healthy",
            "startup: unknown -> healthy",
            "db: healthy -> unhealthy",
            "readiness: healthy -> unhealthy",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_timeout_and_a_panic_are_told_apart() {
    let (monitor, recorder) = recorded();
    monitor
        .register(Probe::new().taking(10 * SECOND).check("slow"))
        .unwrap();
    monitor
        .register(Check::new("mad", || -> Ready<Outcome> { panic!("mad") }))
        .unwrap();
    monitor.check_now().await;
    let endings: HashMap<_, _> = recorder
        .checked()
        .into_iter()
        .map(|run| (run.component.to_string(), run.ending))
        .collect();
    assert_eq!(endings["slow"], Ending::TimedOut);
    assert_eq!(endings["mad"], Ending::Panicked);
}

#[tokio::test(start_paused = true)]
async fn a_panicking_observer_hurts_neither_the_check_nor_other_observers() {
    struct Mad;
    impl Observer for Mad {
        fn checked(&self, _: &Checked) {
            panic!("mad observer");
        }
    }
    let recorder = Recorder::default();
    let monitor = Monitor::builder("orders")
        .observer(Mad)
        .observer(recorder.clone())
        .build()
        .unwrap();
    monitor.register(Probe::new().check("db")).unwrap();
    for runs in 1..=3 {
        let report = monitor.check_now().await;
        assert_eq!(report.readiness, Status::Healthy);
        assert_eq!(report.observer_panics, runs);
        assert_eq!(recorder.checked().len() as u64, runs);
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_may_call_the_monitor_and_hears_of_it_afterwards() {
    #[derive(Default)]
    struct Curious {
        monitor: OnceLock<WeakMonitor>,
        heard: Mutex<Vec<String>>,
    }
    impl Observer for Curious {
        fn changed(&self, changed: &Changed) {
            let monitor = self.monitor.get().unwrap().upgrade().unwrap();
            let told = format!("{} begins", changed.subject);
            self.heard.lock().unwrap().push(told);
            if changed.subject == Subject::Component("db".into()) {
                assert_eq!(monitor.get_health().readiness, Status::Unhealthy);
                assert!(monitor.deregister("db"));
            }
            let told = format!("{} ends", changed.subject);
            self.heard.lock().unwrap().push(told);
        }
    }
    let monitor = steady();
    let probe = Probe::new();
    probe.answer(Status::Unhealthy);
    monitor.register(probe.check("db")).unwrap();
    let curious = Arc::new(Curious::default());
    curious.monitor.set(monitor.downgrade()).unwrap();
    monitor.add_observer(Arc::clone(&curious) as Arc<dyn Observer>);
    let report = monitor.check_now().await;
    assert!(report.components.is_empty());
    assert_eq!(
        *curious.heard.lock().unwrap(),
        [
            "db begins",
            "db ends",
            "readiness begins",
            "readiness ends",
            "startup begins",
            "startup ends",
            "readiness begins",
            "readiness ends",
            "startup begins",
            "startup ends",
        ]
    );
}

/// Each change must begin where the one before it ended, however many threads make them.
#[test]
fn changes_are_told_in_order_from_many_threads() {
    let (monitor, recorder) = recorded();
    for name in ["a", "b", "c"] {
        let turn = AtomicUsize::new(0);
        let check = Check::new(name, move || {
            let turn = turn.fetch_add(1, Ordering::Relaxed);
            let statuses = [Status::Healthy, Status::Degraded, Status::Unhealthy];
            async move { outcome(statuses[turn % 3]) }
        });
        monitor.register(check).unwrap();
    }
    let readiness = monitor.subscribe();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_time()
                    .build()
                    .unwrap();
                for _ in 0..300 {
                    runtime.block_on(monitor.check_now());
                }
            });
        }
    });
    let mut last = HashMap::from([
        (Subject::Readiness, Status::Healthy),
        (Subject::Liveness, Status::Healthy),
        (Subject::Startup, Status::Healthy),
    ]);
    for changed in recorder.changed() {
        let from = last.insert(changed.subject.clone(), changed.to);
        assert_eq!(from.unwrap_or(Status::Unknown), changed.from, "{changed:?}");
        assert_ne!(changed.from, changed.to);
    }
    let report = monitor.get_health();
    assert_eq!(last[&Subject::Readiness], report.readiness);
    assert_eq!(last[&Subject::Startup], Status::Healthy);
    assert_eq!(*readiness.borrow(), report.readiness);
    for component in &report.components {
        let subject = Subject::Component(Arc::clone(&component.name));
        assert_eq!(last[&subject], component.status);
    }
    let told: u64 = report.components.iter().map(|each| each.checks).sum();
    assert_eq!(recorder.checked().len() as u64, told);
}

/// One that never returns looks like this to the outbox: events come, and none goes.
#[tokio::test(start_paused = true)]
async fn what_waits_for_an_observer_that_does_not_return_is_bounded_and_the_rest_counted() {
    struct Busy {
        monitor: OnceLock<WeakMonitor>,
        heard: AtomicUsize,
    }
    impl Observer for Busy {
        fn changed(&self, _: &Changed) {
            if self.heard.fetch_add(1, Ordering::Relaxed) > 0 {
                return;
            }
            let monitor = self.monitor.get().unwrap().upgrade().unwrap();
            monitor.deregister("cache");
            for _ in 0..5000 {
                // Readiness and startup are unknown, then healthy again.
                monitor.register(Probe::new().check("db")).unwrap();
                monitor.deregister("db");
            }
        }
    }
    let monitor = steady();
    let busy = Arc::new(Busy {
        monitor: OnceLock::new(),
        heard: AtomicUsize::new(0),
    });
    busy.monitor.set(monitor.downgrade()).unwrap();
    monitor.add_observer(Arc::clone(&busy) as Arc<dyn Observer>);
    monitor.register(Probe::new().check("cache")).unwrap();
    let heard = busy.heard.load(Ordering::Relaxed);
    assert!((16_384..16_400).contains(&heard), "{heard}");
    let dropped = monitor.get_health().events_dropped;
    assert_eq!(heard + usize::try_from(dropped).unwrap(), 4 * 5001);
    // There is room again.
    monitor.register(Probe::new().check("db")).unwrap();
    assert_eq!(busy.heard.load(Ordering::Relaxed), heard + 2);
    assert_eq!(monitor.get_health().events_dropped, dropped);
}
