//! Durations as strings and as milliseconds, odd ones included.

use std::time::Duration;

use proptest::prelude::*;

use super::{problems, read};

const FORM: &str = "must be a duration like \"1m 30s\", or whole milliseconds";
const LIMITS: &str = "must not be as large as that, nor finer than a nanosecond";

/// The one duration there is.
fn table(value: &str) -> String {
    format!(r#"{{"checkout_timeout": {value}}}"#)
}

#[test]
fn a_string_is_spans_of_a_number_and_a_unit() {
    for (text, nanos) in [
        ("0", 0),
        ("0s", 0),
        ("1ns", 1),
        ("250ms", 250_000_000),
        ("1000ms", 1_000_000_000),
        ("1.5s", 1_500_000_000),
        ("1m 30s", 90_000_000_000),
        ("1m30s", 90_000_000_000),
        (" 1 min\t30 sec ", 90_000_000_000),
        ("30s 1m", 90_000_000_000),
        ("0.5h 1.25s 7us", 1_801_250_007_000),
        ("1 000 ms", 1_000_000_000),
        ("2days", 172_800_000_000_000),
    ] {
        let text = serde_json::to_string(text).unwrap();
        let config = read(&table(&text));
        assert_eq!(
            config.checkout_timeout,
            Duration::from_nanos(nanos),
            "{text}"
        );
    }
}

#[test]
fn an_integer_is_milliseconds() {
    for millis in [0, 1, 250, u64::MAX] {
        let config = read(&table(&millis.to_string()));
        assert_eq!(config.checkout_timeout, Duration::from_millis(millis));
    }
}

#[test]
fn odd_strings_are_refused() {
    for text in [
        "",
        " ",
        "s",
        "1",
        "0 ",
        "1m 0",
        "0 0",
        "-1s",
        "+1s",
        "−1s",
        "1 m s",
        "∞",
        "1.s",
        ".5s",
        "1,5s",
        "1e3s",
        "1S",
        "1.2.3s",
        "1h:30m",
        "PT30S",
        "1s\0",
        "٣s",
        "never",
        "1m-2s",
        "1 fortnight",
    ] {
        let value = format!("{text:?}");
        let json = serde_json::to_string(text).unwrap();
        assert_eq!(
            problems(&table(&json)),
            [format!("checkout_timeout = {value} ({FORM})")]
        );
    }
}

#[test]
fn a_duration_that_does_not_fit_is_refused() {
    for text in [
        "99999999999999999999s",
        "18446744073709551616s",
        "18446744073709551615s 1s",
        "18446744073709551615s 999ms 1ms",
        // humantime itself panics at this one.
        "18446744073709551615s 1000ms",
        "9223372036854775807s 9223372036854775808s1000ms",
        "999999999999999999999999y",
        "600000000000y",
        "0.5ns",
        "1.0000000001s",
    ] {
        let value = format!("{text:?}");
        assert_eq!(
            problems(&table(&value)),
            [format!("checkout_timeout = {value} ({LIMITS})")]
        );
    }
}

#[test]
fn the_longest_duration_there_is_comes_back() {
    let mut config = read("{}");
    config.checkout_timeout = Duration::MAX;
    let text = toml::to_string(&config).unwrap();
    assert_eq!(
        toml::from_str::<steadfast_bulkhead::Config>(&text).unwrap(),
        config
    );
}

proptest! {
    #[test]
    fn any_spans_are_summed_or_refused(
        spans in prop::collection::vec(
            (any::<u64>(), 0_u32..64, prop::sample::select(vec![("ns", 1), ("ms", 1_000_000), ("s", 1_000_000_000_u128)])),
            1..4,
        ),
        gap in " {0,2}",
    ) {
        let mut text = String::new();
        let mut nanos = Some(0_u128);
        for (number, shift, (unit, size)) in spans {
            let number = number >> shift;
            text.push_str(&format!("{number}{unit}{gap}"));
            // A number of a unit below the second must fit in 64 bits of nanoseconds.
            let fits = unit == "s" || u128::from(number) * size <= u64::MAX.into();
            nanos = nanos.filter(|_| fits).map(|sum| sum + u128::from(number) * size);
        }
        let expected = nanos.filter(|nanos| *nanos <= Duration::MAX.as_nanos());
        let got = serde_json::from_str::<steadfast_bulkhead::Config>(&table(&format!("{text:?}")));
        prop_assert_eq!(got.ok().map(|config| config.checkout_timeout.as_nanos()), expected, "{}", text);
    }

    #[test]
    fn no_string_panics(text in "[0-9a-z.µ∞ -]{0,24}") {
        let _ = serde_json::from_str::<steadfast_bulkhead::Config>(&table(&format!("{text:?}")));
    }
}
