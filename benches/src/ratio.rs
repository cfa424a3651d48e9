//! The result for one case and one peer.

use std::fmt;

/// Our time for one operation beside a peer's.
///
/// `Display` is the line that tools read; a ratio above 1 means that the peer takes longer.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Ratio {
    /// The case.
    pub case: &'static str,
    /// Our nanoseconds for one operation.
    pub ours: f64,
    /// The peer.
    pub peer: &'static str,
    /// The peer's nanoseconds for one operation.
    pub theirs: f64,
}

impl Ratio {
    /// How many times as long as we the peer takes.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.theirs / self.ours
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            case,
            ours,
            peer,
            theirs,
        } = self;
        let ratio = self.ratio();
        write!(
            f,
            "RATIO {case} ours={ours:.1} {peer}={theirs:.1} ratio={ratio:.2}"
        )
    }
}
