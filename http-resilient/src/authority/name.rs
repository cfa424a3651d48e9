//! What authorities are called: `host:port`.

use std::cell::Cell;
use std::fmt::Write;

use reqwest::Url;

/// The port of a scheme of HTTP, with its colon.
fn default_port(scheme: &str) -> Option<&'static str> {
    match scheme {
        "http" => Some(":80"),
        "https" => Some(":443"),
        _ => None,
    }
}

/// Whether requests can be sent to a URL.
pub(crate) fn is_http(url: &Url) -> bool {
    default_port(url.scheme()).is_some() && url.has_host()
}

/// Hands `host:port` of a URL of HTTP to `with`: what breakers and bulkheads are kept by. `None` if it is
/// not one.
pub(super) fn with_authority<T>(url: &Url, with: impl FnOnce(&str) -> T) -> Option<T> {
    let default_port = default_port(url.scheme())?;
    let host = url.host_str()?;
    // Each request asks, so there is a buffer for it.
    let mut name = NAME.take();
    name.clear();
    name.push_str(host);
    match url.port() {
        None => name.push_str(default_port),
        Some(port) => write!(name, ":{port}").ok()?,
    }
    let answer = with(&name);
    NAME.set(name);
    Some(answer)
}

thread_local! {
    static NAME: Cell<String> = const { Cell::new(String::new()) };
}

/// Whether `name` is what [`with_authority`] would call the authority of `url`; found out without writing
/// it down.
pub(super) fn is_authority(name: &str, url: &Url) -> bool {
    let Some(default_port) = default_port(url.scheme()) else {
        return false;
    };
    let host = url.host_str().unwrap_or_default();
    let Some(port) = name.strip_prefix(host) else {
        return false;
    };
    match url.port() {
        None => port == default_port,
        Some(number) => is_port(port.as_bytes(), number),
    }
}

/// Whether `text` is a colon and `number`.
fn is_port(text: &[u8], number: u16) -> bool {
    let Some((b':', digits)) = text.split_first() else {
        return false;
    };
    let value = |value: u32, digit: &u8| value * 10 + u32::from(digit.wrapping_sub(b'0'));
    digits.len() <= 5 && digits.iter().fold(0, value) == u32::from(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_name_that_would_be_written() {
        let urls = [
            "http://a",
            "http://a:80",
            "https://a",
            "https://a:80",
            "http://a:443",
            "http://a:8",
            "http://a:8080",
            "http://a:65535",
            "http://a:0",
            "http://ab",
            "http://[::1]:8080",
            "http://[::1]",
            "http://a.b:8080/path?query",
            "ws://a",
            "ftp://a",
        ];
        let urls = urls.map(|url| Url::parse(url).unwrap());
        for one in &urls {
            let written = with_authority(one, str::to_owned);
            for other in &urls {
                let is_same = written.is_some() && with_authority(other, str::to_owned) == written;
                let written = written.as_deref().unwrap_or("a:21");
                assert_eq!(is_authority(written, other), is_same, "{written} {other}");
            }
        }
        assert!(!is_authority("(overflow)", &urls[0]));
    }
}
