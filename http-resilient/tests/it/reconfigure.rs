//! Settings that change while requests are under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use steadfast_breaker::{Mode, State};
use steadfast_http::{Client, HttpClientConfig};
use steadfast_retry::{Budget, HedgeConfig, HedgeTrigger};
use steadfast_testkit::{HttpUpstream, Reply};

use crate::support::{SECOND, long, millis, only, until};

/// A config that loses no time with backoffs.
fn quick() -> HttpClientConfig {
    let mut config = HttpClientConfig::default();
    config.base_backoff = Some(millis(1));
    config.max_backoff = Some(millis(5));
    config.attempt_timeout = Some(5 * SECOND);
    config.total_timeout = Some(10 * SECOND);
    config.failure_threshold = Some(1000);
    config
}

fn change(client: &Client, change: impl FnOnce(&mut HttpClientConfig)) {
    let mut config = quick();
    change(&mut config);
    let changed = client.reconfigure(config).unwrap();
    assert!(changed.needs_new_client.is_empty(), "{changed:?}");
}

async fn attempts(client: &Client, upstream: &HttpUpstream) -> usize {
    let before = upstream.request_count();
    let _ = client.get(upstream.url("/")).send().await;
    upstream.request_count() - before
}

#[tokio::test]
async fn retries_are_switched_off_and_on_again_for_every_clone() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::status(503));
    let client = quick().builder("test").build().unwrap();
    let clone = client.clone();
    assert_eq!(attempts(&clone, &upstream).await, 3);
    change(&client, |config| config.max_attempts = Some(1));
    assert_eq!(attempts(&clone, &upstream).await, 1);
    change(&client, |config| config.max_attempts = Some(2));
    assert_eq!(attempts(&clone, &upstream).await, 2);
    change(&client, |_| ());
    assert_eq!(
        attempts(&clone, &upstream).await,
        3,
        "what is not given has its default"
    );
    let totals = clone.snapshot().totals;
    assert_eq!((totals.responses, totals.attempts), (4, 9));
}

#[tokio::test]
async fn an_open_breaker_stays_open_and_a_mode_stays_set() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::status(500));
    let mut config = quick();
    config.max_attempts = Some(1);
    config.failure_threshold = Some(1);
    let client = config.builder("test").build().unwrap();
    assert_eq!(attempts(&client, &upstream).await, 1);
    assert_eq!(only(&client).breaker.state, State::Open);
    change(&client, |config| {
        config.max_attempts = Some(1);
        config.failure_threshold = Some(9);
        config.open_for = Some(3600 * SECOND);
    });
    let breaker = only(&client).breaker;
    assert_eq!((breaker.state, breaker.totals.failure), (State::Open, 1));
    assert!(
        breaker.retry_after.unwrap() > 3000 * SECOND,
        "it is open for the new time"
    );
    assert_eq!(attempts(&client, &upstream).await, 0);
    assert_eq!(breaker.mode, Mode::Automatic);
}

#[tokio::test]
async fn authorities_met_later_begin_with_the_new_settings_and_those_known_go_over() {
    let (known, later) = (HttpUpstream::start().await, HttpUpstream::start().await);
    let client = quick().builder("test").build().unwrap();
    assert_eq!(attempts(&client, &known).await, 1);
    change(&client, |config| {
        config.max_concurrent = Some(3);
        config.max_waiting = Some(4);
    });
    assert_eq!(attempts(&client, &later).await, 1);
    let seen: Vec<_> = (client.snapshot().authorities.iter())
        .map(|one| (one.bulkhead.max_concurrent, one.bulkhead.max_waiting))
        .collect();
    assert_eq!(seen, [(3, 4), (3, 4)]);
}

#[tokio::test]
async fn those_who_wait_for_a_place_get_it_when_there_are_more_places() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| long());
    let mut config = quick();
    config.max_concurrent = Some(1);
    let client = config.builder("test").build().unwrap();
    let held = client.get(upstream.url("/")).send().await.unwrap();
    let waiting = tokio::spawn(client.get(upstream.url("/")).send());
    until("one waits", || only(&client).bulkhead.waiting == 1).await;
    change(&client, |config| config.max_concurrent = Some(2));
    assert_eq!(waiting.await.unwrap().unwrap().status(), 200);
    assert_eq!(held.bytes().await.unwrap().len(), 100_000);
}

#[tokio::test]
async fn a_request_keeps_the_timeouts_that_it_began_with() {
    let upstream = HttpUpstream::start().await;
    let client = quick().builder("test").build().unwrap();
    upstream.script([
        Reply::ok("late").delay(millis(300)),
        Reply::ok("late").delay(60 * SECOND),
    ]);
    let began = tokio::spawn(client.get(upstream.url("/")).send());
    until("it is under way", || upstream.in_flight() == 1).await;
    change(&client, |config| {
        config.max_attempts = Some(1);
        config.attempt_timeout = Some(millis(50));
    });
    assert_eq!(began.await.unwrap().unwrap().text().await.unwrap(), "late");
    let next = client.get(upstream.url("/")).send().await.unwrap_err();
    assert!(next.is_timeout(), "{next}");
}

#[tokio::test]
async fn the_size_of_bodies_the_base_of_urls_and_coalescing_change_too() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::ok("four").delay(millis(20)));
    let client = quick().builder("test").build().unwrap();
    assert!(client.get("/").send().await.is_err(), "there is no base");
    change(&client, |config| {
        config.base_url = Some(upstream.url("/").parse().unwrap());
        config.max_response_bytes = Some(3);
        config.max_attempts = Some(1);
    });
    let error = client.get("/").send().await.unwrap_err();
    assert!(error.is_body_too_large(), "{error}");
    change(&client, |config| {
        config.base_url = Some(upstream.url("/").parse().unwrap());
        config.coalesce = Some(true);
    });
    let before = upstream.request_count();
    let both = tokio::join!(client.get("/").send(), client.get("/").send());
    assert!(both.0.is_ok() && both.1.is_ok());
    assert_eq!(upstream.request_count() - before, 1);
}

#[tokio::test]
async fn the_budget_changes_in_place() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::status(503));
    let client = quick().builder("test").build().unwrap();
    assert_eq!(attempts(&client, &upstream).await, 3);
    change(&client, |config| {
        config.budget_share = Some(0.0);
        config.budget_min_per_second = Some(0.0);
    });
    assert_eq!(attempts(&client, &upstream).await, 1);
    let budget = client.snapshot().budget.unwrap();
    assert_eq!((budget.totals.calls, budget.totals.spent_retries), (2, 2));
}

#[tokio::test]
async fn under_load_no_request_is_lost_whatever_changes() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, number| match number % 5 {
        0 => Reply::status(503),
        _ => Reply::ok("fine").delay(millis(1)),
    });
    let client = quick().builder("test").unbudgeted().build().unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let (client, over, url) = (client.clone(), Arc::clone(&over), upstream.url("/"));
            tokio::spawn(async move {
                let mut sent = 0_u64;
                while !over.load(Ordering::Relaxed) || sent < 50 {
                    let answer = client.get(&url).send().await.unwrap();
                    assert!(answer.status() == 200 || answer.status() == 503);
                    sent += 1;
                }
                sent
            })
        })
        .collect();
    for round in 0..40_u32 {
        change(&client, |config| {
            config.max_attempts = Some(2 + round % 5);
            config.max_concurrent = Some(1 + round as usize % 9);
            config.max_waiting = Some(8 + round as usize % 3);
            config.failure_threshold = Some(1000 + round);
            config.attempt_timeout = Some(5 * SECOND + millis(u64::from(round)));
            config.coalesce = Some(round % 7 == 0);
        });
        tokio::time::sleep(millis(2)).await;
    }
    over.store(true, Ordering::Relaxed);
    let mut sent = 0;
    for caller in callers {
        sent += caller.await.unwrap();
    }
    let seen = client.snapshot();
    assert_eq!((seen.totals.responses, seen.in_flight), (sent, 0));
    assert_eq!(seen.authorities[0].bulkhead.busy, 0);
    assert_eq!(seen.authorities[0].breaker.totals.rejected, 0);
}

#[tokio::test]
async fn a_hedge_is_switched_off_and_on_again_and_another_needs_a_new_client() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::status(503));
    let mut hedge = HedgeConfig::default();
    hedge.trigger = HedgeTrigger::OnFailureOnly;
    let hedged = |hedge| {
        let mut config = quick();
        (config.max_attempts, config.hedge) = (Some(1), hedge);
        config
    };
    let client = hedged(Some(hedge)).builder("test").build().unwrap();
    assert_eq!(attempts(&client, &upstream).await, 2);
    let changed = client.reconfigure(hedged(None)).unwrap();
    assert!(changed.needs_new_client.is_empty(), "{changed:?}");
    assert_eq!(attempts(&client, &upstream).await, 1);
    let changed = client.reconfigure(hedged(Some(hedge))).unwrap();
    assert!(changed.needs_new_client.is_empty(), "{changed:?}");
    assert_eq!(attempts(&client, &upstream).await, 2);
    let mut other = hedge;
    other.max_hedges = 3;
    let changed = client.reconfigure(hedged(Some(other))).unwrap();
    assert_eq!(changed.needs_new_client, ["hedge"]);
    assert_eq!(attempts(&client, &upstream).await, 2);
}

#[test]
fn what_needs_a_new_client_is_named_and_everything_else_changes() {
    let mut config = quick();
    config.user_agent = Some("one".parse().unwrap());
    config.pool_max_idle_per_host = Some(4);
    let client = config.clone().builder("test").build().unwrap();
    assert!(
        client
            .reconfigure(config.clone())
            .unwrap()
            .needs_new_client
            .is_empty()
    );
    config.user_agent = Some("two".parse().unwrap());
    config.https_only = Some(true);
    config.connect_timeout = Some(SECOND);
    config.pool_idle_timeout = Some(SECOND);
    config.pool_max_idle_per_host = None;
    config.own_redirects = Some(3);
    config.propagation = Some(vec!["a.internal".to_owned()]);
    config.default_headers = Some(
        [(reqwest::header::ACCEPT, "a/b".parse().unwrap())]
            .into_iter()
            .collect(),
    );
    config.hedge = Some(HedgeConfig::default());
    config.total_timeout = Some(millis(1));
    let changed = client.reconfigure(config.clone()).unwrap();
    assert_eq!(
        changed.needs_new_client,
        [
            "user_agent",
            "https_only",
            "connect_timeout",
            "pool_idle_timeout",
            "pool_max_idle_per_host",
            "own_redirects",
            "propagation",
            "default_headers",
            "hedge"
        ]
    );
    let debug = format!("{client:?}");
    assert!(
        debug.contains("total_timeout: 1ms") && debug.contains("own_redirects: None"),
        "{debug}"
    );
    // It is still not what the client has.
    let again = client.reconfigure(config).unwrap();
    assert_eq!(again, changed);
}

#[test]
fn a_budget_that_was_brought_along_or_is_not_wanted_stays_as_it_is() {
    let given = Budget::builder("all").build().unwrap();
    let shared = quick().builder("test").budget(given.clone());
    for (builder, name) in [
        (shared, Some("all")),
        (quick().builder("test").unbudgeted(), None),
    ] {
        let client = builder.build().unwrap();
        assert!(
            client
                .reconfigure(quick())
                .unwrap()
                .needs_new_client
                .is_empty()
        );
        let mut config = quick();
        config.budget_share = Some(0.9);
        let changed = client.reconfigure(config).unwrap();
        assert_eq!(changed.needs_new_client, ["budget_share"]);
        let budget = client.snapshot().budget;
        assert_eq!(
            budget.map(|budget| budget.name.to_string()).as_deref(),
            name
        );
    }
    assert_eq!(given.config(), steadfast_retry::BudgetConfig::default());
}

#[test]
fn what_breaks_a_rule_changes_nothing() {
    let client = quick().builder("test").build().unwrap();
    let before = format!("{client:?}");
    let mut config = quick();
    config.max_attempts = Some(0);
    config.max_concurrent = Some(0);
    config.total_timeout = Some(SECOND);
    config.hedge = Some({
        let mut hedge = HedgeConfig::default();
        hedge.max_hedges = 0;
        hedge
    });
    let error = client.reconfigure(config).unwrap_err();
    let fields: Vec<_> = error.fields().iter().map(|field| field.field).collect();
    assert_eq!(
        fields,
        ["hedge_max_hedges", "max_attempts", "max_concurrent"]
    );
    assert_eq!(format!("{client:?}"), before);
}

#[tokio::test]
async fn how_long_a_server_may_hold_requests_back_holds_for_the_next_time_it_asks() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::status(429).header("retry-after", "300"));
    let client = quick().builder("test").build().unwrap();
    change(&client, |config| config.max_throttle = Some(Duration::ZERO));
    assert_eq!(attempts(&client, &upstream).await, 1);
    assert_eq!(only(&client).throttled_for, None);
    change(&client, |config| config.max_throttle = Some(60 * SECOND));
    assert_eq!(attempts(&client, &upstream).await, 1);
    assert!(only(&client).throttled_for.unwrap() <= 60 * SECOND);
}
