//! A program moves over from reqwest by a change of its imports: the same source is compiled with either, and
//! does the same.

use steadfast_testkit::{HttpUpstream, Received, Reply};

use crate::support::{dead_end, millis};

mod before {
    use std::time::Duration;

    #[cfg(feature = "multipart")]
    use reqwest::multipart;
    use reqwest::{
        Body, Client, Error, IntoUrl, Method, Request, RequestBuilder, Response, StatusCode, Url,
        Version, get, header, redirect,
    };

    include!("../migration/app.rs");
}

mod after {
    use std::time::Duration;

    #[cfg(feature = "multipart")]
    use steadfast_http::multipart;
    use steadfast_http::{
        Body, Client, Error, IntoUrl, Method, Request, RequestBuilder, Response, StatusCode, Url,
        Version, get, header, redirect,
    };

    include!("../migration/app.rs");
}

#[tokio::test]
async fn a_program_that_changes_its_imports_does_what_it_did() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(answer);
    let (dead, _proxy) = dead_end().await;
    let base = || upstream.url("").trim_end_matches('/').to_owned();
    let dead = || format!("http://{dead}/");

    let told_before = before::tell(base(), dead()).await;
    let sent_before: Vec<_> = upstream.requests().iter().map(comparable).collect();
    upstream.forget();
    let told_after = after::tell(base(), dead()).await;
    let sent_after: Vec<_> = upstream.requests().iter().map(comparable).collect();

    assert_eq!(told_before, told_after);
    assert_eq!(sent_before.len(), sent_after.len());
    for (before, after) in sent_before.iter().zip(&sent_after) {
        assert_eq!(before, after);
    }
    assert!(sent_before.len() >= 15, "{sent_before:?}");
}

fn answer(request: &Received, _: usize) -> Reply {
    match request.path.as_str() {
        "/stock/7" => Reply::ok("12 left").header("content-type", "text/plain"),
        "/stock/404" => Reply::status(404),
        "/stock/410" => Reply::status(410),
        "/orders" if request.body.len() > 1000 => Reply::status(503),
        "/orders" => Reply::status(201).body("thanks"),
        "/echo" => Reply::ok(request.body.clone()).header("content-type", "application/json"),
        "/numbers" => Reply::ok("[1, 2, 3]"),
        "/catalogue" => Reply::ok(vec![b'x'; 100_000]).chunked(),
        "/stalls" => Reply::stall(),
        "/moved" => Reply::status(302).header("location", "/stock/7"),
        "/circle" => Reply::status(302).header("location", "/circle"),
        _ => Reply::ok("fine").delay(millis(1)),
    }
}

/// A request without what is never twice the same.
fn comparable(request: &Received) -> (String, Vec<(String, String)>, usize) {
    let line = format!("{} {}", request.method, request.path);
    let mut headers = request.headers.clone();
    let mut body = request.body.len();
    for (name, value) in &mut headers {
        if name == "content-type" && value.starts_with("multipart/") {
            // reqwest draws the boundary.
            value.truncate("multipart/form-data".len());
            body = 0;
        }
    }
    headers.retain(|(name, _)| body != 0 || name != "content-length");
    headers.sort();
    (line, headers, body)
}
