//! The body is watched, and nobody can tell.

use steadfast_http::ResponseExt;
use steadfast_testkit::{HttpUpstream, Reply};

use crate::support::{millis, once, only, quick};

#[tokio::test]
async fn everything_about_a_response_is_as_reqwest_made_it() {
    let upstream = HttpUpstream::start().await;
    let scripted = || Reply::status(201).header("x-one", "1").body("created");
    upstream.script([scripted(), scripted()]);
    let url = upstream.url("/things?page=2");
    let bare = reqwest::get(&url).await.unwrap();
    let ours = once().build().unwrap().get(&url).send().await.unwrap();
    assert_eq!(ours.status(), bare.status());
    assert_eq!(ours.version(), bare.version());
    assert_eq!(ours.url(), bare.url());
    assert_eq!(ours.url().as_str(), url);
    assert_eq!(ours.headers(), bare.headers());
    assert_eq!(ours.content_length(), Some(7));
    assert_eq!(ours.content_length(), bare.content_length());
    assert_eq!(ours.remote_addr(), Some(upstream.addr()));
    assert_eq!(ours.attempts(), 1);
    assert_eq!(bare.attempts(), 1, "nobody knows of more");
    assert_eq!(ours.text().await.unwrap(), "created");
}

#[tokio::test]
async fn a_response_that_was_read_ahead_is_still_all_there() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(503).body("first")]);
    let client = quick().failure_threshold(1).build().unwrap();
    let url = upstream.url("/things?page=2");
    // It is read, as a retry is to follow; but the circuit has opened, so it is returned.
    let response = client.get(&url).send().await.unwrap();
    assert_eq!(response.url().as_str(), url);
    assert_eq!(response.content_length(), Some(5));
    assert_eq!(response.remote_addr(), Some(upstream.addr()));
    assert_eq!(response.attempts(), 1);
    assert_eq!(response.bytes().await.unwrap(), "first");
}

#[tokio::test]
async fn a_response_that_was_read_ahead_breaks_off_where_it_did() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(503).body("half of this").cut_body_after(4)]);
    let client = quick().failure_threshold(1).build().unwrap();
    let mut response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.content_length(), None);
    assert_eq!(response.chunk().await.unwrap().unwrap(), "half");
    assert!(response.chunk().await.is_err());
    assert_eq!(response.chunk().await.unwrap(), None);
}

#[tokio::test]
async fn the_url_is_the_last_one_of_a_redirect() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(302).header("location", "/elsewhere")]);
    let client = once().build().unwrap();
    let response = client.get(upstream.url("/here")).send().await.unwrap();
    assert_eq!(response.url().path(), "/elsewhere");
}

#[tokio::test]
async fn a_body_cut_short_is_an_error_for_its_reader_too() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::ok("half of this").cut_body_after(4)]);
    let client = once().build().unwrap();
    let mut response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "half");
    let error = response.chunk().await.unwrap_err();
    assert!(error.is_decode(), "as in reqwest: {error:?}");
    assert_eq!(response.chunk().await.unwrap(), None, "told once");
    assert_eq!(only(&client).breaker.totals.failure, 1);
}

#[tokio::test]
async fn a_response_can_be_the_body_of_another_request() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::ok("passed on")]);
    let client = once().build().unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    client
        .post(upstream.url("/"))
        .body(response)
        .send()
        .await
        .unwrap();
    assert_eq!(upstream.requests()[1].text(), "passed on");
}

#[cfg(feature = "json")]
#[tokio::test]
async fn json_goes_both_ways() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|request, _| Reply::ok(request.body.clone()));
    let client = once().build().unwrap();
    let request = client.post(upstream.url("/")).json(&[1, 2, 3]);
    let echoed: Vec<u8> = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(echoed, [1, 2, 3]);
    let sent = &upstream.requests()[0];
    assert_eq!(sent.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn trailers_arrive_over_http_1_as_well() {
    use http_body_util::BodyExt;
    let upstream = HttpUpstream::start().await;
    let client = once().build().unwrap();
    for body in ["", "small"] {
        upstream.script([Reply::ok(body).chunked().trailer("x-checksum", "7")]);
        let response = client.get(upstream.url("/")).send().await.unwrap();
        let response = http::Response::<reqwest::Body>::from(response);
        let whole = response.into_body().collect().await.unwrap();
        assert_eq!(whole.trailers().unwrap()["x-checksum"], "7", "{body:?}");
        assert_eq!(whole.to_bytes(), body);
    }
}

/// reqwest's own begins when the body is first asked for: not by us, before anybody reads it.
#[tokio::test]
async fn the_read_timeout_of_a_given_client_counts_from_the_read() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::ok("hello").slow_body(5, millis(50)));
    let given = || reqwest::Client::builder().read_timeout(millis(400));
    for client in [
        once().reqwest(given()),
        once().client(given().build().unwrap()),
    ] {
        let client = client.build().unwrap();
        let response = client.get(upstream.url("/")).send().await.unwrap();
        tokio::time::sleep(millis(800)).await;
        assert_eq!(response.text().await.unwrap(), "hello");
    }
}
