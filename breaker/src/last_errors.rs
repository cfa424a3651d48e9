//! The errors that came last, by class.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

// Not by the seam for loom: what is behind this lock decides nothing and is read for people alone.
use parking_lot::Mutex;

use crate::clock::Time;

/// Errors of one class that calls of a breaker have ended in; see
/// [`CircuitBreaker::note_error`](crate::CircuitBreaker::note_error).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LastError {
    /// What sort of error: `timeout`, `connect`, `503`.
    pub class: Arc<str>,
    /// What the last one of them said.
    pub message: Arc<str>,
    /// How many of this class there were since `first_ago`.
    pub count: u64,
    /// How long ago the first of those was.
    pub first_ago: Duration,
    /// How long ago the last of them was.
    pub last_ago: Duration,
}

/// Classes that are told apart. One breaker sees a handful; whoever makes a class of every message gets the
/// newest ones.
const MAX_CLASSES: usize = 8;

/// The longest class, in bytes.
const CLASS_LEN: usize = 64;

/// The longest message, in bytes: a line or two on a screen.
const MESSAGE_LEN: usize = 240;

/// Two words until the first error is noted: most breakers never see one.
#[derive(Default)]
pub(crate) struct LastErrors(Mutex<Option<Box<Kept>>>);

/// In the order of their last notes, the newest at the end: clocks are too coarse to tell it.
#[derive(Default)]
struct Kept(Vec<Noted>);

struct Noted {
    class: Arc<str>,
    message: Arc<str>,
    count: u64,
    first: Time,
    last: Time,
}

impl LastErrors {
    /// Writes an error down. The message, which is the user's code, is made before the lock is taken.
    pub(crate) fn note(&self, class: &str, message: &dyn fmt::Display, now: Time) {
        let class = Line::<CLASS_LEN>::of(&class);
        let message = Line::<MESSAGE_LEN>::of(message);
        let (class, message) = (class.as_str(), message.as_str());
        let mut kept = self.0.lock();
        let errors = &mut kept.get_or_insert_default().0;
        let known = errors.iter().position(|noted| &*noted.class == class);
        let mut noted = match known {
            Some(at) => errors.remove(at),
            None => {
                if errors.len() == MAX_CLASSES {
                    errors.remove(0);
                }
                Noted {
                    class: Arc::from(class),
                    message: Arc::from(message),
                    count: 0,
                    first: now,
                    last: now,
                }
            }
        };
        noted.count = noted.count.saturating_add(1);
        noted.last = noted.last.max(now);
        if &*noted.message != message {
            noted.message = Arc::from(message);
        }
        errors.push(noted);
    }

    /// All that are known, the newest first.
    pub(crate) fn read(&self, now: Time) -> Vec<LastError> {
        let kept = self.0.lock();
        let ago = |then: Time| Duration::from_nanos(now.since(then));
        let errors = kept.iter().flat_map(|kept| kept.0.iter().rev());
        let errors = errors.map(|noted| LastError {
            class: Arc::clone(&noted.class),
            message: Arc::clone(&noted.message),
            count: noted.count,
            first_ago: ago(noted.first),
            last_ago: ago(noted.last),
        });
        errors.collect()
    }
}

/// What is printed, as one line of so many bytes at most. Takes no memory from the heap, so that an error that
/// is the same again and again costs none.
struct Line<const LEN: usize> {
    bytes: [u8; LEN],
    len: usize,
    is_cut: bool,
}

const CUT: &str = "…";

impl<const LEN: usize> Line<LEN> {
    fn of(text: &dyn fmt::Display) -> Self {
        let mut line = Self {
            bytes: [0; LEN],
            len: 0,
            is_cut: false,
        };
        // Ends early when the line is full.
        let _ = fmt::write(&mut line, format_args!("{text}"));
        if line.is_cut {
            line.end_with_mark();
        }
        line
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }

    fn push(&mut self, char: char) -> bool {
        let end = self.len + char.len_utf8();
        if let Some(room) = self.bytes.get_mut(self.len..end) {
            char.encode_utf8(room);
            self.len = end;
            return true;
        }
        false
    }

    fn end_with_mark(&mut self) {
        while self.len + CUT.len() > LEN {
            let last = self.as_str().chars().next_back();
            self.len -= last.map_or(0, char::len_utf8);
        }
        for char in CUT.chars() {
            self.push(char);
        }
    }
}

impl<const LEN: usize> fmt::Write for Line<LEN> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for char in text.chars() {
            let char = if is_plain(char) { char } else { ' ' };
            if !self.push(char) {
                self.is_cut = true;
                return Err(fmt::Error);
            }
        }
        Ok(())
    }
}

/// Whether it neither ends a line nor turns the direction of what is shown beside it.
const fn is_plain(char: char) -> bool {
    !matches!(char,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' // control characters
        | '\u{2028}' | '\u{2029}' // ends of lines and paragraphs
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> String {
        Line::<8>::of(&text).as_str().to_owned()
    }

    #[test]
    fn a_line_is_cut_between_characters_and_says_so() {
        assert_eq!(line(""), "");
        assert_eq!(line("12345678"), "12345678");
        assert_eq!(line("123456789"), "12345…");
        assert_eq!(line("ääää"), "ääää");
        assert_eq!(line("äääää"), "ää…"); // 4 + 3 bytes: a third one would be 9
        assert_eq!(line("1234567ä"), "12345…");
        assert_eq!(line("🦀🦀🦀"), "🦀…");
    }

    #[test]
    fn a_line_is_one_line() {
        assert_eq!(line("a\nb\r\tc"), "a b  c");
        assert_eq!(line("\u{1b}[2J"), " [2J");
    }

    /// What prints for ever is not waited for.
    #[test]
    fn a_message_is_not_made_to_its_end() {
        struct Endless;
        impl fmt::Display for Endless {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                loop {
                    f.write_str("and so on ")?;
                }
            }
        }
        assert_eq!(Line::<8>::of(&Endless).as_str(), "and s…");
    }

    #[test]
    fn what_is_shorter_than_the_mark_ends_too() {
        assert_eq!(Line::<3>::of(&"1234").as_str(), "…");
    }
}
