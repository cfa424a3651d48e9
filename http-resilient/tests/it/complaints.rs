//! What users of other clients complain about, each with where they did. Most is tested where it
//! belongs, and said here; what is tested here is tested nowhere else.

use std::error::Error as _;
use std::io;

use reqwest::StatusCode;
use steadfast_http::ResponseExt;
use steadfast_testkit::{HttpUpstream, Reply};

use crate::support::{SECOND, dead_end, millis, once, only, quick};

/// What is retried must not depend on there being a response to ask for its method:
/// <https://github.com/dotnet/extensions/issues/6548>,
/// <https://github.com/dotnet/extensions/issues/6708>.
///
/// That a POST is retried at all unless told otherwise
/// (<https://github.com/dotnet/extensions/issues/5248>, <https://github.com/traefik/traefik/issues/8990>,
/// <https://github.com/softonic/axios-retry/issues/17>, <https://github.com/softonic/axios-retry/issues/66>,
/// <https://github.com/lostisland/faraday/issues/298>): `retry::a_post_is_not_sent_again_whatever_happens_to_it`
/// and `chaos`.
#[tokio::test]
async fn an_opt_out_holds_for_timeouts_too() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::stall());
    let client = quick().attempt_timeout(millis(50)).build().unwrap();
    let url = upstream.url("/");
    for request in [
        client.get(&url).idempotent(false),
        client.post(&url),
        client.patch(&url),
        client.post(&url).idempotency_key("a").idempotent(false),
    ] {
        let error = request.send().await.unwrap_err();
        assert!(error.is_timeout() && error.was_sent(), "{error:?}");
        assert_eq!(error.attempts(), 1, "{error:?}");
    }
}

/// One policy for all requests: <https://github.com/dotnet/extensions/issues/4814>,
/// <https://github.com/seanmonstar/reqwest/issues/2326>, and for all hosts:
/// <https://github.com/seanmonstar/reqwest/issues/2888>. See also
/// `retry::an_idempotency_key_or_the_caller_makes_a_post_repeatable`,
/// `retry::the_caller_can_forbid_a_second_sending`,
/// `retry::one_request_can_have_an_attempt_timeout_of_its_own`, `limits::one_request_can_have_limits_of_its_own`.
#[tokio::test]
async fn one_request_of_a_client_differs_from_the_others_to_the_same_url() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::status(503));
    let client = quick().failure_threshold(u32::MAX).build().unwrap();
    let url = upstream.url("/");
    let usual = client.get(&url).send().await.unwrap();
    let other = client.get(&url).idempotent(false).send().await.unwrap();
    let again = client.get(&url).send().await.unwrap();
    let attempts = [usual, other, again].map(|response| response.attempts());
    assert_eq!(attempts, [3, 1, 3]);
}

/// Which of the two counts, the delay that was set or the server's, was not what the documentation said:
/// <https://github.com/wojtekmach/req/issues/463>. Here it is the server's, up to `max_retry_after`.
///
/// That `Retry-After` is not looked at (<https://github.com/TrueLayer/reqwest-middleware/issues/146>,
/// <https://github.com/seanmonstar/reqwest/issues/925>, <https://github.com/Xuanwo/backon/issues/150>,
/// <https://github.com/softprops/again/issues/13>): `retry_after`.
#[tokio::test]
async fn the_server_knows_better_than_the_backoff() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(503).header("retry-after", "0")]);
    let client = quick()
        .base_backoff(3600 * SECOND)
        .max_backoff(3600 * SECOND)
        .build()
        .unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(
        (response.status(), response.attempts()),
        (StatusCode::OK, 2)
    );
}

/// Responses that were retried held what the retry needed:
/// <https://github.com/hashicorp/go-retryablehttp/issues/82>,
/// <https://github.com/JetBrains/teamcity-cli/pull/345>,
/// <https://github.com/Azure/azure-storage-blob-go/issues/38>. Their connections: `discarded`.
///
/// That the last one cannot be read any more (<https://github.com/hashicorp/go-retryablehttp/issues/215>):
/// `body::a_response_that_was_read_ahead_is_still_all_there`.
#[tokio::test]
async fn a_response_does_not_keep_its_own_retry_waiting() {
    let upstream = HttpUpstream::start().await;
    upstream.script([
        Reply::status(503).body("small"),
        Reply::status(503).body(vec![b'x'; 1 << 20]),
        Reply::status(503).body("slow").slow_body(1, 600 * SECOND),
    ]);
    let reqwest = reqwest::Client::builder().pool_max_idle_per_host(1);
    let client = quick()
        .reqwest(reqwest)
        .max_attempts(4)
        .max_concurrent(1)
        .max_waiting(0)
        .build()
        .unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(
        (response.status(), response.attempts()),
        (StatusCode::OK, 4)
    );
}

/// A body of which a part was gone when the attempt before had run out of time:
/// <https://github.com/failsafe-go/failsafe-go/issues/73>. See also
/// `retry::every_attempt_is_the_same_request`.
#[tokio::test]
async fn a_retry_after_a_timeout_sends_the_whole_body() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::stall()]);
    let client = quick().attempt_timeout(2 * SECOND).build().unwrap();
    let body: Vec<u8> = (0..300_000_u32).map(|nth| (nth % 251) as u8).collect();
    let request = client.put(upstream.url("/")).body(body.clone());
    assert!(request.send().await.is_ok());
    let received = upstream.requests();
    assert_eq!(received.len(), 2);
    assert!(received.iter().all(|request| request.body == body));
}

// A timeout that does not cover the streamed body
// (<https://github.com/joshrotenberg/tower-resilience/pull/403>, Conduit#1041: "never cancels an in-progress
// stream"): `deadline::covers_the_response_body`, `limits`. The other two of Conduit#1041, a `Retry-After`
// beyond the cap fails at once, and a 429 opens no circuit:
// `retry_after::beyond_the_cap_ends_the_request_at_once_with_the_response`,
// `breaker::throttling_neither_opens_nor_closes`.

// One bad node opens the circuit for all (<https://github.com/App-vNext/Polly/issues/624>):
// `breaker::one_dead_server_leaves_the_others_alone`, `crowd::one_bad_host_of_three_never_opens_the_others`.

// "giving up after 3 attempts", and the response is gone
// (<https://github.com/hashicorp/go-retryablehttp/issues/25>):
// `retry::the_last_response_is_returned_whole_when_the_attempts_are_used_up`.

/// Errors that are erased on the way: <https://github.com/TrueLayer/reqwest-middleware/issues/82>,
/// <https://github.com/seanmonstar/reqwest/issues/2678>. See also
/// `errors::a_refused_connection_is_told_down_to_the_operating_system`.
#[tokio::test]
async fn an_error_is_what_it_was_after_retries_too() {
    let (dead, _held) = dead_end().await;
    let client = quick().build().unwrap();
    let sending = client.get(format!("http://{dead}/")).send();
    let error = sending.await.unwrap_err();
    assert_eq!(error.attempts(), 3);
    assert!(error.is_connect() && !error.is_timeout() && !error.was_sent());
    let mut cause = error.source();
    let mut refused = false;
    while let Some(error) = cause {
        refused |= error
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
        cause = error.source();
    }
    assert!(refused, "{error:?}");
}

/// A client of a type of its own that nobody else takes:
/// <https://github.com/TrueLayer/reqwest-middleware/issues/203>.
#[tokio::test]
async fn what_wants_a_reqwest_client_can_have_it() {
    fn foreign(
        client: &reqwest::Client,
        url: String,
    ) -> impl Future<Output = reqwest::Result<reqwest::Response>> {
        client.get(url).send()
    }
    let upstream = HttpUpstream::start().await;
    let client = once().build().unwrap();
    let theirs = foreign(client.reqwest(), upstream.url("/")).await.unwrap();
    let ours: reqwest::Response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(theirs.headers(), ours.headers());
    drop(ours);
    assert_eq!(
        only(&client).breaker.totals.success,
        1,
        "unprotected, as it says"
    );
}

// Decompression without a bound (<https://github.com/axios/axios/issues/10763>,
// <https://github.com/curl/curl/issues/21581>, <https://github.com/oven-sh/bun/issues/32674>,
// <https://github.com/JuliaWeb/HTTP.jl/issues/1262>): `tests/bomb`,
// `limits::the_limit_is_one_of_what_has_been_decompressed`.

/// Two versions of OpenTelemetry in one program, and traces that end between them:
/// <https://github.com/TrueLayer/reqwest-middleware/issues/273>,
/// <https://github.com/divviup/divviup-api/issues/1485>,
/// <https://github.com/leo91000/graphile_worker_rs/pull/345>.
#[test]
fn there_is_no_version_of_opentelemetry_to_get_wrong() {
    let manifest = include_str!("../../Cargo.toml");
    let (of_users, _) = manifest.split_once("[dev-dependencies]").unwrap();
    assert!(!of_users.contains("opentelemetry"));
}
