//! Checks that block their thread: the closure cannot be ended, so it must not be begun twice.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use steadfast_health::{Check, Monitor, Outcome, Status};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::{advance, sleep};

use crate::support::{SECOND, message_of, status_of, steady};

/// A closure that hangs until it is let go. Virtual time does not pass by itself meanwhile.
#[derive(Clone)]
struct Stuck(Arc<Shared>);

struct Shared {
    begun: AtomicUsize,
    ended: AtomicUsize,
    began: Notify,
    let_go: Mutex<Sender<()>>,
    hold: Mutex<Receiver<()>>,
}

impl Stuck {
    fn new() -> Self {
        let (let_go, hold) = channel();
        Self(Arc::new(Shared {
            begun: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
            began: Notify::new(),
            let_go: Mutex::new(let_go),
            hold: Mutex::new(hold),
        }))
    }

    fn check(&self, name: &str) -> Check {
        let shared = Arc::clone(&self.0);
        Check::blocking(name, move || {
            shared.begun.fetch_add(1, Ordering::SeqCst);
            shared.began.notify_one();
            shared.hold.lock().unwrap().recv().unwrap();
            shared.ended.fetch_add(1, Ordering::SeqCst);
            Outcome::healthy()
        })
    }

    /// Returns when a closure is on its thread.
    async fn began(&self) {
        self.0.began.notified().await;
    }

    fn begun(&self) -> usize {
        self.0.begun.load(Ordering::SeqCst)
    }

    fn ended(&self) -> usize {
        self.0.ended.load(Ordering::SeqCst)
    }

    fn let_one_go(&self) {
        self.0.let_go.lock().unwrap().send(()).unwrap();
    }
}

fn asking(monitor: &Monitor) -> tokio::task::JoinHandle<steadfast_health::Report> {
    let monitor = monitor.clone();
    tokio::spawn(async move { monitor.check_now().await })
}

fn paused() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_closure_that_blocks_answers_like_any_other() {
    let monitor = steady();
    monitor
        .register(Check::blocking("good", || Ok::<(), String>(())))
        .unwrap();
    monitor
        .register(Check::blocking("bad", || Err::<(), _>("refused")))
        .unwrap();
    monitor
        .register(Check::blocking("slow", || {
            Outcome::degraded("slow").detail("ms", 7)
        }))
        .unwrap();
    let report = monitor.check_now().await;
    assert_eq!(status_of(&report, "good"), Status::Healthy);
    assert_eq!(status_of(&report, "bad"), Status::Unhealthy);
    assert_eq!(message_of(&report, "bad"), "refused");
    assert_eq!(report.component("slow").unwrap().details["ms"], "7");
}

#[tokio::test(start_paused = true)]
async fn it_runs_on_another_thread_than_the_runtime() {
    let monitor = steady();
    let here = std::thread::current().id();
    let check = Check::blocking("db", move || {
        assert_ne!(std::thread::current().id(), here);
        Outcome::healthy()
    });
    monitor.register(check).unwrap();
    assert_eq!(monitor.check_now().await.readiness, Status::Healthy);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_unhealthy_and_the_next_run_is_as_good_as_new() {
    let monitor = steady();
    let runs = AtomicUsize::new(0);
    let check = Check::blocking("db", move || {
        assert!(runs.fetch_add(1, Ordering::SeqCst) > 0, "disk on fire");
        Outcome::healthy()
    });
    monitor.register(check).unwrap();
    let report = monitor.check_now().await;
    assert_eq!(status_of(&report, "db"), Status::Unhealthy);
    assert_eq!(message_of(&report, "db"), "check panicked: disk on fire");
    assert_eq!(report.component("db").unwrap().panics, 1);
    assert_eq!(monitor.check_now().await.readiness, Status::Healthy);
}

#[tokio::test(start_paused = true)]
async fn one_that_hangs_is_unhealthy_and_is_not_begun_again_before_it_returns() {
    let monitor = steady();
    let stuck = Stuck::new();
    monitor.register(stuck.check("db")).unwrap();
    let first = asking(&monitor);
    stuck.began().await;
    advance(5 * SECOND).await;
    let report = first.await.unwrap();
    assert_eq!(status_of(&report, "db"), Status::Unhealthy);
    assert_eq!(
        message_of(&report, "db"),
        "check timed out after 5s and still blocks its thread"
    );

    for seconds in [10, 15, 20] {
        let another = asking(&monitor);
        yield_now().await;
        advance(5 * SECOND).await;
        let report = another.await.unwrap();
        assert_eq!(status_of(&report, "db"), Status::Unhealthy);
        assert_eq!(
            message_of(&report, "db"),
            format!(
                "check has been blocking its thread for {seconds}s, \
                 and is not run again before it returns"
            )
        );
        assert_eq!((stuck.begun(), stuck.ended()), (1, 0));
    }
    let db = &monitor.get_health().components[0];
    assert_eq!((db.checks, db.timeouts), (4, 4));

    // It returns while a run waits for it, which then has its own go.
    let last = asking(&monitor);
    yield_now().await;
    stuck.let_one_go();
    stuck.began().await;
    assert_eq!((stuck.begun(), stuck.ended()), (2, 1));
    stuck.let_one_go();
    let report = last.await.unwrap();
    assert_eq!(status_of(&report, "db"), Status::Healthy);
}

#[tokio::test(start_paused = true)]
async fn an_interval_run_never_doubles_one_that_hangs() {
    let monitor = steady();
    let stuck = Stuck::new();
    monitor.register(stuck.check("db")).unwrap();
    let runner = monitor.start();
    stuck.began().await;
    for _ in 0..200 {
        advance(SECOND).await;
        yield_now().await;
    }
    let db = &monitor.get_health().components[0];
    assert!(db.timeouts > 4, "{db:?}");
    assert_eq!(db.status, Status::Unhealthy);
    assert_eq!(stuck.begun(), 1);
    // A closure cannot be ended, so nobody waits for it here.
    runner.stop().await;
    stuck.let_one_go();
}

#[tokio::test(start_paused = true)]
async fn an_answer_after_the_timeout_counts_for_nothing() {
    let monitor = steady();
    let stuck = Stuck::new();
    monitor.register(stuck.check("db")).unwrap();
    let first = asking(&monitor);
    stuck.began().await;
    advance(5 * SECOND).await;
    first.await.unwrap();
    stuck.let_one_go();
    while stuck.ended() == 0 {
        yield_now().await;
    }
    let report = monitor.get_health();
    assert_eq!(status_of(&report, "db"), Status::Unhealthy);
    assert_eq!(report.components[0].checks, 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_dropped_leaves_its_closure_and_the_next_waits_for_it() {
    let monitor = steady();
    let stuck = Stuck::new();
    monitor.register(stuck.check("db")).unwrap();
    let dropped = asking(&monitor);
    stuck.began().await;
    dropped.abort();
    assert!(dropped.await.unwrap_err().is_cancelled());
    assert_eq!(monitor.get_health().components[0].abandoned, 1);

    let next = asking(&monitor);
    for _ in 0..10 {
        yield_now().await;
    }
    assert_eq!(stuck.begun(), 1);
    stuck.let_one_go();
    stuck.let_one_go();
    assert_eq!(next.await.unwrap().readiness, Status::Healthy);
    assert_eq!((stuck.begun(), stuck.ended()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn deregistered_while_it_hangs_it_is_out_at_once_and_the_name_is_free() {
    let monitor = steady();
    let stuck = Stuck::new();
    let owned = Arc::downgrade(&stuck.0);
    monitor.register(stuck.check("db")).unwrap();
    let runner = monitor.start();
    stuck.began().await;
    let asked = asking(&monitor);
    yield_now().await;
    assert!(monitor.deregister("db"));
    assert!(asked.await.unwrap().components.is_empty());

    monitor
        .register(Check::blocking("db", Outcome::healthy))
        .unwrap();
    assert_eq!(monitor.check_now().await.readiness, Status::Healthy);
    stuck.let_one_go();
    while stuck.ended() == 0 {
        yield_now().await;
    }
    assert_eq!(monitor.get_health().readiness, Status::Healthy);
    runner.stop().await;
    drop(stuck);
    // The pool's thread drops what the closure owned a moment after it has returned.
    while owned.strong_count() > 0 {
        yield_now().await;
    }
}

#[test]
fn one_for_which_the_runtime_has_no_thread_says_so_and_does_not_pile_up() {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .max_blocking_threads(1)
        .build()
        .unwrap();
    let monitor = steady();
    let (stuck, starved) = (Stuck::new(), Stuck::new());
    monitor.register(stuck.check("stuck")).unwrap();
    monitor.register(starved.check("starved")).unwrap();
    runtime.block_on(async {
        for _ in 0..3 {
            let asked = asking(&monitor);
            if stuck.begun() == 0 {
                stuck.began().await;
            } else {
                yield_now().await;
            }
            advance(5 * SECOND).await;
            let report = asked.await.unwrap();
            assert_eq!(
                message_of(&report, "starved"),
                "check timed out after 5s: the runtime had no thread for it"
            );
        }
        stuck.let_one_go();
        // Now there is a thread; what had waited for one was taken out of the line.
        let asked = asking(&monitor);
        stuck.began().await;
        stuck.let_one_go();
        starved.began().await;
        starved.let_one_go();
        assert_eq!(asked.await.unwrap().readiness, Status::Healthy);
        assert_eq!((stuck.begun(), starved.begun()), (2, 1));
    });
}

#[test]
fn it_outlives_its_runtime_without_harm_and_another_one_waits_for_it() {
    let monitor = steady();
    let stuck = Stuck::new();
    monitor.register(stuck.check("db")).unwrap();
    let runtime = paused();
    let runner = runtime.block_on(async {
        let runner = monitor.start();
        stuck.began().await;
        runner
    });
    runtime.shutdown_background();
    assert!(!runner.is_running());
    assert_eq!(monitor.get_health().components[0].abandoned, 1);

    paused().block_on(async {
        let asked = asking(&monitor);
        yield_now().await;
        advance(5 * SECOND).await;
        let report = asked.await.unwrap();
        assert_eq!(status_of(&report, "db"), Status::Unhealthy);
        assert_eq!(stuck.begun(), 1);
        stuck.let_one_go();
        stuck.let_one_go();
        // The old thread is none of this runtime's, whose clock runs on while it waits for it.
        while monitor.check_now().await.readiness != Status::Healthy {}
        assert_eq!((stuck.begun(), stuck.ended()), (2, 2));
    });
}

#[test]
fn a_runtime_that_shuts_down_while_it_waits_for_a_thread_hurts_nobody() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(1)
        .enable_time()
        .build()
        .unwrap();
    let monitor = steady();
    let (stuck, queued) = (Stuck::new(), Stuck::new());
    monitor.register(stuck.check("stuck")).unwrap();
    let runner = runtime.block_on(async {
        let runner = monitor.start();
        stuck.began().await;
        monitor.register(queued.check("queued")).unwrap();
        runner
    });
    runtime.shutdown_timeout(Duration::ZERO);
    stuck.let_one_go();
    while runner.is_running() {
        std::thread::yield_now();
    }
    // Whoever is next, on a runtime of their own, has the check.
    for stuck in [&stuck, &queued] {
        stuck.let_one_go();
        stuck.let_one_go();
    }
    paused().block_on(async { while monitor.check_now().await.readiness != Status::Healthy {} });
    assert!(stuck.begun() <= 2 && queued.begun() <= 2);
}

#[tokio::test(start_paused = true)]
async fn what_it_depends_on_and_its_interval_hold_for_it_too() {
    let monitor = steady();
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let check = Check::blocking("table", move || {
        counted.fetch_add(1, Ordering::SeqCst);
        Outcome::healthy()
    });
    monitor.register(check.depends_on(["db"])).unwrap();
    let runner = monitor.start();
    sleep(100 * SECOND).await;
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    monitor
        .register(Check::blocking("db", Outcome::healthy))
        .unwrap();
    sleep(61 * SECOND).await;
    assert_eq!(runs.load(Ordering::SeqCst), 3);
    runner.stop().await;
}
