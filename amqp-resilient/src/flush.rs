//! What a flush came to.

use std::fmt;

/// What [`Publisher::flush`](crate::Publisher::flush) came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FlushReport {
    /// Messages confirmed since the last flush that had ended when this one began.
    pub confirmed: u64,
    /// Messages that failed since then, or whose publisher did not wait: their handles, or the futures of
    /// `publish`, tell which and why.
    pub failed: u64,
    /// Messages taken on before this flush that had not come to an end when its time was over. They go on.
    pub pending: usize,
}

impl FlushReport {
    /// Whether everything was confirmed.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.failed == 0 && self.pending == 0
    }
}

impl fmt::Display for FlushReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            confirmed,
            failed,
            pending,
        } = self;
        write!(
            f,
            "{confirmed} confirmed, {failed} failed, {pending} pending"
        )
    }
}
