use opentelemetry::KeyValue;
use opentelemetry::baggage::KeyValueMetadata;

use super::*;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

fn parse(traceparent: &str) -> Option<SpanContext> {
    span_context(traceparent, None)
}

#[test]
fn what_is_written_is_what_is_read() {
    for flags in ["00", "01"] {
        let traceparent = format!("00-{TRACE}-{SPAN}-{flags}");
        let read = span_context(&traceparent, Some("vendor=1,other=2")).unwrap();
        assert!(read.is_remote());
        let mut written = Vec::new();
        let context = Context::new().with_remote_span_context(read);
        trace_context(&context, |name, value| {
            written.push((name, value.to_owned()))
        });
        assert_eq!(
            written,
            [
                (TRACEPARENT, traceparent),
                (TRACESTATE, "vendor=1,other=2".to_owned())
            ]
        );
    }
}

#[test]
fn what_is_no_traceparent_names_nothing() {
    let zero = "0".repeat(32);
    for wrong in [
        "",
        "mine",
        &format!("00-{TRACE}-{SPAN}"),
        &format!("00-{TRACE}-{SPAN}-01-more"),
        &format!("ff-{TRACE}-{SPAN}-01"),
        &format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
        &format!("00-+{}-{SPAN}-01", &TRACE[1..]),
        &format!("00-{zero}-{SPAN}-01"),
        &format!("00-{TRACE}-{}-01", &zero[..16]),
        &format!("00-{TRACE}-{SPAN}-1"),
    ] {
        assert_eq!(parse(wrong), None, "{wrong}");
    }
}

#[test]
fn a_later_version_may_say_more_and_a_wrong_tracestate_is_left_out() {
    assert!(parse(&format!("01-{TRACE}-{SPAN}-03-more")).is_some());
    let traceparent = format!("00-{TRACE}-{SPAN}-01");
    let read = span_context(&traceparent, Some("no state")).unwrap();
    assert_eq!(read.trace_state(), &TraceState::NONE);
}

#[test]
fn baggage_is_encoded() {
    let context = Context::new().with_baggage([KeyValueMetadata::new(
        "tenant",
        "größe, 100 %; \"a\\b\"",
        "prop=1",
    )]);
    let mut header = None;
    baggage(&context, |name, value| {
        header = Some((name, value.to_owned()))
    });
    let (name, value) = header.unwrap();
    assert_eq!(name, BAGGAGE);
    assert_eq!(
        value,
        "tenant=gr%C3%B6%C3%9Fe%2C%20100%20%25%3B%20%22a%5Cb%22;prop=1"
    );
}

#[test]
fn entries_of_baggage_are_a_list_and_no_baggage_is_no_header() {
    let context = Context::new().with_baggage([KeyValue::new("a", "1"), KeyValue::new("b", "2")]);
    baggage(&context, |_, value| {
        let mut entries: Vec<_> = value.split(',').collect();
        entries.sort_unstable();
        assert_eq!(entries, ["a=1", "b=2"]);
    });
    baggage(&Context::new(), |_, value| panic!("{value} of what?"));
}
