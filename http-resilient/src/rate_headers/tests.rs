use std::time::UNIX_EPOCH;

use http::{HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;

const NOW: u64 = 1_700_000_000;

fn wait_of(status: u16, headers: &[(&str, &str)]) -> Option<Duration> {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| {
            let name: HeaderName = name.parse().unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        })
        .collect();
    let status = StatusCode::from_u16(status).unwrap();
    stated_wait(status, &headers, UNIX_EPOCH + Duration::from_secs(NOW))
}

fn wait(headers: &[(&str, &str)]) -> Option<Duration> {
    wait_of(429, headers)
}

fn millis(millis: u64) -> Option<Duration> {
    Some(Duration::from_millis(millis))
}

#[test]
fn reads_every_form_of_the_structured_header() {
    for (text, expected) in [
        (r#""default";r=0;t=30"#, millis(30_000)),
        ("default;r=0;t=30", millis(30_000)),
        (r#""default"; r=0; t=30; pk=:c2VjcmV0:"#, millis(30_000)),
        // Of several quotas the longest that is used up.
        (r#""burst";r=0;t=5, "day";r=0;t=60"#, millis(60_000)),
        (r#""burst";r=0;t=5, "day";r=17;t=60"#, millis(5_000)),
        (r#""a,b;r=1";r=0;t=3, "c\"d";r=0;t=2"#, millis(3_000)),
        (r#""a=b";r=0;t=3"#, millis(3_000)),
        (r#""default";t=30"#, millis(30_000)),
        // Something remains: it was another limit.
        (r#""default";r=1;t=30"#, None),
        (r#""default";r=0"#, None),
        (r#""default";r=0;t=-1"#, None),
        (r#""default";r=0;t=soon"#, None),
        (r#""default"#, None),
        ("", None),
        // As it once was.
        ("limit=100, remaining=0, reset=30", millis(30_000)),
        ("limit=100,reset=30", millis(30_000)),
        ("limit=100, remaining=1, reset=30", None),
        ("reset=-3", None),
    ] {
        assert_eq!(wait(&[("RateLimit", text)]), expected, "{text}");
    }
}

#[test]
fn tells_seconds_from_now_from_both_kinds_of_unix_time_and_from_durations() {
    for (text, expected) in [
        ("30", millis(30_000)),
        ("0", millis(0)),
        ("1.5", millis(1_500)),
        ("-4", millis(0)),
        ("1700000009", millis(9_000)),
        ("1700000009.25", millis(9_250)),
        ("1699999999", millis(0)),
        ("1700000009250", millis(9_250)),
        ("1699999999999", millis(0)),
        ("1s", millis(1_000)),
        ("6m0s", millis(360_000)),
        ("20ms", millis(20)),
        ("1h2m3.5s", millis(3_723_500)),
        ("250us", Some(Duration::from_micros(250))),
        ("-1s", millis(0)),
        // What means nothing.
        ("", None),
        ("-", None),
        (".", None),
        ("1.", None),
        ("1.2.3", None),
        ("1e3", None),
        ("soon", None),
        ("s", None),
        ("3 s", None),
        ("5s3", None),
        ("1d", None),
        ("17000000000000", None),
        ("99999999999999999999999", None),
        ("18446744073709551615h", None),
        ("2023-11-14T22:13:20Z", None),
    ] {
        for name in ["RateLimit-Reset", "X-RateLimit-Reset", "X-Rate-Limit-Reset"] {
            assert_eq!(wait(&[(name, text)]), expected, "{name}: {text:?}");
        }
    }
}

#[test]
fn a_reset_says_nothing_where_something_remains() {
    for name in ["ratelimit", "x-ratelimit", "x-rate-limit"] {
        let (reset, remaining) = (format!("{name}-reset"), format!("{name}-remaining"));
        let with = |remains: &'static str| wait(&[(&reset, "9"), (&remaining, remains)]);
        assert_eq!(with("0"), millis(9_000), "{name}");
        assert_eq!(with("12"), None, "{name}");
        assert_eq!(with("some"), millis(9_000), "{name}");
    }
}

#[test]
fn of_requests_and_tokens_the_longer_counts_that_is_used_up() {
    let with = |requests: &'static str, tokens: &'static str| {
        wait(&[
            ("x-ratelimit-remaining-requests", requests),
            ("x-ratelimit-reset-requests", "1s"),
            ("x-ratelimit-remaining-tokens", tokens),
            ("x-ratelimit-reset-tokens", "6m0s"),
        ])
    };
    assert_eq!(with("0", "149984"), millis(1_000));
    assert_eq!(with("59", "0"), millis(360_000));
    assert_eq!(with("0", "0"), millis(360_000));
    assert_eq!(with("59", "149984"), None);
    assert_eq!(wait(&[("x-ratelimit-reset-tokens", "6m0s")]), None);
}

#[test]
fn the_first_that_can_be_read_counts() {
    let all = [
        ("retry-after", "1"),
        ("ratelimit", r#""p";r=0;t=2"#),
        ("ratelimit-reset", "3"),
        ("x-ratelimit-reset", "4"),
        ("x-rate-limit-reset", "5"),
    ];
    for first in 0..all.len() {
        assert_eq!(wait(&all[first..]), millis(1_000 * (first as u64 + 1)));
        let mut unreadable = all;
        for (_, text) in &mut unreadable[..first] {
            *text = "soon";
        }
        assert_eq!(wait(&unreadable), millis(1_000 * (first as u64 + 1)));
    }
}

#[test]
fn a_503_is_no_question_of_quotas() {
    assert_eq!(wait_of(503, &[("ratelimit-reset", "3")]), None);
    assert_eq!(wait_of(503, &[("retry-after", "3")]), millis(3_000));
    assert_eq!(wait_of(200, &[("x-ratelimit-reset", "3")]), None);
}

const NAMES: [&str; 9] = [
    "retry-after",
    "ratelimit",
    "ratelimit-reset",
    "ratelimit-remaining",
    "x-ratelimit-reset",
    "x-rate-limit-reset",
    "x-ratelimit-reset-tokens",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-remaining",
];

proptest! {
    // A negative duration cannot be: to make one is a panic.
    #[test]
    fn whatever_a_server_writes_nothing_panics(
        headers in prop::collection::vec(
            (prop::sample::select(&NAMES[..]), prop::collection::vec(32_u8.., 0..40)),
            0..6,
        ),
        status in 100_u16..1000,
        now in any::<u64>(),
    ) {
        let mut map = HeaderMap::new();
        for (name, bytes) in headers {
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                map.append(name, value);
            }
        }
        let now = UNIX_EPOCH.checked_add(Duration::from_secs(now)).unwrap_or(UNIX_EPOCH);
        stated_wait(StatusCode::from_u16(status).unwrap(), &map, now);
    }

    #[test]
    fn nor_does_what_looks_like_the_real_thing(
        name in prop::sample::select(&NAMES[..]),
        text in r#"-?[0-9.]{0,24}(h|m|s|ms|us|ns)?([0-9.]{1,22}(m|s))?|("[a-z,;="\\]{0,4}")?(; ?[rt]=-?[0-9]{0,22}){0,3}(, ?(remaining|reset)=[0-9]{0,22}){0,2}"#,
    ) {
        wait(&[(name, &text)]);
    }

    #[test]
    fn a_moment_in_unix_time_is_as_far_away_in_seconds_as_in_milliseconds(ahead in 0_u64..1_000_000) {
        let seconds = (NOW + ahead).to_string();
        let millis = format!("{seconds}000");
        let expected = Some(Duration::from_secs(ahead));
        prop_assert_eq!(wait(&[("x-ratelimit-reset", &seconds)]), expected);
        prop_assert_eq!(wait(&[("x-ratelimit-reset", &millis)]), expected);
        prop_assert_eq!(wait(&[("x-ratelimit-reset", &ahead.to_string())]), expected);
    }
}
