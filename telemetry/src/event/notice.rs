//! Something to know that no pattern tells of: a task was restarted, settings were changed.

use std::fmt;
use std::sync::Arc;

/// Something that happened to the program around the patterns: a background task was restarted, a file of
/// settings was read again, somebody switched something off.
///
/// `Display` is `{topic} {name}: {text}`.
///
/// # Examples
/// ```
/// use steadfast_telemetry::{Notice, NoticeLevel};
///
/// let notice = Notice::new("task", "reporter", NoticeLevel::Error, "panicked: out of range");
/// assert_eq!(notice.to_string(), "task reporter: panicked: out of range");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notice {
    /// What it is about, in one word: `task`, `reload`, `switch`, `shutdown`.
    pub topic: &'static str,
    /// What of that kind.
    pub name: Arc<str>,
    /// How bad it is.
    pub level: NoticeLevel,
    /// What happened, in one line. Without secrets.
    pub text: Arc<str>,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum NoticeLevel {
    /// As it should be.
    Info,
    /// Somebody should know.
    Warning,
    /// Something failed.
    Error,
}

impl Notice {
    /// A notice of this text.
    #[must_use]
    pub fn new(
        topic: &'static str,
        name: impl Into<Arc<str>>,
        level: NoticeLevel,
        text: impl Into<Arc<str>>,
    ) -> Self {
        Self {
            topic,
            name: name.into(),
            level,
            text: text.into(),
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            topic, name, text, ..
        } = self;
        write!(f, "{topic} {name}: {text}")
    }
}
