//! Over real sockets, with many calls under way.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use steadfast::config::Config;
use steadfast::http::ResponseExt as _;
use steadfast::supervisor::Supervisor;
use steadfast::telemetry::EventKind;
use steadfast_testkit::{HttpUpstream, Reply};

use super::support::{Folder, LONG, alive, config, only, started, until, write};

async fn upstream(delay: Duration) -> HttpUpstream {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(move |_, _| Reply::ok("done").delay(delay));
    upstream
}

/// A client that sends as many requests at a time as `wide`, and lets all others wait.
fn client(upstream: &HttpUpstream, wide: usize) -> String {
    format!(
        "[http_clients.api]
         base_url = '{}'
         max_concurrent = {wide}
         max_waiting = 100000
         checkout_timeout = '60s'
         total_timeout = '60s'
         attempt_timeout = '30s'
         [bulkheads.http_connections]
         max_concurrent = 100000\n",
        upstream.url("/")
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_under_load_loses_no_request_and_a_wrong_file_changes_nothing() {
    const WORKERS: usize = 100;
    const EACH: usize = 60;
    let upstream = upstream(Duration::from_millis(2)).await;
    let folder = Folder::new();
    let base = client(&upstream, 50);
    let path = folder.write("app.toml", &base);
    let builder = Supervisor::builder().file(&path).watch(None);
    let supervisor = builder.start().await.unwrap();
    let http = supervisor.http_client("api").unwrap();

    let working = Arc::new(AtomicBool::new(true));
    let answered = Arc::<AtomicU64>::default();
    let workers: Vec<_> = (0..WORKERS)
        .map(|worker| {
            let (supervisor, answered) = (supervisor.clone(), Arc::clone(&answered));
            tokio::spawn(async move {
                for number in 0..EACH {
                    let url = format!("/{worker}/{number}");
                    let sent = supervisor.resilient_http_request("api", http::Method::GET, &*url);
                    let response = sent.await.unwrap_or_else(|error| panic!("{url}: {error}"));
                    assert_eq!(response.attempts(), 1, "{url}");
                    assert_eq!(response.text().await.unwrap(), "done");
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();

    let changing = tokio::spawn({
        let (supervisor, working) = (supervisor.clone(), Arc::clone(&working));
        async move {
            let mut applied = 0_u64;
            for round in 0_u64.. {
                if !working.load(Ordering::Relaxed) {
                    break;
                }
                let wide = 1 + round % 80;
                let text = client_with(&base, wide, round);
                write(&path, &text);
                let report = supervisor.reload().await.unwrap();
                assert!(report.needs_restart.is_empty(), "{report}");
                applied += u64::from(!report.is_unchanged());

                write(
                    &path,
                    &format!("{text}\n[retry]\nmax_attempts = 0\nnonsense = 1\n[oh"),
                );
                let before = supervisor.config();
                supervisor.reload().await.unwrap_err();
                assert!(Arc::ptr_eq(&before, &supervisor.config()));
                let limit = supervisor.http_client("api").unwrap().snapshot();
                for authority in limit.authorities {
                    let limits = [wide as usize, steadfast::bulkhead::Bulkhead::MAX_PLACES];
                    assert!(limits.contains(&authority.bulkhead.max_concurrent));
                }
            }
            applied
        }
    });
    for worker in workers {
        worker.await.unwrap();
    }
    working.store(false, Ordering::Relaxed);
    let applied = changing.await.unwrap();
    assert!(applied > 10, "{applied} reloads in that time");

    // Each request was answered once, and has reached the server once.
    let all = (WORKERS * EACH) as u64;
    assert_eq!(answered.load(Ordering::Relaxed), all);
    let received = upstream.requests();
    let paths: HashSet<_> = received.iter().map(|request| &request.path).collect();
    assert_eq!((paths.len(), received.len()), (all as usize, all as usize));
    // It is the same client, with the counts of before.
    let totals = http.snapshot().totals;
    assert_eq!(
        (totals.requests, totals.attempts, totals.responses),
        (all, all, all)
    );
}

/// Everything that can be changed under way is, now and then.
fn client_with(base: &str, wide: u64, round: u64) -> String {
    let switches = format!(
        "circuit_breakers_enabled = {}\nbulkheads_enabled = {}\nretry_enabled = {}\n",
        round % 3 != 0,
        round % 4 != 0,
        round % 5 != 0
    );
    let base = base.replace("max_concurrent = 50", &format!("max_concurrent = {wide}"));
    format!(
        "{switches}{base}
         [http_clients.api.breaker]
         failure_threshold = {}
         [http_clients.other]
         [circuit_breakers.payments]
         failure_threshold = {}
         [shutdown]
         grace = '{}s'",
        2 + round % 7,
        3 + round % 5,
        1 + round % 9
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_calls_in_flight_are_answered_before_the_end() {
    const CALLS: usize = 10_000;
    let before = alive();
    let upstream = upstream(Duration::from_millis(5)).await;
    upstream.keep_last(0);
    let text = format!("{}[shutdown]\ngrace = '50s'", client(&upstream, 100));
    let supervisor = started(&text).await;
    let http = supervisor.http_client("api").unwrap();
    let calls: Vec<_> = (0..CALLS)
        .map(|_| {
            let http = http.clone();
            tokio::spawn(async move { http.get("/").send().await.unwrap().text().await.unwrap() })
        })
        .collect();
    until("all are in flight", || {
        let snapshot = http.snapshot();
        let all = CALLS as u64;
        snapshot.totals.requests == all || snapshot.in_flight + snapshot.totals.responses == all
    })
    .await;
    let report = supervisor.shutdown().await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(http.snapshot().in_flight, 0);
    for call in calls {
        assert_eq!(call.await.unwrap(), "done");
    }
    assert_eq!(upstream.request_count(), CALLS);
    drop((supervisor, http));
    only(before).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_calls_that_are_never_answered_do_not_hold_up_the_end() {
    const CALLS: usize = 10_000;
    let before = alive();
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::stall());
    upstream.keep_last(0);
    let text = format!("{}[shutdown]\ngrace = '1s'", client(&upstream, 100));
    let supervisor = started(&text).await;
    let calls: Vec<_> = (0..CALLS)
        .map(|_| {
            let supervisor = supervisor.clone();
            tokio::spawn(async move {
                let sent = supervisor.resilient_http_request("api", http::Method::GET, "/");
                sent.await.unwrap_err();
            })
        })
        .collect();
    let http = supervisor.http_client("api").unwrap();
    until("all are in flight", || {
        http.snapshot().in_flight == CALLS as u64
    })
    .await;
    let report = supervisor.shutdown().await;
    // The bound, and what a busy machine adds; without a bound it would be the 60 s of the timeouts.
    assert!(report.took < Duration::from_secs(15), "{report}");
    let cut: Vec<_> = report.unfinished().collect();
    assert!(
        cut.contains(&("http", "api: 10000 requests were under way")),
        "{report}"
    );
    let busy = "http_connections: 10000 places were still in use";
    assert!(cut.contains(&("bulkheads", busy)), "{report}");
    drop((supervisor, http));
    calls.iter().for_each(tokio::task::JoinHandle::abort);
    only(before).await;
}

#[tokio::test]
async fn switches_hold_for_servers_that_are_met_before_and_after() {
    let failing = HttpUpstream::start().await;
    failing.respond_with(|_, _| Reply::status(500));
    let other = HttpUpstream::start().await;
    other.respond_with(|_, _| Reply::status(500));
    let on = "[http_clients.api]\nfailure_threshold = 2\nmax_attempts = 1\nmax_concurrent = 1";
    let off = format!("circuit_breakers_enabled = false\nbulkheads_enabled = false\n{on}");
    let supervisor = started(on).await;
    let http = supervisor.http_client("api").unwrap();
    let ask = async |upstream: &HttpUpstream| http.get(upstream.url("/")).send().await;
    for _ in 0..2 {
        ask(&failing).await.unwrap();
    }
    ask(&failing).await.unwrap_err();
    supervisor.apply(config(&off)).await.unwrap();
    for upstream in [&failing, &other] {
        for _ in 0..10 {
            ask(upstream).await.unwrap();
        }
    }
    let limits = http.snapshot().authorities.into_iter();
    for authority in limits {
        assert!(authority.bulkhead.max_concurrent > 1_000_000);
    }
    supervisor.apply(config(on)).await.unwrap();
    for _ in 0..2 {
        ask(&other).await.unwrap();
    }
    ask(&other).await.unwrap_err();
}

#[tokio::test]
async fn retries_that_are_switched_off_send_one_request() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::status(503));
    let on = "[http_clients.api]\nmax_attempts = 3\nbase_backoff = '1ms'\nfailure_threshold = 1000";
    let supervisor = started(on).await;
    let http = supervisor.http_client("api").unwrap();
    let ask = async || http.get(upstream.url("/")).send().await.unwrap().attempts();
    assert_eq!(ask().await, 3);
    let off = format!("retry_enabled = false\n{on}");
    supervisor.apply(config(&off)).await.unwrap();
    assert_eq!(ask().await, 1);
    supervisor.apply(config(on)).await.unwrap();
    assert_eq!(ask().await, 3);
}

#[tokio::test]
async fn retries_that_are_switched_off_hedge_nothing() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::status(503));
    let on = "[http_clients.api]\nmax_attempts = 1\nfailure_threshold = 1000
              [http_clients.api.hedge]\non_failure_only = true";
    let supervisor = started(on).await;
    let http = supervisor.http_client("api").unwrap();
    let ask = async || {
        let before = upstream.request_count();
        http.get(upstream.url("/")).send().await.unwrap();
        upstream.request_count() - before
    };
    assert_eq!(ask().await, 2);
    let off = format!("retry_enabled = false\n{on}");
    let report = supervisor.apply(config(&off)).await.unwrap();
    assert!(report.needs_restart.is_empty(), "{report}");
    assert_eq!(ask().await, 1);
    supervisor.apply(config(on)).await.unwrap();
    assert_eq!(ask().await, 2);
}

#[tokio::test]
async fn what_needs_a_new_client_is_listed_by_name() {
    let on = "[http_clients.api]\nuser_agent = 'one/1'\nmax_attempts = 3";
    let supervisor = started(on).await;
    let mut events = supervisor.telemetry().subscribe(EventKind::Notice);
    let text = "[http_clients.api]\nuser_agent = 'two/2'\nmax_attempts = 4\nconnect_timeout = '7s'";
    let report = supervisor.apply(config(text)).await.unwrap();
    let told = "applied: http_clients.api.max_attempts: 3 -> 4
needs a restart: http_clients.api.connect_timeout: added, \"7s\" (needs a new client)
needs a restart: http_clients.api.user_agent: changed (needs a new client)";
    assert!(report.to_string().starts_with(told), "{report}");
    let event = tokio::time::timeout(LONG, events.recv()).await.unwrap();
    let event = event.unwrap().to_string();
    assert!(
        event.contains("http_clients.api.connect_timeout"),
        "{event}"
    );
    let unchanged: Config = config(on);
    assert!(
        supervisor
            .apply(unchanged)
            .await
            .unwrap()
            .needs_restart
            .is_empty()
    );
}
