//! Durations as people write them: "1m 30s".

use std::time::Duration;

pub(super) const FORM: &str = "must be a duration like \"1m 30s\", or whole milliseconds";
const LIMITS: &str = "must not be as large as that, nor finer than a nanosecond";

/// Or the rule that the text breaks.
pub(super) fn parse(text: &str) -> Result<Duration, &'static str> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let mut sum = Duration::ZERO;
    for span in spans(text) {
        // The parser takes "0" without a unit, which is no span.
        let span = Some(span).filter(|span| *span != "0").ok_or(FORM)?;
        let part = humantime::parse_duration(span).map_err(rule)?;
        sum = sum.checked_add(part).ok_or(LIMITS)?;
    }
    Ok(sum)
}

pub(super) fn from_millis(millis: u128) -> Result<Duration, &'static str> {
    let millis = u64::try_from(millis).map_err(|_| LIMITS)?;
    Ok(Duration::from_millis(millis))
}

pub(super) fn format(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

fn rule(error: humantime::DurationError) -> &'static str {
    match error {
        humantime::DurationError::NumberOverflow => LIMITS,
        _ => FORM,
    }
}

/// The text cut before each number but the first. The parser takes them one by one, because it panics
/// on a sum of several that overflows in its nanoseconds (humantime 2.4).
fn spans(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut in_number = true;
        let end = text.find(|c: char| {
            let begins = c.is_ascii_digit() && !in_number;
            if !c.is_whitespace() {
                in_number = c.is_ascii_digit() || (in_number && c == '.');
            }
            begins
        });
        let (span, later) = end.map_or((text, None), |end| {
            let (span, later) = text.split_at(end);
            (span, Some(later))
        });
        rest = later;
        Some(span)
    })
}
