//! Many callers at once, in front of a server that is down.

use std::sync::Arc;

use steadfast_breaker::State;
use steadfast_http::Client;
use steadfast_testkit::{HttpUpstream, Reply};
use tokio::sync::Barrier;

use crate::support::{SECOND, at, millis, once, only, quick, until};

const CALLERS: usize = 1000;

async fn make(client: Client, url: String) {
    if let Ok(response) = client.get(url).send().await {
        let _ = response.bytes().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bad_host_of_three_never_opens_the_others() {
    let upstreams = [
        HttpUpstream::start().await,
        HttpUpstream::start().await,
        HttpUpstream::start().await,
    ];
    let [first, bad, last] = &upstreams;
    bad.respond_with(|_, before| match before % 4 {
        0 => Reply::reset(),
        1 => Reply::close(),
        2 => Reply::ok("half of this").cut_body_after(6),
        _ => Reply::status(500),
    });
    let client = quick()
        .failure_threshold(3)
        .open_for(millis(5))
        .max_concurrent(20)
        .max_waiting(CALLERS)
        .total_timeout(60 * SECOND)
        .checkout_timeout(60 * SECOND)
        .attempt_timeout(60 * SECOND)
        .build()
        .unwrap();
    let mut calls = Vec::new();
    for nth in 0..CALLERS {
        let url = upstreams[nth % 3].url("/");
        calls.push(tokio::spawn(make(client.clone(), url)));
    }
    for call in calls {
        call.await.unwrap();
    }
    let breaker = at(&client, bad.addr()).breaker;
    assert!(breaker.totals.opened >= 1, "{breaker:?}");
    assert!(breaker.totals.rejected >= 1, "{breaker:?}");
    for good in [first, last] {
        let breaker = at(&client, good.addr()).breaker;
        assert_eq!(breaker.state, State::Closed, "{breaker:?}");
        assert_eq!(breaker.totals.opened, 0, "{breaker:?}");
        assert_eq!(breaker.totals.rejected, 0, "{breaker:?}");
        assert_eq!(breaker.totals.success as usize, good.request_count());
        assert!(good.request_count() >= CALLERS / 3);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_callers_send_no_more_probes_than_are_allowed() {
    for probes in [1, 3] {
        let upstream = HttpUpstream::start().await;
        upstream.script([Reply::status(500)]);
        // They are held, so that each of the thousand finds them under way.
        upstream.respond_with(|_, _| Reply::stall());
        let client = once()
            .failure_threshold(1)
            .success_threshold(1)
            .open_for(millis(20))
            .max_probes(probes)
            .half_open_max(3600 * SECOND)
            .attempt_timeout(3600 * SECOND)
            .total_timeout(3600 * SECOND)
            .max_concurrent(2 * CALLERS)
            .build()
            .unwrap();
        client.get(upstream.url("/")).send().await.unwrap();
        let due = || {
            let wait = only(&client).breaker.retry_after;
            wait.is_some_and(|wait| wait.is_zero())
        };
        until("the open time is over", due).await;

        let start = Arc::new(Barrier::new(CALLERS));
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..CALLERS {
            let (request, start) = (client.get(upstream.url("/")), Arc::clone(&start));
            calls.spawn(async move {
                start.wait().await;
                request.send().await
            });
        }
        for _ in 0..CALLERS - probes as usize {
            let turned_away = calls.join_next().await.unwrap().unwrap();
            assert!(turned_away.unwrap_err().is_circuit_open());
        }
        let all = 1 + probes as usize;
        until("the probes arrive", || upstream.request_count() == all).await;
        assert_eq!(only(&client).breaker.in_flight, u64::from(probes));

        // The probes are given up; others may take their places, and find the server well.
        calls.shutdown().await;
        upstream.respond_with(|_, _| Reply::ok("back"));
        let response = client.get(upstream.url("/")).send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), "back");
        assert_eq!(upstream.request_count(), all + 1);
        let patterns = only(&client);
        assert_eq!(patterns.breaker.state, State::Closed);
        assert_eq!((patterns.breaker.in_flight, patterns.bulkhead.busy), (0, 0));
    }
}
