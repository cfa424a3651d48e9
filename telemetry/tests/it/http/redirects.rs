//! Calls that are redirected.

use super::*;

#[test]
fn attempts_after_a_redirect_are_made_where_it_leads() {
    let bench = Bench::new();
    let mut call = bench.client.call();
    let mut first = call.attempt(0);
    first.answered(&HttpHead::new(303), TOOK);
    first.ended();
    call.redirected(HttpStart::new(
        "billing",
        "HEAD",
        "http://files.example/7",
        "files.example",
    ));
    let mut second = call.attempt(1);
    second.answered(&HttpHead::new(200), TOOK);
    second.ended();
    call.answered(2, 200);
    drop(call);

    let spans = bench.spans();
    let names: Vec<_> = spans.iter().map(|span| &*span.name).collect();
    assert_eq!(names, ["GET", "HEAD", "GET"]);
    let servers = spans
        .iter()
        .map(|span| attributes(span)["server.address"].clone());
    let servers: Vec<_> = servers.collect();
    assert_eq!(servers, ["pay.example", "files.example", "pay.example"]);
    let second = attributes(&spans[1]);
    assert_eq!(second["url.full"], "http://files.example/7");
    assert_eq!(second["http.request.resend_count"], "1");
    assert!(!second.contains_key("server.port"));
}
