//! The builder has every method of reqwest's.

use http::{HeaderMap, HeaderValue, Version};
use reqwest::Method;
use steadfast_http::RequestBuilder;
use steadfast_testkit::HttpUpstream;

use crate::support::{SECOND, once, quick};

/// Writes the same chain of calls for our builder and for reqwest's: it compiles as long as the
/// methods have the same names and take the same arguments. Nothing is polled, so nothing is sent.
macro_rules! every_method {
    ($builder:expr) => {{
        let builder = $builder
            .header("x-one", "1")
            .headers(HeaderMap::new())
            .basic_auth("user", Some("password"))
            .bearer_auth("token")
            .body("body")
            .timeout(SECOND)
            .version(Version::HTTP_11);
        #[cfg(feature = "query")]
        let builder = builder.query(&[("page", 2)]);
        #[cfg(feature = "form")]
        let builder = builder.form(&[("name", "value")]);
        #[cfg(feature = "json")]
        let builder = builder.json(&[1, 2, 3]);
        let copy = builder.try_clone().unwrap();
        let _sending = copy.send();
        let (client, request) = builder.build_split();
        let _again = client.execute(request.unwrap());
        #[cfg(feature = "multipart")]
        let _multipart = $builder.multipart(reqwest::multipart::Form::new());
        $builder.build().unwrap()
    }};
}

#[tokio::test]
async fn every_method_of_reqwest_is_there() {
    let url = "http://localhost/";
    let ours = once().build().unwrap();
    let theirs = reqwest::Client::new();
    every_method!(ours.post(url));
    every_method!(theirs.post(url));
    let request = ours.get(url).build().unwrap();
    let _from = RequestBuilder::from_parts(ours, request);
}

#[test]
fn futures_can_be_sent_to_another_thread() {
    fn sendable<T: Send + 'static>(_: T) {}
    let client = once().build().unwrap();
    sendable(client.get("http://localhost/").send());
    sendable(client.clone());
    let request = client.get("http://localhost/").build().unwrap();
    sendable(async move { client.execute(request).await });
}

#[tokio::test]
async fn a_request_arrives_as_it_was_built() {
    let upstream = HttpUpstream::start().await;
    let client = once().build().unwrap();
    client
        .request(
            Method::from_bytes(b"REPORT").unwrap(),
            upstream.url("/x?a=1"),
        )
        .header("x-one", "1")
        .header("x-one", "2")
        .headers(HeaderMap::from_iter([(
            "x-two".parse().unwrap(),
            HeaderValue::from_static("2"),
        )]))
        .bearer_auth("token")
        .body("body")
        .send()
        .await
        .unwrap();
    let request = &upstream.requests()[0];
    assert_eq!(request.method, "REPORT");
    assert_eq!(request.path, "/x?a=1");
    let ones = request.headers.iter().filter(|(name, _)| name == "x-one");
    assert_eq!(ones.count(), 2);
    assert_eq!(request.header("x-two"), Some("2"));
    assert_eq!(request.header("authorization"), Some("Bearer token"));
    assert_eq!(request.text(), "body");
}

#[tokio::test]
async fn a_copy_keeps_what_was_said_about_it() {
    let upstream = HttpUpstream::start().await;
    upstream.script([steadfast_testkit::Reply::status(503)]);
    let client = quick().build().unwrap();
    let request = client.post(upstream.url("/")).idempotent(true);
    let copy = request.try_clone().unwrap();
    assert_eq!(copy.send().await.unwrap().status(), 200);
    assert_eq!(upstream.request_count(), 2);
}

#[tokio::test]
async fn a_finished_request_keeps_its_idempotency_key() {
    let upstream = HttpUpstream::start().await;
    upstream.script([steadfast_testkit::Reply::status(503)]);
    let client = quick().build().unwrap();
    let request = client.post(upstream.url("/")).idempotency_key("7").build();
    let response = client.execute(request.unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn clones_of_a_client_share_everything() {
    let upstream = HttpUpstream::start().await;
    let client = once().build().unwrap();
    client.clone().get(upstream.url("/")).send().await.unwrap();
    assert_eq!(client.snapshot().totals.requests, 1);
    let weak = client.downgrade();
    assert_eq!(weak.upgrade().unwrap().name(), "test");
    drop(client);
    assert!(weak.upgrade().is_none());
}
