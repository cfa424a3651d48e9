//! Random replies: what a seed decides, and what is counted.

use std::time::Duration;

use steadfast_testkit::{Chaos, Http2Upstream, HttpUpstream, Reason, Reply, Upstream};
use tokio::task::JoinSet;

use crate::{
    clients::{http1, http2},
    support::{LIMIT, eventually, soon},
};

type Outcomes = Vec<(usize, Option<u16>)>;

const AT_ONCE: usize = 32;

/// All that may happen to a request and to no other, except that nothing does.
fn replies() -> Vec<(u32, Reply)> {
    let a_moment = Duration::from_millis(2);
    vec![
        (50, Reply::ok("fine")),
        (6, Reply::status(500).body("broken")),
        (6, Reply::status(503)),
        (6, Reply::status(503).header("retry-after", "0")),
        (6, Reply::status(429).header("retry-after", "1")),
        (4, Reply::reset_stream(Reason::INTERNAL_ERROR)),
        (4, Reply::reset_stream(Reason::REFUSED_STREAM)),
        (4, Reply::ok("half of this").cut_body_after(6)),
        (6, Reply::ok("drips").slow_body(2, a_moment)),
        (0, Reply::status(599)),
    ]
}

/// On HTTP/2 they happen to all that are on the same connection.
fn ends_of_connections() -> Vec<(u32, Reply)> {
    vec![(4, Reply::reset()), (4, Reply::close())]
}

/// Sends a request for each id, some at a time, and returns what came of each.
async fn send<P>(
    client: impl Fn() -> reqwest::Client,
    upstream: &Upstream<P>,
    ids: impl IntoIterator<Item = usize>,
    patience: Duration,
) -> Outcomes {
    let (mut requests, mut outcomes) = (JoinSet::new(), Vec::new());
    for id in ids {
        if requests.len() == AT_ONCE {
            outcomes.push(soon(requests.join_next()).await.unwrap().unwrap());
        }
        let request = client().post(upstream.url("/")).timeout(patience);
        let request = request.header("x-id", format!("order-{id}")).body("order");
        requests.spawn(async move {
            let Ok(response) = request.send().await else {
                return (id, None);
            };
            let status = response.status().as_u16();
            (id, response.text().await.is_ok().then_some(status))
        });
    }
    outcomes.extend(soon(requests.join_all()).await);
    outcomes.sort_unstable();
    outcomes
}

/// One storm, with a connection for each request, so that none suffers for another.
async fn storm<P>(
    client: fn() -> reqwest::Client,
    upstream: Upstream<P>,
    seed: u64,
    ids: impl IntoIterator<Item = usize>,
) -> Outcomes {
    let replies = [replies(), ends_of_connections()].concat();
    upstream.respond_with(Chaos::new(seed, "X-Id", replies).responder());
    send(client, &upstream, ids, LIMIT).await
}

#[tokio::test]
async fn a_seed_means_the_same_in_any_order_and_on_both_protocols() {
    let forth = storm(http1, HttpUpstream::start().await, 7, 0..100).await;
    let back = storm(http1, HttpUpstream::start().await, 7, (0..100).rev()).await;
    assert_eq!(forth, back);
    let two = storm(http2, Http2Upstream::start().await, 7, 0..100).await;
    assert_eq!(forth, two);
    let other = storm(http1, HttpUpstream::start().await, 8, 0..100).await;
    assert_ne!(forth, other);
}

#[tokio::test]
async fn an_id_draws_anew_each_time_and_is_counted() {
    let upstream = HttpUpstream::start().await;
    let chaos = Chaos::new(1, "x-id", [(1, Reply::ok("a")), (1, Reply::status(503))]);
    upstream.respond_with(chaos.responder());
    let outcomes = send(http1, &upstream, [5; 64], LIMIT).await;
    for status in [200, 503] {
        assert!(outcomes.contains(&(5, Some(status))), "{outcomes:?}");
    }
    let seen = chaos.seen("order-5");
    assert_eq!((seen.arrived, seen.taken, chaos.ids()), (64, 64, 1));
    assert_eq!(chaos.seen("order-6").arrived, 0);
}

#[tokio::test]
async fn a_refused_request_arrived_and_was_not_taken() {
    let upstream = Http2Upstream::start().await;
    for reply in [
        Reply::reset_stream(Reason::REFUSED_STREAM),
        Reply::go_away(Reason::NO_ERROR),
    ] {
        let chaos = Chaos::new(1, "x-id", [(1, reply)]);
        upstream.respond_with(chaos.responder());
        assert_eq!(send(http2, &upstream, [1], LIMIT).await, [(1, None)]);
        let seen = chaos.seen("order-1");
        assert_eq!((seen.arrived, seen.taken), (1, 0));
    }
}

#[tokio::test]
async fn requests_without_the_header_draw_too_and_are_not_counted() {
    let upstream = HttpUpstream::start().await;
    let chaos = Chaos::new(1, "another", [(1, Reply::ok("a")), (1, Reply::status(503))]);
    upstream.respond_with(chaos.responder());
    send(http1, &upstream, 0..64, LIMIT).await;
    assert!(chaos.drawn().iter().all(|drawn| *drawn > 10));
    assert_eq!(chaos.ids(), 0);
}

#[tokio::test]
async fn a_long_storm_is_counted_to_the_last_request_and_kept_nowhere() {
    const REQUESTS: usize = 2000;
    async fn check<P>(client: reqwest::Client, upstream: Upstream<P>, more: Vec<(u32, Reply)>) {
        let replies = [replies(), vec![(1, Reply::stall())], more].concat();
        let chaos = Chaos::new(3, "x-id", replies);
        upstream.keep_last(0);
        upstream.respond_with(chaos.responder());
        let patience = Duration::from_millis(300);
        let outcomes = send(|| client.clone(), &upstream, 0..REQUESTS, patience).await;
        let whole = outcomes.iter().filter(|(_, status)| status.is_some());
        assert!(whole.count() > REQUESTS / 2);

        let ids = (0..REQUESTS).map(|id| chaos.seen(&format!("order-{id}")).arrived);
        let arrived: Vec<u32> = ids.collect();
        assert!(arrived.iter().all(|times| *times <= 1));
        let total = arrived.iter().sum::<u32>() as usize;
        assert_eq!((total, total), (chaos.ids(), upstream.request_count()));
        let drawn = chaos.drawn();
        assert_eq!(drawn.iter().sum::<u64>(), total as u64);
        assert!(drawn[0] > drawn[1] && drawn[1] > 0, "{drawn:?}");
        assert_eq!(drawn[9], 0, "it has no weight");
        assert!(upstream.requests().is_empty(), "none is kept");
        eventually("all is over", || upstream.in_flight() == 0).await;
    }
    check(http1(), HttpUpstream::start().await, ends_of_connections()).await;
    check(http2(), Http2Upstream::start().await, Vec::new()).await;
}

#[test]
#[should_panic = "no reply has a weight"]
fn refuses_to_draw_from_nothing() {
    let _ = Chaos::new(1, "x-id", [(0, Reply::ok("never"))]);
}
