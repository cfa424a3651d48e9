//! Many requests through many faults: what must hold, whatever happens.

use std::collections::HashMap;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use steadfast_http::Client;
use steadfast_testkit::{Fault, FaultProxy, HttpUpstream, Reply};

use crate::support::{millis, now, only};

const SEEDS: u64 = 8;
const REQUESTS: u64 = 120;
const TOTAL: Duration = Duration::from_millis(600);
/// For a machine that has other things to do.
const SLACK: Duration = Duration::from_secs(3);

/// What the server does with a request: chosen by the request, so that a seed means the same in
/// every run.
fn reply(seed: u64) -> Reply {
    let mut rng = SmallRng::seed_from_u64(seed);
    match rng.random_range(0..12) {
        0 => Reply::status(503).header("retry-after", "0").body("busy"),
        1 => Reply::status(500).body(vec![b'x'; rng.random_range(0..40_000)]),
        2 => Reply::status(429),
        3 => Reply::reset(),
        4 => Reply::close(),
        5 => Reply::raw("garbage\r\n\r\n"),
        6 => Reply::ok("cut short").cut_body_after(rng.random_range(0..9)),
        7 => Reply::ok("late").delay(millis(rng.random_range(0..400))),
        8 => Reply::ok("drips").slow_body(1, millis(rng.random_range(0..300))),
        _ => Reply::ok("fine"),
    }
}

/// What the network does meanwhile.
async fn weather(proxy: &FaultProxy, seed: u64) {
    let mut rng = SmallRng::seed_from_u64(seed);
    loop {
        proxy.set(match rng.random_range(0..8) {
            0 => Fault::Refuse,
            1 => Fault::Reset,
            2 => Fault::Stall,
            3 => Fault::CutAfter {
                bytes: rng.random_range(0..400),
            },
            4 => Fault::CutRequestAfter {
                bytes: rng.random_range(0..400),
            },
            5 => Fault::Latency {
                delay: millis(5),
                jitter: millis(30),
            },
            _ => Fault::None,
        });
        if rng.random_range(0..4) == 0 {
            proxy.sever();
        }
        tokio::time::sleep(millis(rng.random_range(1..40))).await;
    }
}

/// Makes one request and takes what comes; returns how long it took, body and all.
async fn make(client: Client, url: String, id: u64, seed: u64) -> Duration {
    let mut rng = SmallRng::seed_from_u64(seed);
    let request = match rng.random_range(0..3) {
        0 => client.get(url),
        1 => client.post(url).idempotency_key(id.to_string()),
        _ => client.post(url),
    };
    let request = request.body(id.to_string());
    let began = now();
    if rng.random_range(0..8) == 0 {
        // A caller that loses patience.
        let patience = millis(rng.random_range(0..100));
        let _ = tokio::time::timeout(patience, request.send()).await;
    } else if let Ok(response) = request.send().await {
        let _ = response.bytes().await;
    }
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_is_never_sent_twice_and_nothing_is_held_or_lost() {
    let (mut posts_arrived, mut keys_repeated) = (0, 0);
    for seed in 0..SEEDS {
        let upstream = HttpUpstream::start().await;
        upstream.respond_with(move |_, before| reply(seed << 32 | before as u64));
        let proxy = FaultProxy::start(upstream.addr()).await;
        let client = Client::named("storm")
            .base_backoff(millis(2))
            .jitter_seed(seed)
            .attempt_timeout(millis(150))
            .total_timeout(TOTAL)
            .max_attempts(6)
            // Half of the storms with a breaker that works, half with one that lets everything through.
            .failure_threshold(if seed % 2 == 0 { 5 } else { u32::MAX })
            .open_for(millis(30))
            .max_concurrent(16)
            .max_waiting(1000)
            .build()
            .unwrap();
        let url = format!("http://{}/", proxy.addr());
        let requests = async {
            let mut rng = SmallRng::seed_from_u64(seed);
            let mut calls = Vec::new();
            for id in 0..REQUESTS {
                let call = make(client.clone(), url.clone(), id, rng.random());
                calls.push(tokio::spawn(call));
                tokio::time::sleep(millis(rng.random_range(0..4))).await;
            }
            for call in calls {
                let took = call.await.unwrap();
                assert!(took < TOTAL + SLACK, "{took:?} with seed {seed}");
            }
        };
        tokio::select! {
            () = requests => {}
            () = weather(&proxy, seed) => {}
        }

        let (mut posts, mut keys) = (HashMap::new(), HashMap::new());
        let requests = upstream.requests();
        for request in &requests {
            if let Some(key) = request.header("idempotency-key") {
                *keys.entry(key).or_insert(0) += 1;
            } else if request.method == "POST" {
                *posts.entry(request.text()).or_insert(0) += 1;
            }
        }
        let twice: Vec<_> = posts.iter().filter(|(_, times)| **times > 1).collect();
        assert!(twice.is_empty(), "sent twice with seed {seed}: {twice:?}");
        posts_arrived += posts.len();
        keys_repeated += keys.values().filter(|times| **times > 1).count();

        let snapshot = client.snapshot();
        let totals = snapshot.totals;
        let ended = totals.responses
            + totals.circuit_open
            + totals.bulkhead_full
            + totals.timed_out
            + totals.deadline_exceeded
            + totals.failed
            + totals.abandoned;
        assert_eq!((totals.requests, ended), (REQUESTS, REQUESTS), "{totals:?}");
        assert!(totals.attempts >= requests.len() as u64, "{totals:?}");
        assert!(snapshot.retry.totals.retries > 0, "{snapshot:?}");
        assert_eq!(snapshot.in_flight, 0);
        let patterns = only(&client);
        assert_eq!(patterns.bulkhead.busy, 0, "{patterns:?}");
        assert_eq!(patterns.bulkhead.waiting, 0, "{patterns:?}");
        assert_eq!(patterns.breaker.in_flight, 0, "{patterns:?}");
        assert!(patterns.bulkhead.peak_busy <= 16);
    }
    // Or else it was no storm.
    assert!(posts_arrived > 60, "only {posts_arrived} posts arrived");
    assert!(keys_repeated > 20, "only {keys_repeated} were repeated");
}
