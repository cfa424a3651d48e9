//! What of the plain patterns becomes an event of the span that is current.

#[cfg(any(feature = "breaker", feature = "retry", feature = "bulkhead"))]
mod telling;

use std::fmt;

/// Which retries, waits and rejections are told as events of the span that is current where the call
/// runs: the application's own, by the OpenTelemetry API or by `tracing` with tracing-opentelemetry.
///
/// Only a span that is recorded is told anything, and only what does not go well is told: a call that
/// succeeds at once costs nothing.
///
/// A client that tells its own spans, as steadfast-http's and steadfast-amqp's do, tells retries and
/// rejections there, once; of the patterns inside it only [waits in line](Self::WAITS) are told here.
///
/// # Examples
/// ```
/// use steadfast_telemetry::{SpanEvents, Telemetry};
///
/// let events = SpanEvents::RETRIES.and(SpanEvents::WAITS);
/// let telemetry = Telemetry::builder().span_events(events).build()?;
/// # Ok::<_, steadfast_telemetry::ConfigError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct SpanEvents(u8);

impl SpanEvents {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// `resilience.retry`, before each wait for another attempt, and `resilience.gave_up`, when a call is
    /// given up.
    pub const RETRIES: Self = Self(1);
    /// `resilience.queued` and `resilience.acquired` of those who had to queue for a bulkhead, and
    /// `resilience.rejected` of those who did so in vain.
    pub const WAITS: Self = Self(Self::IN_LINE.0 | Self::TIMEOUTS.0);
    /// `resilience.rejected`, by a circuit breaker or by a bulkhead that is full.
    ///
    /// A rejection costs some 20 to 50 ns, and who is told of it pays that again several times: an open
    /// circuit breaker then takes its lock for each.
    pub const REJECTIONS: Self = Self(8);
    /// All of them.
    pub const ALL: Self = Self(Self::RETRIES.0 | Self::WAITS.0 | Self::REJECTIONS.0);

    pub(crate) const IN_LINE: Self = Self(2);
    pub(crate) const TIMEOUTS: Self = Self(4);

    /// These and others.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Whether all of these are among them.
    #[must_use]
    pub const fn contains(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// Of the parts of a client that tells its own spans.
    pub(crate) const fn of_a_part(self) -> Self {
        Self(self.0 & Self::IN_LINE.0)
    }
}

impl fmt::Debug for SpanEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (Self::RETRIES, "RETRIES"),
            (Self::WAITS, "WAITS"),
            (Self::REJECTIONS, "REJECTIONS"),
        ];
        let present = names.iter().filter(|(events, _)| self.contains(*events));
        let mut set = f.debug_set();
        for (_, name) in present {
            set.entry(&format_args!("{name}"));
        }
        set.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::SpanEvents;

    #[test]
    fn some_of_the_waits_are_not_the_waits() {
        let part = SpanEvents::ALL.of_a_part();
        assert!(part.contains(SpanEvents::IN_LINE) && part.contains(SpanEvents::NONE));
        for missing in [
            SpanEvents::WAITS,
            SpanEvents::RETRIES,
            SpanEvents::REJECTIONS,
        ] {
            assert!(!part.contains(missing), "{missing:?}");
            assert!(SpanEvents::ALL.contains(missing));
        }
    }
}
