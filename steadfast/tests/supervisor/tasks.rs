//! Tasks that fall over, and tasks that are told to stop.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use steadfast::supervisor::{Restarts, SpawnError, TaskState, Tasks};
use steadfast::telemetry::{EventKind, Number, Telemetry};
use tokio::time::{advance, sleep};

const HOUR: Duration = Duration::from_secs(3600);

fn seeded(seed: u64) -> Restarts {
    let mut restarts = Restarts::default();
    restarts.seed = Some(seed);
    restarts
}

/// A counter, and another handle to it.
fn counter() -> (Arc<AtomicU64>, Arc<AtomicU64>) {
    let count = Arc::<AtomicU64>::default();
    (Arc::clone(&count), count)
}

#[tokio::test(start_paused = true)]
async fn a_task_that_panics_every_time_does_not_spin() {
    for seed in 0..20 {
        let (count, runs) = counter();
        let restarts = seeded(seed);
        let tasks = Tasks::new(restarts);
        tasks
            .spawn("hopeless", move |_stop| {
                count.fetch_add(1, Ordering::Relaxed);
                async { panic!("as always") }
            })
            .unwrap();
        sleep(HOUR).await;
        let runs = runs.load(Ordering::Relaxed);
        // The waits double from 100 ms to 30 s in 9 steps, and are 15 s on average from then on: 240 an hour.
        // Twice that is many standard deviations away.
        let doublings = 9;
        let average = HOUR.as_secs() / (restarts.max_backoff.as_secs() / 2);
        assert!(runs > doublings, "it is tried again: {runs}");
        assert!(
            runs <= doublings + 2 * average,
            "{runs} runs with seed {seed}"
        );
        let snapshot = &tasks.snapshot()[0];
        assert_eq!((snapshot.panics, snapshot.ended), (runs, 0));
        assert_eq!(snapshot.last_panic.as_deref(), Some("as always"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the settings and the draws: not more runs than one per shortest wait.
    #[test]
    fn no_settings_make_a_failing_task_spin(
        base in 0_u64..5_000,
        cap in 0_u64..60_000,
        healthy in 0_u64..1_000,
        seed: u64,
        panics: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let (count, runs) = counter();
            let mut restarts = seeded(seed);
            restarts.base_backoff = Duration::from_millis(base);
            restarts.max_backoff = Duration::from_millis(cap);
            restarts.healthy_after = Duration::from_millis(healthy);
            let tasks = Tasks::new(restarts);
            tasks
                .spawn("hopeless", move |_stop| {
                    count.fetch_add(1, Ordering::Relaxed);
                    async move { assert!(!panics, "as always") }
                })
                .unwrap();
            let time = Duration::from_secs(20);
            sleep(time).await;
            let shortest = restarts.base_backoff.max(Duration::from_millis(1));
            let most = 1 + time.as_nanos() / shortest.as_nanos();
            let runs = u128::from(runs.load(Ordering::Relaxed));
            prop_assert!((1..=most).contains(&runs), "{runs} runs, at most {most}");
            Ok(())
        })?;
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_panics_while_its_future_is_made_is_restarted_too() {
    let (count, runs) = counter();
    let tasks = Tasks::new(seeded(1));
    tasks
        .spawn("early", move |stop| {
            assert!(count.fetch_add(1, Ordering::Relaxed) > 0, "not yet");
            async move { stop.stopped().await }
        })
        .unwrap();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(runs.load(Ordering::Relaxed), 2);
    let snapshot = &tasks.snapshot()[0];
    assert_eq!(snapshot.state, TaskState::Running);
    assert_eq!(snapshot.restarts, 1);
    assert_eq!(snapshot.last_panic.as_deref(), Some("not yet"));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_ends_although_nobody_asked_is_restarted() {
    let (count, runs) = counter();
    let tasks = Tasks::new(seeded(1));
    tasks
        .spawn("short", move |_stop| {
            count.fetch_add(1, Ordering::Relaxed);
            async {}
        })
        .unwrap();
    sleep(Duration::from_millis(150)).await;
    assert_eq!(runs.load(Ordering::Relaxed), 2);
    let snapshot = &tasks.snapshot()[0];
    assert_eq!((snapshot.panics, snapshot.ended), (0, 2));
    assert!(matches!(snapshot.state, TaskState::Waiting { .. }));
}

#[tokio::test(start_paused = true)]
async fn the_waits_begin_anew_after_a_healthy_run() {
    let (count, runs) = counter();
    let tasks = Tasks::new(seeded(1));
    // Falls at once ten times, then after a run of two minutes each time.
    tasks
        .spawn("better", move |_stop| {
            let run = count.fetch_add(1, Ordering::Relaxed);
            async move {
                if run >= 10 {
                    sleep(Duration::from_secs(120)).await;
                }
                panic!("at last")
            }
        })
        .unwrap();
    sleep(HOUR).await;
    // Each further run takes 120 s, and 100 ms to be started again: without beginning anew it would be 15 s.
    let before = runs.load(Ordering::Relaxed);
    sleep(10 * HOUR).await;
    let further = runs.load(Ordering::Relaxed) - before;
    assert!((298..=300).contains(&further), "{further}");
}

#[tokio::test(start_paused = true)]
async fn a_fall_is_an_event_and_is_seen_by_telemetry() {
    let telemetry = Telemetry::new();
    let tasks = Tasks::new(seeded(1));
    telemetry.watch(&tasks);
    let mut events = telemetry.subscribe(EventKind::Notice);
    tasks
        .spawn("reports", |_stop| async { panic!("out of paper") })
        .unwrap();
    sleep(Duration::from_millis(50)).await;
    let event = events.try_recv().unwrap();
    assert_eq!(
        event.to_string(),
        "task reports: panicked: out of paper; restarted in 100.0ms"
    );
    let snapshot = telemetry.snapshot();
    let task = snapshot.of_kind("task").next().unwrap();
    let outcome = [("resilience.outcome", "panicked")];
    assert_eq!(
        task.value("resilience.task.falls", &outcome),
        Some(Number::Integer(1))
    );
    assert!(task.notes.get("last_panic").is_some());
    assert_eq!(
        task.value("resilience.task.running", &[]),
        Some(Number::Integer(0))
    );
}

#[tokio::test(start_paused = true)]
async fn tasks_are_stopped_in_reverse_order_each_after_the_other() {
    let tasks = Tasks::new(Restarts::default());
    let order = Arc::new(parking_lot::Mutex::new(Vec::new()));
    for name in ["first", "second", "third"] {
        let order = Arc::clone(&order);
        tasks
            .spawn(name, move |stop| {
                let order = Arc::clone(&order);
                async move {
                    stop.stopped().await;
                    sleep(Duration::from_millis(10)).await;
                    order.lock().push(name);
                }
            })
            .unwrap();
    }
    sleep(Duration::from_millis(1)).await;
    let report = tasks.stop(Duration::from_secs(1)).await;
    assert_eq!((report.stopped, report.late.len()), (3, 0));
    assert_eq!(*order.lock(), ["third", "second", "first"]);
}

#[tokio::test(start_paused = true)]
async fn who_is_late_is_aborted_and_named_and_the_others_have_their_time() {
    let tasks = Tasks::new(Restarts::default());
    let patient = Arc::<AtomicBool>::default();
    let ended = Arc::clone(&patient);
    tasks
        .spawn("patient", move |stop| {
            let ended = Arc::clone(&ended);
            async move {
                stop.stopped().await;
                sleep(Duration::from_millis(400)).await;
                ended.store(true, Ordering::Relaxed);
            }
        })
        .unwrap();
    tasks.spawn("deaf", |_stop| pending()).unwrap();
    sleep(Duration::from_millis(1)).await;
    let began = tokio_now();
    let report = tasks.stop(Duration::from_secs(1)).await;
    assert_eq!(
        report.to_string(),
        "1 tasks stopped; late and aborted: deaf"
    );
    assert!(patient.load(Ordering::Relaxed));
    assert_eq!(tokio_now() - began, Duration::from_millis(900));
    sleep(Duration::from_millis(1)).await;
    assert_eq!(alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_of_tasks_that_are_dropped() {
    let tasks = Tasks::new(Restarts::default());
    tasks.spawn("deaf", |_stop| pending()).unwrap();
    tasks.spawn("hopeless", |_stop| async { panic!() }).unwrap();
    sleep(Duration::from_millis(1)).await;
    assert_eq!(alive(), 2);
    drop(tasks);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_is_given_up_aborts_what_is_left() {
    let tasks = Tasks::new(Restarts::default());
    for name in ["one", "two", "three"] {
        tasks.spawn(name, |_stop| pending()).unwrap();
    }
    let given_up = tokio::time::timeout(Duration::from_millis(10), tasks.stop(HOUR)).await;
    given_up.unwrap_err();
    sleep(Duration::from_millis(1)).await;
    assert_eq!(alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn one_task_can_be_stopped_and_its_name_used_again() {
    let tasks = Tasks::new(Restarts::default());
    tasks
        .spawn("one", |stop| async move { stop.stopped().await })
        .unwrap();
    let taken = tasks.spawn("one", |_stop| pending()).unwrap_err();
    assert_eq!(taken.to_string(), "there is a task named one already");
    assert_eq!(tasks.stop_one("two", HOUR).await, None);
    assert_eq!(tasks.stop_one("one", HOUR).await, Some(true));
    tasks.spawn("one", |_stop| pending()).unwrap();
    assert_eq!(tasks.stop_one("one", Duration::ZERO).await, Some(false));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_spawned_without_a_name_or_after_the_end() {
    let tasks = Tasks::new(Restarts::default());
    assert_eq!(
        tasks.spawn("", |_stop| pending()).unwrap_err(),
        SpawnError::EmptyName
    );
    tasks.stop(Duration::ZERO).await;
    assert_eq!(
        tasks.spawn("late", |_stop| pending()).unwrap_err(),
        SpawnError::Stopped
    );
}

#[tokio::test(start_paused = true)]
async fn a_task_that_waits_to_be_restarted_stops_at_once() {
    let tasks = Tasks::new(Restarts::default());
    tasks.spawn("hopeless", |_stop| async { panic!() }).unwrap();
    advance(Duration::from_secs(40)).await;
    sleep(Duration::from_millis(1)).await;
    let began = tokio_now();
    let report = tasks.stop(HOUR).await;
    assert_eq!((report.stopped, tokio_now() - began), (1, Duration::ZERO));
}

fn alive() -> usize {
    tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks()
}

#[expect(clippy::disallowed_methods, reason = "the clock of the test")]
pub(super) fn tokio_now() -> tokio::time::Instant {
    tokio::time::Instant::now()
}
