//! The `Retry-After` header: how long the server asks to be left alone.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::RETRY_AFTER;

/// The wait asked for by the first `Retry-After` that can be read: whole seconds, or a date in any of
/// the three forms HTTP knows. Negative seconds and past dates are no wait at all. `None` when the
/// header is missing or means nothing.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    headers
        .get_all(RETRY_AFTER)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .find_map(|value| parse(value.trim(), now))
}

fn parse(value: &str, now: SystemTime) -> Option<Duration> {
    if let Some(seconds) = seconds(value) {
        return Some(seconds);
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or(Duration::ZERO))
}

/// More seconds than fit into a `u64` are still seconds: for ever, which no cap lets pass.
fn seconds(value: &str) -> Option<Duration> {
    let (negative, digits) = match value.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, value),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(if negative {
        Duration::ZERO
    } else {
        digits.parse().map_or(Duration::MAX, Duration::from_secs)
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn wait(value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_str(value).unwrap());
        // Sun, 06 Nov 1994 08:49:37 GMT
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        retry_after(&headers, now)
    }

    #[test]
    fn reads_whole_seconds() {
        assert_eq!(wait("120"), Some(Duration::from_secs(120)));
        assert_eq!(wait(" 3 "), Some(Duration::from_secs(3)));
        assert_eq!(wait("0"), Some(Duration::ZERO));
    }

    #[test]
    fn negative_seconds_are_no_wait() {
        assert_eq!(wait("-7"), Some(Duration::ZERO));
    }

    #[test]
    fn seconds_beyond_all_measure_are_for_ever() {
        assert_eq!(wait("99999999999999999999999"), Some(Duration::MAX));
    }

    #[test]
    fn reads_every_form_of_date() {
        for date in [
            "Sun, 06 Nov 1994 08:50:37 GMT",
            "Sunday, 06-Nov-94 08:50:37 GMT",
            "Sun Nov  6 08:50:37 1994",
        ] {
            assert_eq!(wait(date), Some(Duration::from_secs(60)), "{date}");
        }
    }

    #[test]
    fn a_past_date_is_no_wait() {
        assert_eq!(wait("Sun, 06 Nov 1994 08:48:37 GMT"), Some(Duration::ZERO));
    }

    #[test]
    fn what_means_nothing_is_no_header() {
        for nonsense in ["", "-", "soon", "1.5", "+5", "12 seconds"] {
            assert_eq!(wait(nonsense), None, "{nonsense:?}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), SystemTime::UNIX_EPOCH), None);
    }

    #[test]
    fn skips_headers_it_cannot_read() {
        let mut headers = HeaderMap::new();
        headers.append(RETRY_AFTER, HeaderValue::from_bytes(b"\xff").unwrap());
        headers.append(RETRY_AFTER, HeaderValue::from_static("soon"));
        headers.append(RETRY_AFTER, HeaderValue::from_static("2"));
        assert_eq!(
            retry_after(&headers, SystemTime::UNIX_EPOCH),
            Some(Duration::from_secs(2))
        );
    }
}
