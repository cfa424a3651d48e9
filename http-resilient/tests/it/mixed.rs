//! Hedges, retries, a fallback and coalescing together, through many faults and with callers that lose
//! patience: what must hold, whatever happens.

use std::collections::HashMap;
use std::sync::Mutex;

use http::Response;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use steadfast_breaker::AbandonedAs;
use steadfast_http::{Client, Retries};
use steadfast_retry::{HedgeConfig, HedgeTrigger};
use steadfast_testkit::{HttpUpstream, Reply};

use crate::support::{millis, quick, until};

const SEEDS: u64 = 6;
const REQUESTS: u64 = 150;

fn reply(rng: &mut SmallRng) -> Reply {
    match rng.random_range(0..9) {
        0 => Reply::status(503).header("retry-after", "0").body("busy"),
        1 => Reply::status(500).body(vec![b'x'; rng.random_range(0..40_000)]),
        2 => Reply::reset(),
        3 => Reply::ok("cut short").cut_body_after(rng.random_range(0..9)),
        4 => Reply::ok("late").delay(millis(rng.random_range(0..100))),
        5 => Reply::ok("drips").slow_body(1, millis(rng.random_range(0..20))),
        6 => Reply::ok(vec![b'x'; rng.random_range(0..2_000_000)]),
        _ => Reply::ok("fine"),
    }
}

fn client(seed: u64) -> Client {
    let mut hedge = HedgeConfig::default();
    hedge.trigger = HedgeTrigger::Delay(millis(seed * 4));
    hedge.max_hedges = 3;
    quick()
        .hedge(hedge)
        .budget_share(if seed % 2 == 0 { 1.0 } else { 0.1 })
        .max_concurrent(8)
        .max_waiting(1_000)
        .failure_threshold(20)
        .open_for(millis(20))
        .max_probes(2)
        .abandoned_as(AbandonedAs::Failure)
        .total_timeout(millis(800))
        .fallback(move |failed| {
            let answers = failed.attempts() % 2 == 0;
            async move {
                tokio::task::yield_now().await;
                answers.then(|| Response::new("stale"))
            }
        })
        .build()
        .unwrap()
}

/// Makes one request and takes what comes, unless it loses patience before.
async fn make(client: Client, url: String, id: u64, seed: u64) {
    let mut rng = SmallRng::seed_from_u64(seed);
    let request = match rng.random_range(0..4) {
        0 => client.post(url).header("x-once", id.to_string()),
        1 => client.put(url),
        2 => client.get(url).retry(Retries::none()),
        _ => client.get(url).coalesce(true),
    };
    let patience = match rng.random_range(0..4) {
        0 => millis(rng.random_range(0..100)),
        _ => millis(60_000),
    };
    let taking = async {
        if let Ok(response) = request.send().await {
            let _ = response.bytes().await;
        }
    };
    let _ = tokio::time::timeout(patience, taking).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_left_behind_and_no_post_is_doubled() {
    for seed in 0..SEEDS {
        let upstream = HttpUpstream::start().await;
        let client = client(seed);
        let rng = Mutex::new(SmallRng::seed_from_u64(seed));
        upstream.respond_with(move |_, _| reply(&mut rng.lock().unwrap()));
        let url = upstream.url("/");
        let making: Vec<_> = (0..REQUESTS)
            .map(|id| tokio::spawn(make(client.clone(), url.clone(), id, seed * REQUESTS + id)))
            .collect();
        for making in making {
            making.await.unwrap();
        }
        let rest = || {
            let snapshot = client.snapshot();
            let patterns = snapshot.authorities.iter();
            let busy: u64 = patterns
                .map(|one| one.bulkhead.busy as u64 + one.breaker.in_flight)
                .sum();
            let hedges = snapshot.hedge.as_ref().map_or(0, |hedge| hedge.in_flight);
            let waiting = snapshot.budget.as_ref().map_or(0, |budget| budget.waiting);
            busy + hedges + waiting + snapshot.in_flight
        };
        assert_eq!(rest(), 0, "seed {seed}");
        let totals = client.snapshot().totals;
        let ended = totals.responses
            + totals.circuit_open
            + totals.bulkhead_full
            + totals.timed_out
            + totals.deadline_exceeded
            + totals.failed
            + totals.abandoned;
        assert_eq!(totals.requests, REQUESTS, "seed {seed}");
        assert_eq!(ended, totals.requests, "seed {seed}: {totals:?}");
        until("the server is at rest", || upstream.in_flight() == 0).await;
        let mut posts = HashMap::new();
        for request in upstream.requests() {
            if let Some(id) = request.header("x-once") {
                *posts.entry(id.to_owned()).or_insert(0) += 1;
            }
        }
        assert!(
            posts.values().all(|times| *times == 1),
            "seed {seed}: {posts:?}"
        );
    }
}
