//! The sampler, in virtual time.

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use steadfast_breaker::{CircuitBreaker, Mode};
use steadfast_telemetry::Telemetry;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;
use tokio::time::{advance, sleep};

use super::*;
use crate::dashboard::Dashboard;

fn breakers(count: usize) -> Vec<CircuitBreaker> {
    let names = (0..count).map(|number| format!("shard-{number:03}"));
    names
        .map(|name| {
            CircuitBreaker::builder(name)
                .failure_threshold(3)
                .build()
                .unwrap()
        })
        .collect()
}

fn fail(breaker: &CircuitBreaker) {
    let _ = breaker.call_blocking(|| Err::<(), _>("refused"));
}

/// A dashboard of these breakers, and somebody who watches it.
struct Watched {
    _telemetry: Telemetry,
    dashboard: Dashboard,
    frames: Receiver<Frame>,
    place: Option<Arc<Place>>,
}

impl Watched {
    async fn new(breakers: &[CircuitBreaker]) -> Self {
        let telemetry = Telemetry::new();
        breakers.iter().for_each(|breaker| telemetry.watch(breaker));
        let dashboard = Dashboard::builder(&telemetry).build().unwrap();
        let hub = dashboard.hub();
        let place = hub.place().unwrap();
        place.asks();
        hub.refresh().await.unwrap();
        hub.watch();
        let (_, frames) = hub.follow(None);
        Self {
            _telemetry: telemetry,
            frames,
            place: Some(place),
            dashboard,
        }
    }

    fn next(&mut self) -> Option<Frame> {
        match self.frames.try_recv() {
            Ok(frame) => Some(frame),
            Err(TryRecvError::Empty) => None,
            Err(error) => panic!("{error}"),
        }
    }

    /// The deltas so far, and their size in bytes.
    fn deltas(&mut self) -> Vec<(Value, usize)> {
        let mut deltas = Vec::new();
        while let Some(frame) = self.next() {
            if let Frame::Delta(bytes) = frame {
                deltas.push((data(&bytes), bytes.len()));
            }
        }
        deltas
    }
}

fn data(bytes: &Bytes) -> Value {
    let text = std::str::from_utf8(bytes).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("data: "));
    serde_json::from_str(line.unwrap()).unwrap()
}

fn names(delta: &Value) -> HashSet<String> {
    let rows = delta["components"].as_array().unwrap().iter();
    rows.map(|row| row["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn five_hundred_components_that_do_nothing_cost_less_than_a_kilobyte_a_second() {
    let breakers = breakers(500);
    let mut watched = Watched::new(&breakers).await;
    // The second reading is the first with rates, which the rows take turns to tell.
    sleep(Duration::from_millis(10_500)).await;
    watched.deltas();

    sleep(Duration::from_secs(60)).await;
    let deltas = watched.deltas();
    assert_eq!(deltas.len(), 60);
    for (delta, bytes) in deltas {
        assert_eq!(names(&delta).len(), 0);
        assert!(bytes < 1000, "{bytes} bytes");
    }
}

#[tokio::test(start_paused = true)]
async fn five_hundred_busy_components_take_turns_and_a_change_of_state_takes_none() {
    let breakers = breakers(500);
    let mut watched = Watched::new(&breakers).await;
    sleep(Duration::from_millis(10_500)).await;
    watched.deltas();
    let mut told = HashSet::new();
    for _ in 0..10 {
        for breaker in &breakers {
            let _ = breaker.call_blocking(|| Ok::<_, &str>(()));
        }
        sleep(Duration::from_secs(1)).await;
        for (delta, bytes) in watched.deltas() {
            assert!(bytes < 50_000, "{bytes} bytes");
            told.extend(names(&delta));
        }
    }
    assert_eq!(told.len(), 500, "each has had its turn");

    (0..3).for_each(|_| fail(&breakers[499]));
    sleep(Duration::from_millis(1)).await;
    let deltas = watched.deltas();
    assert_eq!(deltas[0].0["components"][0]["state"], "open");
}

/// Errors that are as long as can be and differ each time, from breakers that are open as well as from those that are not.
#[tokio::test(start_paused = true)]
async fn five_hundred_components_whose_errors_are_ever_different_cost_no_more_than_others() {
    let breakers = breakers(500);
    (0..3).for_each(|_| breakers.iter().step_by(2).for_each(fail));
    let mut watched = Watched::new(&breakers).await;
    sleep(Duration::from_millis(10_500)).await;
    watched.deltas();
    let mut told = HashSet::new();
    for second in 0..30 {
        for breaker in &breakers {
            // Quotes take two bytes of JSON.
            breaker.note_error(&"\"".repeat(64), format!("{second}{}", "\"".repeat(300)));
        }
        sleep(Duration::from_secs(1)).await;
        for (delta, bytes) in watched.deltas() {
            assert!(bytes < 50_000, "{bytes} bytes");
            told.extend(names(&delta));
        }
    }
    assert_eq!(told.len(), 500, "each has had its turn");
}

#[tokio::test(start_paused = true)]
async fn a_delta_has_the_rows_that_have_changed_and_no_others() {
    let breakers = breakers(20);
    let mut watched = Watched::new(&breakers).await;
    sleep(Duration::from_millis(2500)).await;
    watched.deltas();

    fail(&breakers[7]);
    sleep(Duration::from_secs(1)).await;
    let deltas = watched.deltas();
    assert_eq!(deltas.len(), 1);
    assert_eq!(names(&deltas[0].0), HashSet::from(["shard-007".to_owned()]));
    assert!(
        deltas[0].0.get("warnings").is_none(),
        "no warning has changed"
    );
}

#[tokio::test(start_paused = true)]
async fn a_transition_is_told_at_once_and_its_row_alone_with_it() {
    let breakers = breakers(20);
    let mut watched = Watched::new(&breakers).await;
    sleep(Duration::from_millis(2500)).await;
    watched.deltas();

    (0..3).for_each(|_| fail(&breakers[7]));
    fail(&breakers[8]);
    // Long before the next reading.
    sleep(Duration::from_millis(1)).await;
    let Some(Frame::Event(seq, event)) = watched.next() else {
        panic!("an event comes first");
    };
    assert!(String::from_utf8_lossy(&event).contains(&format!("id: {seq}\n")));
    let event = data(&event);
    assert_eq!(event["text"], "closed -> open: 3 consecutive calls failed");
    assert_eq!(event["component"], "circuit_breaker/shard-007/1");
    let deltas = watched.deltas();
    assert_eq!(deltas.len(), 1);
    assert_eq!(names(&deltas[0].0), HashSet::from(["shard-007".to_owned()]));
    assert_eq!(deltas[0].0["components"][0]["state"], "open");
}

#[tokio::test(start_paused = true)]
async fn a_component_that_is_gone_is_removed() {
    let mut breakers = breakers(3);
    let mut watched = Watched::new(&breakers).await;
    breakers.remove(1);
    sleep(Duration::from_millis(1500)).await;
    let deltas = watched.deltas();
    assert_eq!(deltas[0].0["removed"][0], "circuit_breaker/shard-001/1");
    assert!(
        !watched
            .dashboard
            .hub()
            .has_row("circuit_breaker/shard-001/1")
    );
}

#[tokio::test(start_paused = true)]
async fn telemetry_is_read_once_a_second_while_somebody_watches_and_not_at_all_otherwise() {
    let breakers = breakers(1);
    let mut watched = Watched::new(&breakers).await;
    let hub = Arc::clone(watched.dashboard.hub());
    // A second watcher needs no second sampler.
    hub.watch();
    sleep(Duration::from_millis(10_500)).await;
    assert_eq!(watched.deltas().len(), 10);
    assert!(hub.is_sampling());

    drop(watched.place.take());
    sleep(Duration::from_millis(1100)).await;
    assert!(!hub.is_sampling());
    watched.deltas();
    sleep(Duration::from_secs(10)).await;
    assert_eq!(watched.deltas().len(), 0);

    let place = hub.place().unwrap();
    hub.watch();
    sleep(Duration::from_millis(2500)).await;
    assert_eq!(watched.deltas().len(), 2);
    drop(place);
}

#[test]
fn a_sampler_whose_runtime_is_gone_leaves_room_for_another() {
    let telemetry = Telemetry::new();
    let dashboard = Dashboard::builder(&telemetry).build().unwrap();
    let hub = dashboard.hub();
    let _place = hub.place().unwrap();
    for _ in 0..2 {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async { hub.watch() });
        assert!(hub.is_sampling());
        drop(runtime);
        assert!(!hub.is_sampling());
    }
}

#[tokio::test(start_paused = true)]
async fn the_log_is_filled_while_nobody_watches() {
    let telemetry = Telemetry::new();
    let breaker = &breakers(1)[0];
    telemetry.watch(breaker);
    let dashboard = Dashboard::builder(&telemetry).build().unwrap();
    (0..3).for_each(|_| fail(breaker));
    advance(Duration::from_millis(1)).await;
    tokio::task::yield_now().await;
    let entries = dashboard.hub().latest(10);
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].kind, "breaker_transition");
}

#[tokio::test(start_paused = true)]
async fn a_dashboard_that_was_built_outside_of_a_runtime_misses_nothing() {
    let telemetry = Telemetry::new();
    let breaker = &breakers(1)[0];
    telemetry.watch(breaker);
    let built = telemetry.clone();
    let dashboard = std::thread::spawn(move || Dashboard::builder(&built).build().unwrap());
    let dashboard = dashboard.join().unwrap();
    (0..3).for_each(|_| fail(breaker));
    assert_eq!(dashboard.hub().latest(10).len(), 0);
    dashboard.hub().listen();
    sleep(Duration::from_millis(1)).await;
    assert_eq!(dashboard.hub().latest(10).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_dashboard_that_is_dropped_leaves_no_task() {
    let telemetry = Telemetry::new();
    let dashboard = Dashboard::builder(&telemetry).build().unwrap();
    sleep(Duration::from_millis(1)).await;
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    assert_eq!(tasks(), 1);
    drop(dashboard);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(tasks(), 0);
    assert_eq!(telemetry.snapshot().subscriptions, 0);
}

#[tokio::test(start_paused = true)]
async fn the_telemetry_ends_although_a_dashboard_is_left() {
    let telemetry = Telemetry::new();
    let dashboard = Dashboard::builder(&telemetry).build().unwrap();
    let weak = telemetry.downgrade();
    drop(telemetry);
    assert!(weak.upgrade().is_none());
    sleep(Duration::from_millis(1)).await;
    assert!(dashboard.is_shut_down());
    assert_eq!(dashboard.hub().refresh().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_reading_that_is_fresh_serves_all_who_ask() {
    let breakers = breakers(1);
    let mut watched = Watched::new(&breakers).await;
    let hub = Arc::clone(watched.dashboard.hub());
    sleep(Duration::from_millis(1100)).await;
    watched.deltas();
    fail(&breakers[0]);
    hub.refresh().await.unwrap();
    assert_eq!(watched.deltas().len(), 0, "the sampler has read just now");
}

#[tokio::test(start_paused = true)]
async fn five_hundred_that_change_at_once_cost_what_each_of_them_costs() {
    let breakers = breakers(500);
    let mut watched = Watched::new(&breakers).await;
    sleep(Duration::from_millis(2500)).await;
    watched.deltas();
    let (mut bytes, mut warned) = (0, Vec::new());
    for breaker in &breakers {
        breaker.set_mode(Mode::Disabled, "all of them are switched off");
        tokio::task::yield_now().await;
        while let Some(Frame::Event(_, frame) | Frame::Delta(frame)) = watched.next() {
            bytes += frame.len();
        }
    }
    // Who comes now gets to know of them, and all others with the next reading.
    let (snapshot, _) = watched.dashboard.hub().follow(None);
    assert_eq!(snapshot.warnings.len(), 500);
    sleep(Duration::from_secs(1)).await;
    for (delta, size) in watched.deltas() {
        bytes += size;
        warned.extend(delta["warnings"].as_array().map(Vec::len));
    }
    assert_eq!(warned, [500]);
    assert!(bytes < 500 * 2_000, "{bytes} bytes");
}

#[tokio::test(start_paused = true)]
async fn events_that_the_log_was_too_slow_for_are_counted() {
    const EVENTS: usize = 6000;
    let telemetry = Telemetry::new();
    let breaker = &breakers(1)[0];
    telemetry.watch(breaker);
    let built = telemetry.clone();
    let dashboard = std::thread::spawn(move || {
        let builder = Dashboard::builder(&built).events(2 * EVENTS);
        builder.build().unwrap()
    });
    let dashboard = dashboard.join().unwrap();
    for number in 0..EVENTS {
        breaker.set_mode(Mode::Shadow, number.to_string());
    }
    let hub = dashboard.hub();
    hub.listen();
    sleep(Duration::from_millis(1)).await;
    hub.refresh().await.unwrap();
    let (told, dropped) = (hub.latest(usize::MAX).len(), hub.snapshot().dropped_events);
    assert!(told < EVENTS, "the room is bounded");
    assert_eq!(told as u64 + dropped, EVENTS as u64);
}
