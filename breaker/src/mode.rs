//! Modes: what an operator can make of a breaker, over and above what it decides by itself.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Who decides: the breaker or an operator. Set by [`CircuitBreaker::set_mode`](crate::CircuitBreaker::set_mode).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Mode {
    /// The breaker decides. The default.
    #[default]
    Automatic,
    /// Open: rejects every call, for as long as the mode lasts. Afterwards the breaker is half-open, so
    /// that probes go before trust.
    ForcedOpen,
    /// Closed: rejects nothing and never trips, but counts. Afterwards the breaker decides by what it
    /// has counted.
    ForcedClosed,
    /// Closed: rejects nothing and counts nothing, as if it were not there.
    Disabled,
    /// Decides and reports as if automatic, but lets through what it would have rejected: for trying
    /// numbers out on real traffic.
    Shadow,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Automatic => "automatic",
            Self::ForcedOpen => "forced open",
            Self::ForcedClosed => "forced closed",
            Self::Disabled => "disabled",
            Self::Shadow => "shadow",
        })
    }
}

/// A change of mode, told to observers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModeChange {
    /// The breaker's name.
    pub name: Arc<str>,
    /// The mode until now.
    pub from: Mode,
    /// The mode from now on.
    pub to: Mode,
    /// Why, in the words of who set it; `None` when a mode came to its end by itself, and after a
    /// reset.
    pub reason: Option<Arc<str>>,
    /// When the new mode ends by itself; `None`: not before it is changed.
    pub expires_in: Option<Duration>,
}
