//! A request that is polled so many times and then dropped: at whatever point that is, nothing is left of it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use steadfast_http::{Builder, Client};
use steadfast_retry::{HedgeConfig, HedgeTrigger};
use steadfast_testkit::{HttpUpstream, Reply};

use crate::support::{SECOND, long, millis, quick};

/// More than any request here needs.
const MOST: usize = 60;

/// A future that is polled so many times; `None` if that was not enough.
struct Polled<F> {
    future: Pin<Box<F>>,
    left: usize,
}

impl<F: Future> Future for Polled<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        self.left -= 1;
        match self.future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if self.left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// What the server does with its requests, one after the other, over and over.
fn behaviours() -> Vec<Vec<Reply>> {
    let to = |status, location: &str| Reply::status(status).header("location", location);
    let well = || Reply::ok("well");
    vec![
        vec![well()],
        vec![well().delay(millis(3)).slow_body(1, millis(1))],
        vec![Reply::status(503).body("no"), Reply::status(503), well()],
        vec![Reply::status(503).body("no, no").slow_body(2, millis(2))],
        vec![Reply::reset(), well()],
        vec![Reply::status(429).header("retry-after", "0"), well()],
        vec![long()],
        vec![Reply::gzip_bomb(200_000)],
        vec![Reply::ok("cut short").cut_body_after(4)],
        vec![
            to(307, "/there").body("moved").slow_body(1, millis(1)),
            to(303, "/else").chunked().body("moved"),
            well(),
        ],
    ]
}

fn clients() -> [Builder; 5] {
    let mut hedge = HedgeConfig::default();
    hedge.trigger = HedgeTrigger::Delay(millis(1));
    let instead = |builder: Builder| {
        builder.fallback(|_| async {
            tokio::time::sleep(millis(2)).await;
            Some(http::Response::new("instead"))
        })
    };
    [
        quick(),
        quick().own_redirects(10),
        quick().coalesce(true),
        instead(quick().own_redirects(10).coalesce(true)),
        quick().own_redirects(10).hedge(hedge),
    ]
}

fn assert_nothing_is_left(client: &Client, of: &str) {
    let snapshot = client.snapshot();
    assert_eq!(snapshot.in_flight, 0, "{of}");
    for one in snapshot.authorities {
        let held = (one.bulkhead.busy, one.bulkhead.waiting);
        assert_eq!(held, (0, 0), "{of}");
        assert_eq!(one.breaker.in_flight, 0, "{of}");
    }
    let budget = snapshot.budget.unwrap();
    assert_eq!(budget.waiting, 0, "{of}");
    let totals = snapshot.totals;
    let ends = [
        totals.responses,
        totals.invalid,
        totals.circuit_open,
        totals.bulkhead_full,
        totals.throttled,
        totals.timed_out,
        totals.deadline_exceeded,
        totals.too_large,
        totals.failed,
        totals.abandoned,
    ];
    assert_eq!(totals.requests, ends.iter().sum::<u64>(), "{of}");
}

#[tokio::test]
async fn nothing_is_left_of_a_request_that_is_dropped_anywhere() {
    for (server, behaviour) in behaviours().into_iter().enumerate() {
        let upstream = HttpUpstream::start().await;
        upstream.respond_with(move |_, before| behaviour[before % behaviour.len()].clone());
        for (nth, builder) in clients().into_iter().enumerate() {
            let client = builder
                .failure_threshold(u32::MAX)
                .max_concurrent(2)
                .max_waiting(2)
                .build()
                .unwrap();
            let mut finished = 0;
            for polls in 1..MOST {
                let of = format!("server {server}, client {nth}, {polls} polls");
                let request = match polls % 2 {
                    0 => client.get(upstream.url("/")),
                    _ => client.put(upstream.url("/")).body("2 chairs"),
                };
                let reading = async {
                    let response = request.send().await.map_err(drop)?;
                    response.bytes().await.map_err(drop)
                };
                let polled = Polled {
                    future: Box::pin(reading),
                    left: polls,
                };
                let ended = tokio::time::timeout(5 * SECOND, polled).await;
                let ended = ended.unwrap_or_else(|_| panic!("{of}: it hangs"));
                assert_nothing_is_left(&client, &of);
                finished += usize::from(ended.is_some());
                if finished == 3 {
                    break;
                }
            }
        }
    }
}
