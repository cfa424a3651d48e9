//! Ten thousand requests through every kind of answer that a server can give or fail to give.
//!
//! The client has a thread to itself, and a [`Ticker`] on it. What must happen in time is measured in
//! its ticks: on a machine that has other things to do they come as late as everything else, so that a
//! bound of so many of them does not fail by chance.
#![expect(clippy::print_stdout, reason = "the figures of a run")]

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use steadfast_http::{Builder, Client};
use steadfast_testkit::{Chaos, HttpUpstream, Reply, Upstream};
use tokio::task::LocalSet;
use tokio::time::{sleep, timeout, timeout_at};

use crate::support::{SECOND, millis, now, only, quick};

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
    let storm = Storm::new(
        &upstream,
        quick(),
        vec![(250, Reply::reset()), (250, Reply::close())],
    );
    let seen = storm.run().await;
    // A connection is given up with an answer that did not come whole; any other lives on, and there
    // is one for each place. Twice that: while a connect is under way, another may come free.
    let most = seen.lost + 2 * PLACES as u64;
    let connections = upstream.connections();
    println!("{connections} connections, at most {most}, {seen:?}");
    assert!(connections <= most, "{connections} connections: {seen:?}");
    assert!(connections < seen.arrived / 2, "{seen:?}");
}

#[cfg(feature = "http2")]
#[tokio::test]
async fn a_storm_of_http2_ends_in_calm() {
    use steadfast_testkit::{Http2Upstream, Reason};

    let upstream = Http2Upstream::start().await;
    let builder = quick()
        .reqwest(reqwest::Client::builder().http2_prior_knowledge())
        .redirect(reqwest::redirect::Policy::default());
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum End {
    Whole,
    Broken,
    Failed,
    Rejected,
    Dropped,
}

struct Ended {
    how: End,
    deadline: Instant,
    at: Instant,
}

struct Storm<'s, P> {
    upstream: &'s Upstream<P>,
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
            .failure_threshold(8)
            .open_for(millis(5))
            .success_threshold(1)
            .build()
            .unwrap();
        Self {
            upstream,
            chaos,
            client,
        }
    }

    async fn run(&self) -> Seen {
        let local = LocalSet::new();
        let ticker = Ticker::default();
        let next = Rc::new(Cell::new(0));
        let url = self.upstream.url("/");
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
        let ended = callers.await;
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
        // Or else it was no storm.
        let posts = posts.filter(|id| times(*id) == 1).count();
        assert!(posts > 1000, "only {posts} arrived");
        let others = (0..REQUESTS).filter(|id| Kind::of(*id) != Kind::Post);
        let again = others.filter(|id| times(*id) > 1).count();
        assert!(again > 200, "only {again} of the others were repeated");
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
                let sending = self.client.get(self.upstream.url("/")).send().await;
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

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Get,
    Post,
    PostWithKey,
}

impl Kind {
    fn of(id: u64) -> Self {
        [Self::Get, Self::Post, Self::PostWithKey][(id % 3) as usize]
    }
}

/// Makes a request, reads what comes of it, or loses patience on the way.
async fn call(client: &Client, url: &str, id: u64) -> Ended {
    let mut rng = SmallRng::seed_from_u64(SEED << 32 | id);
    let request = match Kind::of(id) {
        Kind::Get => client.get(url),
        Kind::Post => client.post(url).body("order"),
        Kind::PostWithKey => client.post(url).body("order").idempotency_key(id),
    };
    let request = request.header("x-id", id);
    let began = now();
    let (total, request) = match rng.random_range(0..4) {
        0 => (TOTAL, request), // the client's
        1 => {
            let total = millis(rng.random_range(1..100));
            (total, request.total_timeout(total))
        }
        _ => {
            let total = millis(rng.random_range(1000..4000));
            (total, request.deadline(began + total))
        }
    };
    let patience = match rng.random_range(0..8) {
        0 => millis(rng.random_range(0..50)),
        _ => Duration::MAX,
    };
    let calling = async {
        match request.send().await {
            Ok(response) => match response.bytes().await {
                Ok(_) => End::Whole,
                Err(_) => End::Broken,
            },
            Err(error) => {
                if error.is_circuit_open() {
                    End::Rejected
                } else {
                    End::Failed
                }
            }
        }
    };
    let deadline = began + total;
    let guarded = timeout_at((deadline + PATIENCE).into(), timeout(patience, calling));
    let how = guarded.await.expect("every call ends");
    Ended {
        how: how.unwrap_or(End::Dropped),
        deadline,
        at: now(),
    }
}

/// Sleeps a millisecond again and again, as precisely as the runtime can.
#[derive(Debug, Clone, Default)]
struct Ticker(Rc<RefCell<Vec<Instant>>>);

impl Ticker {
    async fn run(self) {
        loop {
            self.0.borrow_mut().push(now());
            sleep(millis(1)).await;
        }
    }

    /// No call has ended later than it should have.
    fn check(&self, ended: &[Ended]) {
        let ticks = self.0.borrow();
        let before = |at: Instant| ticks.partition_point(|tick| *tick <= at);
        let late = |ended: &Ended| before(ended.at) - before(ended.deadline).min(before(ended.at));
        let overshoot = |ended: &Ended| ended.at.saturating_duration_since(ended.deadline);
        let in_ticks = ended.iter().map(late).max().unwrap();
        let in_time = ended.iter().map(overshoot).max().unwrap();
        let longest = ticks.windows(2).map(|two| two[1] - two[0]).max().unwrap();
        println!("latest: {in_time:?}, {in_ticks} ticks; the longest tick: {longest:?}");
        assert!(in_ticks <= MOST_TICKS, "{in_ticks} ticks late, {in_time:?}");
    }
}
