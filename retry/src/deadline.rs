//! The moment by which an answer is needed, in a form that travels.

use std::error::Error;
use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::clock;

/// The moment by which an answer is needed. After it, work is done for nobody.
///
/// A service that has been given 800 ms should not spend 2 s on a call of its own. Make a deadline
/// where a request comes in, give it to every call made on its behalf with
/// [`Retry::deadline`](crate::Retry::deadline), and send it on: [`to_header`](Self::to_header) tells
/// the next service how much time is left, [`from_header`](Self::from_header) adopts what a caller
/// has told.
///
/// # Two forms on the wire
///
/// - **The time left**, in milliseconds: for a request that is answered at once. It needs no clocks
///   that agree; the time on the wire is not taken off.
/// - **The moment**, as Unix time in milliseconds: for a message that may lie in a queue. It is
///   wrong by as much as the clocks of the two machines differ.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use steadfast_retry::{Deadline, Retry};
///
/// // What the caller has sent: "x-deadline-ms: 800".
/// let deadline = Deadline::from_header("800")?;
///
/// let retry = Retry::builder("stock").base_backoff(Duration::ZERO).build()?;
/// let stock = retry.deadline(deadline).call_blocking(|attempt| {
///     let left = attempt.deadline().map(|deadline| deadline.to_header());
///     // stands for: http.get("/stock").header("x-deadline-ms", left)
///     left.ok_or("no deadline")
/// });
/// assert!(stock.unwrap().parse::<u64>()? <= 800);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deadline(Instant);

impl Deadline {
    /// So much time from now. What is too long to add up is a hundred years from now.
    #[must_use]
    pub fn after(time: Duration) -> Self {
        Self::after_at(clock::now(), time)
    }

    /// At this moment.
    #[must_use]
    pub const fn at(moment: Instant) -> Self {
        Self(moment)
    }

    /// The moment itself.
    #[must_use]
    pub const fn instant(self) -> Instant {
        self.0
    }

    /// How much time is left now; zero when it is over.
    #[must_use]
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(clock::now())
    }

    /// Whether no time is left.
    #[must_use]
    pub fn is_over(self) -> bool {
        self.remaining().is_zero()
    }

    /// The earlier of this one and another, if there is another.
    #[must_use]
    pub fn earlier(self, other: Option<Self>) -> Self {
        other.map_or(self, |other| self.min(other))
    }

    /// The time left now, as whole milliseconds: "800". Rounded down, so that nobody is promised
    /// more than there is.
    #[must_use]
    pub fn to_header(self) -> String {
        self.remaining().as_millis().to_string()
    }

    /// The deadline that a caller has told as [`to_header`](Self::to_header) writes it, counted from
    /// now.
    ///
    /// # Errors
    ///
    /// [`ParseDeadlineError`] if the text is no whole number of milliseconds: digits alone, without
    /// sign, unit or space around it, at most 20 of them. A number too large to add up is a
    /// hundred years.
    pub fn from_header(text: &str) -> Result<Self, ParseDeadlineError> {
        let digits = (1..=MOST_DIGITS).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_digit());
        let millis = digits.then(|| text.parse().ok()).flatten();
        millis
            .map(|millis| Self::after(Duration::from_millis(millis)))
            .ok_or_else(|| ParseDeadlineError { text: text.into() })
    }

    /// The moment as milliseconds of Unix time, by this machine's clock; zero where that would be
    /// before 1970.
    #[must_use]
    pub fn to_unix_millis(self) -> u64 {
        self.to_unix_millis_at(clock::now(), clock::wall())
    }

    /// The deadline at these milliseconds of Unix time, by this machine's clock. It does not move
    /// when that clock is set later on.
    #[must_use]
    pub fn from_unix_millis(millis: u64) -> Self {
        Self::from_unix_millis_at(millis, clock::now(), clock::wall())
    }

    fn after_at(now: Instant, time: Duration) -> Self {
        Self(now.checked_add(time).unwrap_or_else(|| now + FAR))
    }

    fn to_unix_millis_at(self, now: Instant, wall: SystemTime) -> u64 {
        let wall = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        let moment = match self.0.checked_duration_since(now) {
            Some(left) => wall.saturating_add(left),
            None => wall.saturating_sub(now.saturating_duration_since(self.0)),
        };
        u64::try_from(moment.as_millis()).unwrap_or(u64::MAX)
    }

    fn from_unix_millis_at(millis: u64, now: Instant, wall: SystemTime) -> Self {
        let wall = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        let moment = Duration::from_millis(millis);
        match moment.checked_sub(wall) {
            Some(left) => Self::after_at(now, left),
            // Where the clock has not run for so long, any moment before now will do: it is over.
            None => Self(now.checked_sub(wall - moment).unwrap_or(now)),
        }
    }
}

/// As many as the largest number of milliseconds has.
const MOST_DIGITS: usize = 20;

/// What stands for a time that is too long to add up: a hundred years.
const FAR: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// A text that is no time left in whole milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseDeadlineError {
    text: String,
}

impl fmt::Display for ParseDeadlineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "deadline {:?} is no whole number of milliseconds below 2^64",
            self.text
        )
    }
}

impl Error for ParseDeadlineError {}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_moment_survives_the_way_through_unix_time() {
        let now = clock::now();
        let wall = UNIX_EPOCH + SECOND * 1_700_000_000;
        for left in [Duration::ZERO, SECOND, SECOND * 86_400] {
            let deadline = Deadline::after_at(now, left);
            let millis = deadline.to_unix_millis_at(now, wall);
            assert_eq!(millis, 1_700_000_000_000 + left.as_millis() as u64);
            assert_eq!(Deadline::from_unix_millis_at(millis, now, wall), deadline);
        }
    }

    #[test]
    fn a_moment_that_has_passed_is_over_on_both_sides() {
        let now = clock::now() + SECOND * 100;
        let wall = UNIX_EPOCH + SECOND * 1_000;
        let passed = Deadline(now - SECOND);
        assert_eq!(passed.to_unix_millis_at(now, wall), 999_000);
        assert_eq!(Deadline::from_unix_millis_at(999_000, now, wall), passed);
        assert!(Deadline::from_unix_millis_at(0, now, wall) <= Deadline(now));
    }

    #[test]
    fn clocks_before_1970_and_numbers_beyond_all_clocks_do_not_panic() {
        let now = clock::now();
        let before = UNIX_EPOCH - SECOND;
        assert_eq!(Deadline(now).to_unix_millis_at(now, before), 0);
        let far = Deadline::from_unix_millis_at(u64::MAX, now, UNIX_EPOCH);
        assert!(far.remaining() > SECOND * 3_000_000_000);
        assert!(Deadline::after(Duration::MAX).remaining() > FAR - SECOND);
    }

    #[test]
    fn a_header_is_digits_alone() {
        for text in [
            "",
            " 5",
            "5 ",
            "+5",
            "-5",
            "5ms",
            "5.0",
            "0x5",
            "18446744073709551616",
            "000000000000000000005",
            "٣",
        ] {
            let error = Deadline::from_header(text).unwrap_err();
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
        assert!(Deadline::from_header("0").is_ok_and(Deadline::is_over));
        assert!(Deadline::from_header("18446744073709551615").is_ok());
        assert!(Deadline::from_header("00000000000000000005").is_ok());
    }
}
