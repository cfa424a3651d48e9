//! The client's patterns as a middleware.

use std::error::Error as _;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use http::Extensions;
use reqwest::{Request, Response};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Middleware, Next, RequestBuilder};
use steadfast_http::{Client, Error, ResponseExt};
use steadfast_testkit::{HttpUpstream, Reply};

use crate::support::{SECOND, dead_end, long, millis, only, quick};

fn around(client: &Client) -> ClientWithMiddleware {
    ClientBuilder::new(reqwest::Client::new())
        .with(client.middleware())
        .build()
}

/// Our error inside that of the chain.
async fn failing(request: RequestBuilder) -> Error {
    match request.send().await.unwrap_err() {
        reqwest_middleware::Error::Middleware(error) => error.downcast().unwrap(),
        other @ reqwest_middleware::Error::Reqwest(_) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_request_in_the_chain_is_retried() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(503), Reply::reset(), Reply::ok("fine")]);
    let client = quick().build().unwrap();
    let response = around(&client).get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.attempts(), 3);
    assert_eq!(response.url().as_str(), upstream.url("/"));
    assert_eq!(response.text().await.unwrap(), "fine");
    assert_eq!(client.snapshot().totals.attempts, 3);
}

#[tokio::test]
async fn a_client_around_another_counts_its_own_attempts() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(503), Reply::ok("fine")]);
    let (outer, inner) = (quick().build().unwrap(), quick().build().unwrap());
    let chain = ClientBuilder::new(reqwest::Client::new())
        .with(outer.middleware())
        .with(inner.middleware())
        .build();
    let response = chain.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(inner.snapshot().totals.attempts, 2);
    assert_eq!(outer.snapshot().totals.attempts, 1);
    assert_eq!(response.attempts(), 1);
}

#[tokio::test]
async fn redirects_in_the_chain_are_those_of_the_client_at_its_end() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(307).header("location", "/there")]);
    let client = quick().own_redirects(10).build().unwrap();
    let response = around(&client).get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.url().path(), "/there");
    assert_eq!(response.attempts(), 1);
}

#[tokio::test]
async fn a_post_in_the_chain_is_not_sent_again() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(503), Reply::reset()]);
    let client = quick().build().unwrap();
    let chain = around(&client);
    let response = chain.post(upstream.url("/")).body("order").send().await;
    assert_eq!(response.unwrap().status(), 503);
    let error = failing(chain.post(upstream.url("/")).body("order")).await;
    assert!(error.is_request() && error.was_sent(), "{error:?}");
    assert_eq!(upstream.request_count(), 2);

    // A connect error is no proof here.
    let (dead, _proxy) = dead_end().await;
    let error = failing(chain.post(format!("http://{dead}/")).body("order")).await;
    assert!(error.is_connect(), "{error:?}");
    assert_eq!(error.attempts(), 1);

    upstream.script([Reply::status(503)]);
    let keyed = chain.post(upstream.url("/")).header("idempotency-key", "7");
    assert_eq!(keyed.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn chain_and_client_have_one_breaker() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::status(500));
    let client = quick()
        .max_attempts(1)
        .failure_threshold(2)
        .build()
        .unwrap();
    let chain = around(&client);
    chain.get(upstream.url("/")).send().await.unwrap();
    client.get(upstream.url("/")).send().await.unwrap();
    let error = failing(chain.get(upstream.url("/"))).await;
    assert!(error.is_circuit_open(), "{error:?}");
    let error = client.get(upstream.url("/")).send().await.unwrap_err();
    assert!(error.is_circuit_open(), "{error:?}");
    assert_eq!(upstream.request_count(), 2);
}

#[tokio::test]
async fn a_response_of_the_chain_holds_its_place_until_its_body_has_ended() {
    let upstream = HttpUpstream::start().await;
    upstream.script([long()]);
    let client = quick().max_concurrent(1).max_waiting(0).build().unwrap();
    let chain = around(&client);
    let held = chain.get(upstream.url("/")).send().await.unwrap();
    let error = failing(chain.get(upstream.url("/"))).await;
    assert!(error.is_bulkhead_full(), "{error:?}");
    assert_eq!(held.bytes().await.unwrap().len(), 100_000);
    assert_eq!(only(&client).bulkhead.busy, 0);
}

#[tokio::test]
async fn the_timeout_of_a_request_in_the_chain_is_its_total_timeout() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::stall());
    let client = quick().build().unwrap();
    let request = around(&client).get(upstream.url("/"));
    let error = failing(request.timeout(millis(150))).await;
    assert!(error.is_deadline_exceeded(), "{error:?}");
    assert_eq!(upstream.request_count(), 1);
    assert_eq!(client.snapshot().in_flight, 0);
}

#[tokio::test]
async fn dropped_in_the_chain_everything_is_given_back() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::stall()]);
    let client = quick().max_concurrent(1).build().unwrap();
    let sending = around(&client).get(upstream.url("/")).send();
    assert!(tokio::time::timeout(millis(200), sending).await.is_err());
    assert_eq!(only(&client).bulkhead.busy, 0);
    assert_eq!(client.snapshot().totals.abandoned, 1);
}

/// Runs inside, for each attempt: counts it in the header and in the extensions.
#[derive(Default)]
struct Inner {
    attempts: AtomicU32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen(Vec<u32>);

#[async_trait::async_trait]
impl Middleware for Inner {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        let attempt = self.attempts.fetch_add(1, Ordering::Relaxed) + 1;
        let headers = request.headers_mut();
        assert!(!headers.contains_key("x-attempt"), "an attempt begins anew");
        headers.insert("x-attempt", attempt.into());
        let seen = extensions.get_mut::<Seen>().unwrap();
        seen.0.push(attempt);
        next.run(request, extensions).await
    }
}

#[tokio::test]
async fn what_is_further_in_runs_for_each_attempt_and_leaves_its_extensions() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(503), Reply::status(503)]);
    let client = quick().build().unwrap();
    let chain = ClientBuilder::new(reqwest::Client::new())
        .with(client.middleware())
        .with(Inner::default())
        .build();
    let mut extensions = Extensions::new();
    extensions.insert(Seen(vec![0]));
    let request = chain.get(upstream.url("/")).build().unwrap();
    let response = chain
        .execute_with_extensions(request, &mut extensions)
        .await;
    assert_eq!(response.unwrap().status(), 200);
    // Those of the attempt whose response is here, and of no other.
    assert_eq!(extensions.get(), Some(&Seen(vec![0, 3])));
    let sent = upstream.requests();
    let numbers: Vec<_> = sent
        .iter()
        .map(|one| one.header("x-attempt").unwrap())
        .collect();
    assert_eq!(numbers, ["1", "2", "3"]);
}

#[tokio::test]
async fn after_an_error_the_extensions_are_as_they_were() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::reset());
    let client = quick().build().unwrap();
    let chain = ClientBuilder::new(reqwest::Client::new())
        .with(client.middleware())
        .with(Inner::default())
        .build();
    let mut extensions = Extensions::new();
    extensions.insert(Seen(vec![0]));
    let request = chain.get(upstream.url("/")).build().unwrap();
    let ended = chain
        .execute_with_extensions(request, &mut extensions)
        .await;
    assert!(ended.is_err());
    assert_eq!(extensions.get(), Some(&Seen(vec![0])));
    assert_eq!(upstream.request_count(), 3);
}

/// Fails without asking the server, or around the error that the server is to blame for.
struct Failing;

#[derive(Debug)]
struct Failed(Option<reqwest_middleware::Error>);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no token to be had")
    }
}

impl std::error::Error for Failed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.as_ref().map(|error| error as _)
    }
}

#[async_trait::async_trait]
impl Middleware for Failing {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        if request.url().path() == "/secret" {
            return Err(reqwest_middleware::Error::middleware(Failed(None)));
        }
        let result = next.run(request, extensions).await;
        result.map_err(|error| reqwest_middleware::Error::middleware(Failed(Some(error))))
    }
}

#[tokio::test]
async fn an_error_further_in_ends_the_request_unless_the_server_is_behind_it() {
    let upstream = HttpUpstream::start().await;
    let client = quick().failure_threshold(3).build().unwrap();
    let chain = ClientBuilder::new(reqwest::Client::new())
        .with_arc(Arc::new(client.middleware()))
        .with(Failing)
        .build();
    for _ in 0..4 {
        let error = failing(chain.get(upstream.url("/secret?token=hunter2"))).await;
        let Error::Middleware { source, .. } = &error else {
            panic!("{error:?}")
        };
        let reqwest_middleware::Error::Middleware(source) = source else {
            panic!("{error:?}")
        };
        assert!(source.is::<Failed>(), "{error:?}");
        assert_eq!(error.attempts(), 1);
        assert_eq!(error.source().unwrap().to_string(), "no token to be had");
        assert!(!error.to_string().contains("hunter2"));
        assert!(
            error.to_string().ends_with("another middleware failed"),
            "{error}"
        );
    }
    assert_eq!(upstream.request_count(), 0);

    upstream.respond_with(|_, _| Reply::reset());
    let error = failing(chain.get(upstream.url("/"))).await;
    assert_eq!(error.attempts(), 3, "{error:?}");
    assert!(error.is_request());
    let error = failing(chain.get(upstream.url("/"))).await;
    assert!(error.is_circuit_open(), "{error:?}");
}

#[tokio::test]
async fn a_request_that_is_none_is_told_apart_in_the_chain_too() {
    let client = quick().total_timeout(SECOND).build().unwrap();
    let error = failing(around(&client).get("ftp://files.example/")).await;
    assert!(error.is_invalid_request(), "{error:?}");
    assert_eq!(client.snapshot().totals.invalid, 1);
}

#[tokio::test]
async fn a_response_that_no_retry_replaced_brings_its_own_extensions() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(503).body("busy")]);
    // It opens the circuit, so that the retry is not let through after the response has been read.
    let client = quick().failure_threshold(1).build().unwrap();
    let chain = ClientBuilder::new(reqwest::Client::new())
        .with(client.middleware())
        .with(Inner::default())
        .build();
    let mut extensions = Extensions::new();
    extensions.insert(Seen(vec![0]));
    let request = chain.get(upstream.url("/")).build().unwrap();
    let response = chain
        .execute_with_extensions(request, &mut extensions)
        .await
        .unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(response.text().await.unwrap(), "busy");
    assert_eq!(extensions.get(), Some(&Seen(vec![0, 1])));
    assert_eq!(client.snapshot().totals.drained, 1);
}

#[tokio::test]
async fn calls_through_chain_and_client_share_the_budget() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::status(503));
    let client = quick()
        .budget_share(0.0)
        .budget_min_per_second(0.0)
        .failure_threshold(100)
        .build()
        .unwrap();
    let chain = around(&client);
    for _ in 0..3 {
        client.get(upstream.url("/")).send().await.unwrap();
        chain.get(upstream.url("/")).send().await.unwrap();
    }
    let budget = client.snapshot().budget.unwrap().totals;
    assert_eq!(upstream.request_count(), 6, "{budget:?}");
    assert_eq!((budget.calls, budget.suppressed.retries_spent), (6, 6));
}
