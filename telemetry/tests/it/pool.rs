//! A watched pool.

use std::time::Duration;

use steadfast_bulkhead::Pool;

use crate::export::{Bench, Export};

const NAME: (&str, &str) = ("resilience.name", "channels");

fn pool() -> Pool<u32, &'static str> {
    let builder = Pool::builder("channels", || async { Ok(7) });
    builder.max_concurrent(2).build().unwrap()
}

fn resources(export: &Export) -> [f64; 2] {
    ["idle", "lent"].map(|state| {
        let state = ("resilience.state", state);
        export.value("resilience.pool.resources", &[NAME, state])
    })
}

fn served(export: &Export) -> [f64; 2] {
    ["created", "recycled"].map(|outcome| {
        let outcome = ("resilience.outcome", outcome);
        export.value("resilience.pool.served", &[NAME, outcome])
    })
}

/// Why resources are gone, and how many for each reason.
fn gone(export: &Export) -> Vec<(String, f64)> {
    let series = export.of("resilience.pool.discarded").into_iter();
    let gone = series.filter(|series| series.value > 0.0);
    gone.map(|series| (series.attributes["resilience.reason"].clone(), series.value))
        .collect()
}

#[tokio::test]
async fn resources_and_the_bulkhead_in_front_are_exported() {
    let bench = Bench::new();
    let pool = pool();
    bench.telemetry.watch(&pool);
    assert_eq!(resources(&bench.export()), [0.0, 0.0]);

    let one = pool.checkout().await.unwrap();
    let other = pool.checkout().await.unwrap();
    assert_eq!(resources(&bench.export()), [0.0, 2.0]);
    let in_flight = bench
        .export()
        .value("resilience.bulkhead.in_flight", &[NAME]);
    assert_eq!(in_flight, 2.0);

    drop(one);
    other.discard();
    assert_eq!(resources(&bench.export()), [1.0, 0.0]);
    drop(pool.checkout().await.unwrap());
    assert_eq!(served(&bench.export()), [2.0, 1.0]);
    assert_eq!(gone(&bench.export()), [("asked".to_owned(), 1.0)]);
}

#[tokio::test]
async fn failures_to_create_are_exported_by_kind() {
    let bench = Bench::new();
    let builder = Pool::<u32, _>::builder("channels", || async { Err("connection refused") });
    let pool = builder.build().unwrap();
    bench.telemetry.watch(&pool);
    pool.checkout().await.unwrap_err();

    let export = bench.export();
    let failures = |reason| {
        let reason = ("error.type", reason);
        export.value("resilience.pool.create_failures", &[NAME, reason])
    };
    assert_eq!(failures("error"), 1.0);
    assert_eq!(failures("timeout"), 0.0);
    assert_eq!(failures("abandoned"), 0.0);
}

#[tokio::test(start_paused = true)]
async fn resources_that_are_gone_are_exported_by_reason() {
    let bench = Bench::new();
    let minute = Duration::from_secs(60);
    let pool = Pool::<u32, ()>::builder("channels", || async { Ok(7) })
        .max_idle(minute)
        .is_valid(|resource| *resource != 1)
        .build()
        .unwrap();
    bench.telemetry.watch(&pool);
    assert_eq!(bench.export().of("resilience.pool.discarded").len(), 14);

    let checkout = async || pool.checkout().await.unwrap();
    *checkout().await = 1;
    drop(checkout().await);
    assert_eq!(gone(&bench.export()), [("not_valid".to_owned(), 1.0)]);
    tokio::time::advance(2 * minute).await;
    assert_eq!(checkout().await.into_inner(), 7);
    let told = [("idle_too_long", 1.0), ("not_valid", 1.0), ("taken", 1.0)];
    let told = told.map(|(reason, count)| (reason.to_owned(), count));
    assert_eq!(gone(&bench.export()), told);
}

#[test]
fn a_pool_and_its_bulkhead_can_both_be_watched_as_often_as_one_likes() {
    let bench = Bench::new();
    let pool = pool();
    bench.telemetry.watch(&pool);
    let once = bench.export().named("channels").len();
    bench.telemetry.watch(&pool.clone());
    bench.telemetry.watch(pool.bulkhead());
    assert_eq!(bench.export().named("channels").len(), once);

    drop(pool);
    assert!(bench.export().named("channels").is_empty());
    assert_eq!(bench.telemetry.snapshot().watched, 0);
}

#[tokio::test(start_paused = true)]
async fn percentiles_of_the_time_in_line_are_noted_down_of_the_pool_too() {
    let bench = Bench::new();
    let builder = Pool::builder("channels", || async { Ok::<_, &str>(7) });
    let pool = builder.max_concurrent(1).build().unwrap();
    bench.telemetry.watch(&pool);
    let lent = pool.checkout().await.unwrap();
    let waiting = async { drop(pool.checkout().await.unwrap()) };
    let releasing = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        drop(lent);
    };
    tokio::join!(waiting, releasing);
    let [queue, _, hold, _] = crate::bulkhead::percentiles(&bench.telemetry, "pool");
    assert_eq!((queue, hold), (Some(500.0), None));
}
