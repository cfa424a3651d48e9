//! Ten thousand requests through every kind of answer that a server can give or fail to give.
//!
//! The client has a thread to itself, and a [`Ticker`] on it. What must happen in time is measured in
//! its ticks: on a machine that has other things to do they come as late as everything else, so that a
//! bound of so many of them does not fail by chance.
#![expect(clippy::print_stdout, reason = "the figures of a run")]

mod caller;
mod ticker;
mod weather;

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use steadfast_http::{Builder, Client};
use steadfast_testkit::{Chaos, FaultProxy, HttpUpstream, Reply, Upstream};
use tokio::task::LocalSet;
use tokio::time::{sleep, timeout};

use self::caller::{End, Ended, Kind, call};
use self::ticker::Ticker;
use self::weather::weather;
use crate::support::{SECOND, millis, only, quick};

const SEED: u64 = 6;
const REQUESTS: u64 = 10_000;
/// Callers, each with one request at a time.
const AT_ONCE: u64 = 200;
/// Fewer places than callers, so that there is a queue.
const PLACES: usize = 150;
const TOTAL: Duration = Duration::from_secs(4);
/// How long after its deadline a call may end: 20 ms where nothing else runs.
const MOST_TICKS: usize = 20;
/// How long after its deadline a call is taken for one that never ends.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_storm_of_http1_ends_in_calm() {
    let upstream = HttpUpstream::start().await;
    let replies = vec![(250, Reply::reset()), (250, Reply::close())];
    let seen = Storm::new(&upstream, quick().failure_threshold(8), replies)
        .run()
        .await;
    // A connection is given up with an answer that did not come whole; any other lives on, and there
    // is one for each place. Twice that: while a connect is under way, another may come free.
    let most = seen.lost + 2 * PLACES as u64;
    let connections = upstream.connections();
    println!("{connections} connections, at most {most}, {seen:?}");
    assert!(connections <= most, "{connections} connections: {seen:?}");
    assert!(connections < seen.arrived / 2, "{seen:?}");
}

#[tokio::test]
async fn a_storm_of_http1_through_bad_weather_ends_in_calm() {
    let upstream = HttpUpstream::start().await;
    let proxy = FaultProxy::start(upstream.addr()).await;
    let replies = vec![(250, Reply::reset()), (250, Reply::close())];
    let builder = quick().failure_threshold(300);
    let storm = Storm::new(&upstream, builder, replies).through(&proxy);
    println!("{:?} {:?}", storm.run().await, proxy.stats());
}

#[cfg(feature = "http2")]
#[tokio::test]
async fn a_storm_of_http2_through_bad_weather_ends_in_calm() {
    use steadfast_testkit::{Http2Upstream, Reason};

    let upstream = Http2Upstream::start().await;
    let proxy = FaultProxy::start(upstream.addr()).await;
    let replies = vec![
        (250, Reply::reset_stream(Reason::INTERNAL_ERROR)),
        (250, Reply::reset_stream(Reason::REFUSED_STREAM)),
    ];
    let builder = quick().http2_prior_knowledge().failure_threshold(300);
    let storm = Storm::new(&upstream, builder, replies).through(&proxy);
    println!("{:?} {:?}", storm.run().await, proxy.stats());
}

#[cfg(feature = "http2")]
#[tokio::test]
async fn a_storm_of_http2_ends_in_calm() {
    use steadfast_testkit::{Http2Upstream, Reason};

    let upstream = Http2Upstream::start().await;
    let builder = quick().http2_prior_knowledge().failure_threshold(8);
    // No GOAWAY: it takes back what came after its stream, and some of that has been answered by then.
    let storm = Storm::new(
        &upstream,
        builder,
        vec![
            (250, Reply::reset_stream(Reason::INTERNAL_ERROR)),
            (250, Reply::reset_stream(Reason::REFUSED_STREAM)),
            (2, Reply::reset()),
            (2, Reply::close()),
        ],
    );
    let seen = storm.run().await;
    // One connection, and another for each that the server has ended or a caller has given up on while
    // it was being made.
    let connections = upstream.connections();
    println!("{connections} connections, {seen:?}");
    assert!(connections < seen.arrived / 50, "{connections}: {seen:?}");
}

/// What came of it.
#[derive(Debug)]
struct Seen {
    /// Requests that reached the server.
    arrived: u64,
    /// Attempts whose answer did not come whole.
    lost: u64,
}

struct Storm<'s, P> {
    upstream: &'s Upstream<P>,
    /// What the requests go through, if it is not straight to the server.
    proxy: Option<&'s FaultProxy>,
    chaos: Chaos,
    client: Client,
}

impl<'s, P> Storm<'s, P> {
    /// The usual answers and failures, and these.
    fn new(upstream: &'s Upstream<P>, builder: Builder, replies: Vec<(u32, Reply)>) -> Self {
        let busy = Reply::status(503).header("retry-after", "0");
        let mut all = vec![
            (6000, Reply::ok("fine")),
            (300, Reply::ok("in chunks").chunked()),
            (300, Reply::ok(vec![b'x'; 40_000])),
            (600, Reply::ok("late").delay(millis(20))),
            (600, Reply::status(500).body("broken")),
            (600, busy.body("busy")),
            (400, Reply::status(429)),
            (300, Reply::ok("half of this").cut_body_after(6)),
            (100, Reply::ok("drip").slow_body(1, millis(30))),
            (100, Reply::ok("stuck").slow_body(1, 600 * SECOND)),
            (150, Reply::stall()),
        ];
        all.extend(replies);
        let chaos = Chaos::new(SEED, "x-id", all);
        upstream.keep_last(0);
        upstream.respond_with(chaos.responder());
        let client = builder
            .attempt_timeout(millis(1500))
            .total_timeout(TOTAL)
            .read_timeout(millis(1500))
            .max_attempts(4)
            .budget_share(1.0)
            .max_concurrent(PLACES)
            .max_waiting(1000)
            .open_for(millis(5))
            .success_threshold(1)
            .build()
            .unwrap();
        Self {
            upstream,
            proxy: None,
            chaos,
            client,
        }
    }

    fn through(mut self, proxy: &'s FaultProxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    fn url(&self) -> String {
        match self.proxy {
            None => self.upstream.url("/"),
            Some(proxy) => format!("http://{}/", proxy.addr()),
        }
    }

    async fn run(&self) -> Seen {
        let local = LocalSet::new();
        let ticker = Ticker::default();
        let next = Rc::new(Cell::new(0));
        let url = self.url();
        let callers = local.run_until(async {
            let ticking = tokio::task::spawn_local(ticker.clone().run());
            let mut callers = Vec::new();
            for _ in 0..AT_ONCE {
                let (client, url, next) = (self.client.clone(), url.clone(), Rc::clone(&next));
                callers.push(tokio::task::spawn_local(async move {
                    let mut ended = Vec::new();
                    while next.get() < REQUESTS {
                        let id = next.replace(next.get() + 1);
                        let call = call(&client, &url, id).await;
                        if call.how == End::Rejected {
                            // Or else all the rest would be while the circuit is open.
                            sleep(millis(5)).await;
                        }
                        ended.push(call);
                    }
                    ended
                }));
            }
            let mut ended = Vec::new();
            for caller in callers {
                ended.extend(caller.await.unwrap());
            }
            ticking.abort();
            ended
        });
        let ended = match self.proxy {
            None => callers.await,
            Some(proxy) => {
                let ended = tokio::select! {
                    ended = callers => ended,
                    () = weather(proxy) => unreachable!("there is always some"),
                };
                proxy.heal();
                ended
            }
        };
        assert_eq!(ended.len() as u64, REQUESTS);
        ticker.check(&ended);
        self.check_posts();
        self.check_rest();
        self.works().await;
        self.seen(&ended)
    }

    /// No request that must not be repeated was.
    fn check_posts(&self) {
        let times = |id: u64| self.chaos.seen(&id.to_string()).taken;
        let posts = (0..REQUESTS).filter(|id| Kind::of(*id) == Kind::Post);
        let twice: Vec<_> = posts.clone().filter(|id| times(*id) > 1).collect();
        assert!(twice.is_empty(), "sent twice: {twice:?}");
        // Or else it was no storm. In bad weather the circuit is open more often.
        let posts = posts.filter(|id| times(*id) == 1).count();
        let least = if self.proxy.is_none() { 1000 } else { 300 };
        assert!(posts > least, "only {posts} arrived");
        let others = (0..REQUESTS).filter(|id| Kind::of(*id) != Kind::Post);
        let again = others.filter(|id| times(*id) > 1).count();
        assert!(
            again > least / 5,
            "only {again} of the others were repeated"
        );
    }

    /// Everything that was taken has been given back, and every call is accounted for.
    fn check_rest(&self) {
        let snapshot = self.client.snapshot();
        assert_eq!(snapshot.in_flight, 0);
        assert_eq!(snapshot.budget.unwrap().waiting, 0);
        let patterns = only(&self.client);
        assert_eq!(patterns.breaker.in_flight, 0, "{patterns:?}");
        assert_eq!(patterns.bulkhead.busy, 0, "{patterns:?}");
        assert_eq!(patterns.bulkhead.waiting, 0, "{patterns:?}");
        assert!(patterns.bulkhead.peak_busy <= PLACES);
        // Each failure was noted, once, and nothing else was. The storm has fewer classes than are kept.
        let errors = &patterns.breaker.last_errors;
        let noted: u64 = errors.iter().map(|error| error.count).sum();
        assert!(errors.len() < 8, "{errors:?}");
        assert_eq!(noted, patterns.breaker.totals.failure, "{errors:?}");
        let totals = snapshot.totals;
        let ended = totals.responses
            + totals.circuit_open
            + totals.bulkhead_full
            + totals.timed_out
            + totals.deadline_exceeded
            + totals.failed
            + totals.throttled
            + totals.too_large
            + totals.abandoned;
        assert_eq!(totals.requests, ended, "{totals:?}");
    }

    /// The client has taken no harm: once the circuit is closed, its requests get through.
    async fn works(&self) {
        self.upstream.respond_with(|_, _| Reply::ok("calm"));
        let calm = async {
            loop {
                let sending = self.client.get(self.url()).send().await;
                if let Ok(response) = sending {
                    return response.text().await.unwrap();
                }
                sleep(millis(5)).await;
            }
        };
        assert_eq!(timeout(PATIENCE, calm).await.unwrap(), "calm");
    }

    fn seen(&self, ended: &[Ended]) -> Seen {
        let totals = self.client.snapshot().totals;
        let mut hows = HashMap::new();
        for ended in ended {
            *hows.entry(ended.how).or_insert(0) += 1;
        }
        println!("{hows:?}");
        Seen {
            arrived: self.upstream.request_count() as u64,
            lost: totals.attempts - hows[&End::Whole] - totals.drained,
        }
    }
}
