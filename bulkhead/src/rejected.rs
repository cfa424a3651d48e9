mod reason;

use std::{error, fmt, sync::Arc, time::Duration};

pub use self::reason::Reason;
use crate::name::Kept;

/// Why a bulkhead gave no place.
///
/// Cheap to make, to move and to clone: two words, and an allocation only for one that has waited, tells
/// when to try again, or does not fit into them (`TooMany`, and more than 65,535 in line). `Display` is one line: ``bulkhead payments is full: 20 running, 100 waiting``,
/// and where it is known when to try again, it ends with ``; retry after 150ms``.
#[derive(Clone)]
pub struct Rejected {
    /// What there is no room for in `short`; always there if the name is not kept.
    more: Option<Arc<More>>,
    short: Short,
}

/// A refusal in one word, written at once: the places busy, the callers in line, the number of the name, and
/// the kind.
#[derive(Clone, Copy)]
struct Short(u64);

const WAITING: u32 = 32;
const KEPT: u32 = 48;
const KIND: u32 = 56;

const FULL: u64 = 0;
const CLOSED: u64 = 1 << KIND;
/// By the reason in `more`.
const TOLD: u64 = 2 << KIND;

impl Short {
    fn kind(self) -> u64 {
        self.0 >> KIND << KIND
    }

    fn kept(self) -> Kept {
        Kept((self.0 >> KEPT) as u8)
    }

    fn full(self) -> Reason {
        Reason::Full {
            concurrent: self.0 as u32 as usize,
            waiting: (self.0 >> WAITING) as u16 as usize,
        }
    }
}

#[derive(Debug)]
struct More {
    name: Arc<str>,
    reason: Reason,
    waited: Duration,
    retry_after: Option<Duration>,
}

/// What the refusals of a bulkhead have in common.
#[derive(Debug)]
pub(crate) struct Refusals {
    name: Arc<str>,
    /// For a name that is kept: its number, where it belongs.
    kept: u64,
    /// For a name that is not.
    more: Option<Arc<More>>,
}

impl Refusals {
    pub(crate) fn new(name: Arc<str>, kept: Option<Kept>) -> Self {
        let more = kept.is_none().then(|| {
            Arc::new(More {
                name: Arc::clone(&name),
                reason: Reason::Closed,
                waited: Duration::ZERO,
                retry_after: None,
            })
        });
        Self {
            name,
            kept: kept.map_or(0, |kept| u64::from(kept.0) << KEPT),
            more,
        }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Nobody is in line, and nothing else is known.
    #[inline]
    pub(crate) fn full(&self, concurrent: u32) -> Rejected {
        self.short(FULL | u64::from(concurrent))
    }

    pub(crate) fn because(
        &self,
        reason: Reason,
        waited: Duration,
        retry_after: Option<Duration>,
    ) -> Rejected {
        if waited.is_zero() && retry_after.is_none() {
            match reason {
                Reason::Closed => return self.short(CLOSED),
                Reason::Full {
                    concurrent,
                    waiting,
                } => {
                    let numbers = (u32::try_from(concurrent), u16::try_from(waiting));
                    if let (Ok(concurrent), Ok(waiting)) = numbers {
                        let waiting = u64::from(waiting) << WAITING;
                        return self.short(FULL | u64::from(concurrent) | waiting);
                    }
                }
                Reason::Timeout { .. } | Reason::TooMany { .. } => {}
            }
        }
        Rejected {
            more: Some(Arc::new(More {
                name: Arc::clone(&self.name),
                reason,
                waited,
                retry_after,
            })),
            short: Short(TOLD),
        }
    }

    #[inline]
    fn short(&self, short: u64) -> Rejected {
        Rejected {
            more: self.more.clone(),
            short: Short(short | self.kept),
        }
    }
}

impl Rejected {
    /// The bulkhead's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.more {
            Some(more) => &more.name,
            None => self.short.kept().name(),
        }
    }

    /// Why there was no place.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match (self.short.kind(), &self.more) {
            (FULL, _) => self.short.full(),
            (TOLD, Some(more)) => more.reason,
            _ => Reason::Closed,
        }
    }

    /// The time spent in line before the refusal; zero if it came at once.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.more
            .as_ref()
            .map_or(Duration::ZERO, |more| more.waited)
    }

    /// Callers in line at the time of the refusal, this one not among them.
    #[must_use]
    pub fn waiting(&self) -> usize {
        match self.reason() {
            Reason::Full { waiting, .. } | Reason::Timeout { waiting, .. } => waiting,
            Reason::Closed | Reason::TooMany { .. } => 0,
        }
    }

    /// When it makes sense to try again: about the time that it takes until as many places have come
    /// back as there are callers in line and as this caller wants. `None` unless the bulkhead
    /// [measures hold times](crate::Builder::hold_times) and a place has come back since it was
    /// built, and when trying again does not help.
    ///
    /// It is an estimate, the recent mean hold time divided by the number of places, for each of these
    /// (Little's law). A caller in line counts as one place, whatever it wants. The mean follows the
    /// last dozen or so of holds; a dependency that hangs gives no place back, and so is not noticed.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.more.as_ref()?.retry_after
    }
}

impl PartialEq for Rejected {
    fn eq(&self, other: &Self) -> bool {
        let all = |of: &Self| (of.reason(), of.waited(), of.retry_after());
        all(self) == all(other) && self.name() == other.name()
    }
}

impl Eq for Rejected {}

impl fmt::Debug for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejected")
            .field("name", &self.name())
            .field("reason", &self.reason())
            .field("waited", &self.waited())
            .field("retry_after", &self.retry_after())
            .finish()
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self.reason() {
            Reason::Full {
                concurrent,
                waiting,
            } => write!(
                f,
                "bulkhead {name} is full: {concurrent} running, {waiting} waiting"
            )?,
            Reason::Timeout { waited, waiting } => write!(
                f,
                "bulkhead {name} had no free place within {waited:?}: {waiting} waiting"
            )?,
            Reason::Closed => write!(f, "bulkhead {name} is closed")?,
            Reason::TooMany { wanted, limit } => write!(
                f,
                "bulkhead {name} cannot give {wanted} places at a time: it has {limit}"
            )?,
        }
        match self.retry_after() {
            Some(retry_after) => write!(f, "; retry after {retry_after:?}"),
            None => Ok(()),
        }
    }
}

impl error::Error for Rejected {}
