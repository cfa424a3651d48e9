//! Reading the values of rate limit headers.
//!
//! Whatever cannot be read is no value: a server that writes nonsense is one that writes nothing.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What one quota says of itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Quota {
    pub(super) remaining: Option<u64>,
    pub(super) reset: Option<Duration>,
}

impl Quota {
    /// Whether nothing is known to remain of it.
    pub(super) fn may_be_used_up(&self) -> bool {
        self.remaining.is_none_or(|remaining| remaining == 0)
    }

    fn read(&mut self, key: &str, value: &str) {
        match key {
            "r" | "remaining" => self.remaining = whole_number(value),
            "t" | "reset" => self.reset = whole_number(value).map(Duration::from_secs),
            _ => {}
        }
    }
}

/// The quotas of a `RateLimit` header: a list of names with parameters, `"burst";r=0;t=5, "day";r=9`, or
/// one quota as a list of its numbers, `limit=10, remaining=0, reset=5`.
pub(super) fn quotas(text: &str) -> Vec<Quota> {
    let mut quotas = Vec::new();
    let mut plain = Quota::default();
    for item in split(text, ',') {
        let mut parts = split(item, ';');
        match parts.next().and_then(|first| first.split_once('=')) {
            // Where there is a name in quotes, an equals sign is part of it.
            Some((key, value)) if !key.starts_with('"') => plain.read(key.trim(), value.trim()),
            _ => {
                let mut quota = Quota::default();
                for (key, value) in parts.filter_map(|part| part.split_once('=')) {
                    quota.read(key.trim(), value.trim());
                }
                quotas.push(quota);
            }
        }
    }
    if plain != Quota::default() {
        quotas.push(plain);
    }
    quotas
}

/// Splits at a separator that is not in quotes, and trims.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |letter| {
        let was_escaped = escaped;
        escaped = quoted && !was_escaped && letter == '\\';
        if letter == '"' && !was_escaped {
            quoted = !quoted;
        }
        letter == separator && !quoted
    })
    .map(str::trim)
}

/// When a quota is full again: seconds from now, a Unix time in seconds or in milliseconds, or a
/// duration with units. A moment that has passed is no wait at all.
///
/// The three kinds of numbers are told apart by their size: seconds from now are less than 30 years,
/// and Unix times are of this century or the next.
pub(super) fn reset(text: &str, now: SystemTime) -> Option<Duration> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let wait = match decimal(text) {
        Some(number) => match number.as_secs() {
            0..EPOCH_SECONDS => number,
            EPOCH_SECONDS..EPOCH_MILLIS => from_now(number, now),
            EPOCH_MILLIS..BEYOND => from_now(number / 1000, now),
            BEYOND.. => return None,
        },
        None => with_units(text)?,
    };
    Some(if negative { Duration::ZERO } else { wait })
}

const EPOCH_SECONDS: u64 = 1_000_000_000;
const EPOCH_MILLIS: u64 = 1_000_000_000_000;
const BEYOND: u64 = 10_000_000_000_000;

fn from_now(since_epoch: Duration, now: SystemTime) -> Duration {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    since_epoch.saturating_sub(now)
}

/// A duration as Go writes it: `1s`, `6m0s`, `20ms`, `1h2m3.5s`.
fn with_units(mut text: &str) -> Option<Duration> {
    let mut sum = Duration::ZERO;
    while {
        let is_number = |letter: char| letter.is_ascii_digit() || letter == '.';
        let unit = text.find(|letter| !is_number(letter))?;
        let number = decimal(&text[..unit])?;
        text = &text[unit..];
        let next = text.find(is_number).unwrap_or(text.len());
        let part = match &text[..next] {
            "h" => number.checked_mul(3600),
            "m" => number.checked_mul(60),
            "s" => Some(number),
            "ms" => Some(number / 1000),
            "us" | "\u{b5}s" | "\u{3bc}s" => Some(number / 1_000_000),
            "ns" => Some(number / 1_000_000_000),
            _ => None,
        };
        sum = sum.checked_add(part?)?;
        text = &text[next..];
        !text.is_empty()
    } {}
    Some(sum)
}

/// Digits with at most one point among them, as so many seconds. Exact down to a nanosecond.
fn decimal(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let whole = whole_number(whole)?;
    whole_number(fraction)?;
    let nanos = fraction
        .bytes()
        .chain(std::iter::repeat(b'0'))
        .take(9)
        .fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    Some(Duration::new(whole, nanos))
}

/// Digits alone. More than fit are as many as fit.
pub(super) fn whole_number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}
