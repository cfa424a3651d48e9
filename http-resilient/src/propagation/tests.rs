use std::time::Duration;

use super::*;
use crate::clock;

#[test]
fn an_origin_is_on_the_list_by_host_and_by_port_where_one_is_given() {
    for (pattern, on_it, not_on_it) in [
        ("a.example", "a.example:80", "b.example:80"),
        ("a.example", "a.example:8443", "x.a.example:8443"),
        ("A.Example:8443", "a.example:8443", "a.example:443"),
        ("*.internal", "stock.internal:80", "internal:80"),
        ("*.internal", "a.b.internal:443", "stock-internal:443"),
        ("*.internal:443", "a.internal:443", "a.internal:80"),
        ("10.0.0.7:8080", "10.0.0.7:8080", "10.0.0.70:8080"),
        ("[::1]:8080", "[::1]:8080", "[::1]:80"),
        ("[::1]", "[::1]:80", "[::2]:80"),
    ] {
        let propagation = Propagation::to(Origins::hosts([pattern]));
        assert!(propagation.reaches(on_it), "{pattern} {on_it}");
        assert!(!propagation.reaches(not_on_it), "{pattern} {not_on_it}");
        let mut fields = Vec::new();
        propagation.broken_fields(&mut fields);
        assert_eq!(fields, [], "{pattern}");
    }
    assert!(Propagation::to(Origins::any()).reaches("a.example:80"));
    assert!(!Propagation::default().reaches("a.example:80"));
}

#[test]
fn what_would_never_be_found_is_not_accepted() {
    for pattern in [
        "",
        "*",
        "*.",
        "a..b",
        "https://a.example",
        "a.example/",
        "a.example:",
        "a.example:http",
        "a.example:+80",
        "a.example:65536",
        "*a.example",
        "a.*.example",
        "[::g]",
        "::1",
    ] {
        let mut fields = Vec::new();
        Propagation::to(Origins::hosts([pattern])).broken_fields(&mut fields);
        assert_eq!(fields.len(), 1, "{pattern:?}");
    }
}

fn told(headers: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, HeaderValue::from_static(value));
    }
    map
}

#[test]
fn the_earliest_deadline_and_the_highest_attempt_count() {
    let headers = told(&[
        ("x-deadline-ms", "90000"),
        ("x-deadline-ms", "soon"),
        ("x-deadline-ms", "1000"),
        ("x-retry-attempt", "2"),
        ("x-retry-attempt", "1"),
    ]);
    let adopted = Propagation::default().adopt(&headers);
    let second = clock::now() + Duration::from_secs(1);
    assert!(adopted.deadline.is_some_and(|deadline| deadline <= second));
    assert_eq!((adopted.attempt, adopted.once), (2, true));
    let both = adopted.and(Propagation::default().adopt(&told(&[("x-deadline-ms", "0")])));
    assert!(both.deadline < adopted.deadline);
    assert_eq!((both.attempt, both.once), (2, true));
}

#[test]
fn what_cannot_be_read_is_not_told() {
    for text in ["", "-1", "2.0", "two", "99999999999999999999999"] {
        let headers = told(&[("x-deadline-ms", text), ("x-retry-attempt", text)]);
        let adopted = Propagation::default().on_top(OnTop::Never).adopt(&headers);
        assert_eq!(adopted.deadline, None, "{text:?}");
        assert_eq!((adopted.attempt, adopted.once), (0, false), "{text:?}");
    }
}

#[test]
fn a_retry_is_not_retried_on_top_unless_it_should_be() {
    for (on_top, once) in [
        (OnTop::Always, [false, false, false]),
        (OnTop::FirstAttempts, [false, false, true]),
        (OnTop::Never, [false, true, true]),
    ] {
        let propagation = Propagation::default().on_top(on_top);
        let found = ["0", "1", "2"].map(|attempt| {
            propagation
                .adopt(&told(&[("x-retry-attempt", attempt)]))
                .once
        });
        assert_eq!(found, once, "{on_top:?}");
    }
}
