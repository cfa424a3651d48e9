//! What a breaker notes of the failures of its authority.

use steadfast_http::Client;
use steadfast_retry::{HedgeConfig, HedgeTrigger};
use steadfast_testkit::{HttpUpstream, Reply};

use crate::support::{SECOND, at, dead_end, long, millis, once, only, quick};

/// Class, message and count of each, the newest first.
fn noted(client: &Client) -> Vec<(String, String, u64)> {
    let errors = only(client).breaker.last_errors.into_iter();
    let told = |error: steadfast_breaker::LastError| {
        let (class, message) = (error.class.to_string(), error.message.to_string());
        (class, message, error.count)
    };
    errors.map(told).collect()
}

fn error(class: &str, message: impl Into<String>, count: u64) -> (String, String, u64) {
    (class.to_owned(), message.into(), count)
}

#[tokio::test]
async fn a_bad_status_is_noted_with_the_request_that_it_was_for() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(500), Reply::status(503), Reply::status(503)]);
    let client = once().build().unwrap();
    for path in ["/a", "/b", "/c"] {
        client.get(upstream.url(path)).send().await.unwrap();
    }
    let host = format!("http://{}", upstream.addr());
    assert_eq!(
        noted(&client),
        [
            error("503", format!("GET {host}: 503 Service Unavailable"), 2),
            error("500", format!("GET {host}: 500 Internal Server Error"), 1),
        ]
    );
}

/// What says nothing about the server is no error of it.
#[tokio::test]
async fn nothing_is_noted_of_what_is_no_failure() {
    let upstream = HttpUpstream::start().await;
    let client = once().build().unwrap();
    for status in [200, 204, 304, 400, 404, 408, 429, 501] {
        upstream.script([Reply::status(status)]);
        client.get(upstream.url("/")).send().await.unwrap();
    }
    let bad = client.get(upstream.url("/")).header("x", "a\nb").send();
    assert!(bad.await.unwrap_err().is_invalid_request());
    assert_eq!(noted(&client), []);
    // Nor of one that was given less time than the server is usually given.
    upstream.script([Reply::stall()]);
    let hurried = client.get(upstream.url("/")).total_timeout(millis(40));
    assert!(hurried.send().await.unwrap_err().is_timeout());
    assert_eq!(noted(&client), []);
    // Nor of a body that is larger than this request alone would have it.
    upstream.script([Reply::ok("x".repeat(21))]);
    let frugal = client.get(upstream.url("/")).max_response_bytes(20);
    frugal.send().await.unwrap_err();
    assert_eq!(noted(&client), []);
}

#[tokio::test]
async fn each_attempt_that_cannot_connect_is_noted_down_to_the_operating_system() {
    let (dead, _held) = dead_end().await;
    let client = quick().build().unwrap();
    let url = format!("http://{dead}/stock/7");
    let request = client.get(&url).template("/stock/{id}");
    request.send().await.unwrap_err();
    let refused = std::io::Error::from_raw_os_error(111);
    assert_eq!(
        noted(&client),
        [error(
            "connect",
            format!("GET http://{dead}/stock/{{id}}: could not connect: {refused}"),
            3
        )]
    );
}

#[tokio::test]
async fn silence_is_noted_as_a_timeout_in_the_head_and_in_the_body() {
    let upstream = HttpUpstream::start().await;
    let client = once()
        .attempt_timeout(millis(400))
        .read_timeout(millis(300))
        .build()
        .unwrap();
    let url = upstream.url("/");
    upstream.script([Reply::stall()]);
    client.get(&url).send().await.unwrap_err();
    assert_eq!(
        noted(&client),
        [error(
            "timeout",
            format!("GET http://{}: no response within 400ms", upstream.addr()),
            1
        )]
    );
    upstream.script([Reply::ok("half of this").slow_body(4, 10 * SECOND)]);
    let response = client.get(&url).send().await.unwrap();
    response.bytes().await.unwrap_err();
    assert_eq!(
        noted(&client),
        [error(
            "timeout",
            "nothing of the response body came for 300ms",
            2
        )]
    );
}

#[tokio::test]
async fn a_body_that_breaks_off_or_is_too_large_is_noted() {
    let upstream = HttpUpstream::start().await;
    let client = once().max_response_bytes(20).build().unwrap();
    let url = upstream.url("/");
    upstream.script([Reply::ok("half of this").cut_body_after(4)]);
    let response = client.get(&url).send().await.unwrap();
    response.bytes().await.unwrap_err();
    let [(class, message, 1)] = &noted(&client)[..] else {
        panic!("one error: {:?}", noted(&client));
    };
    assert_eq!(class, "body");
    assert!(
        message.starts_with("the response body broke off: "),
        "{message}"
    );
    upstream.script([Reply::ok("x".repeat(21))]);
    client.get(&url).send().await.unwrap_err();
    assert_eq!(
        noted(&client)[0],
        error(
            "body_too_large",
            "the response body is larger than 20 bytes",
            1
        )
    );
}

#[tokio::test]
async fn secrets_stay_out_of_what_is_noted() {
    let upstream = HttpUpstream::start().await;
    let (dead, _held) = dead_end().await;
    let client = once().attempt_timeout(millis(300)).build().unwrap();
    let secret = |addr| format!("http://user:hunter2@{addr}/hunter2?token=hunter2#hunter2");
    for reply in [
        Reply::status(503),
        Reply::stall(),
        Reply::ok("half of this").cut_body_after(4),
    ] {
        upstream.script([reply]);
        if let Ok(response) = client.get(secret(upstream.addr())).send().await {
            let _ = response.bytes().await;
        }
    }
    client.get(secret(dead)).send().await.unwrap_err();
    let snapshot = client.snapshot();
    let errors: Vec<_> = snapshot
        .authorities
        .iter()
        .flat_map(|authority| &authority.breaker.last_errors)
        .collect();
    assert_eq!(errors.len(), 4, "{errors:?}");
    for error in errors {
        assert!(!error.message.contains("hunter2"), "{error:?}");
    }
}

/// A redirect is no failure of the server, and what a policy says of it is its own.
#[tokio::test]
async fn nothing_is_noted_of_redirects_that_are_not_followed() {
    let upstream = HttpUpstream::start().await;
    let policy = reqwest::redirect::Policy::custom(|attempt| attempt.error("not to hunter2"));
    let to_itself = || Reply::status(302).header("location", "/?token=hunter2");
    for client in [
        once().redirect(policy).build().unwrap(),
        once().own_redirects(1).build().unwrap(),
    ] {
        upstream.respond_with(move |_, _| to_itself());
        client.get(upstream.url("/")).send().await.unwrap_err();
        assert_eq!(noted(&client), []);
        assert_eq!(only(&client).breaker.totals.failure, 0);
    }
}

#[tokio::test]
async fn a_hop_that_fails_is_noted_where_it_led_and_its_query_is_not() {
    let (first, second) = (HttpUpstream::start().await, HttpUpstream::start().await);
    first.script([Reply::status(302).header("location", second.url("/b?token=hunter2"))]);
    second.script([Reply::status(503)]);
    let client = once().own_redirects(3).build().unwrap();
    client
        .get(first.url("/a"))
        .template("/a")
        .send()
        .await
        .unwrap();
    assert_eq!(at(&client, first.addr()).breaker.last_errors, []);
    let errors = at(&client, second.addr()).breaker.last_errors;
    let expected = format!("GET http://{}: 503 Service Unavailable", second.addr());
    assert_eq!((&*errors[0].message, errors.len()), (&*expected, 1));
}

/// The one that was slower is dropped, and says nothing.
#[tokio::test]
async fn of_an_attempt_that_was_overtaken_nothing_is_noted() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::stall(), Reply::ok("fine")]);
    let mut config = HedgeConfig::default();
    config.trigger = HedgeTrigger::Delay(millis(20));
    let client = quick().hedge(config).build().unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "fine");
    assert_eq!(only(&client).breaker.totals.success, 1);
    assert_eq!(noted(&client), []);
}

/// Whoever has read enough, and whoever has waited enough, blames nobody.
#[tokio::test]
async fn of_a_body_that_is_dropped_nothing_is_noted() {
    let upstream = HttpUpstream::start().await;
    let client = once().build().unwrap();
    upstream.script([long(), Reply::ok("half of this").slow_body(4, 10 * SECOND)]);
    drop(client.get(upstream.url("/")).send().await.unwrap());
    let response = client.get(upstream.url("/")).send().await.unwrap();
    tokio::time::timeout(millis(30), response.bytes())
        .await
        .unwrap_err();
    assert_eq!(noted(&client), []);
}

#[tokio::test]
async fn requests_that_are_one_are_noted_once() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(503).delay(millis(50))]);
    let client = once().coalesce(true).build().unwrap();
    let ask = || async { client.get(upstream.url("/")).send().await.unwrap() };
    futures_util::join!(ask(), ask(), ask());
    assert_eq!(upstream.request_count(), 1);
    assert_eq!(noted(&client)[0].2, 1);
}
