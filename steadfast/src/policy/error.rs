//! A call that failed, and settings that break their rules.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use steadfast_retry::{Exhausted, Failure, Reason};

/// A call that failed: what its last attempt came to, and why there was no other.
///
/// `Display` is one line: `payments: connection refused (3 attempts in 1.2s: no attempts are left)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Error<E> {
    told: Box<Told<E>>,
}

#[derive(Debug, Clone, PartialEq)]
struct Told<E> {
    name: Arc<str>,
    kind: Kind<E>,
    attempts: u32,
    elapsed: Duration,
    reason: Reason,
    retry_after: Option<Duration>,
}

/// What the last attempt came to.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Kind<E> {
    /// The operation failed with this.
    Operation(E),
    /// The operation took longer than the attempt timeout. What it had sent by then may have been done.
    #[non_exhaustive]
    AttemptTimeout {
        /// The attempt timeout.
        after: Duration,
    },
    /// The total timeout passed while an attempt was under way, or before it began.
    #[non_exhaustive]
    DeadlineExceeded {
        /// How long the attempt that was cut off had run; `None` if it had not begun.
        ran_for: Option<Duration>,
    },
    /// The circuit breaker did not let the attempt through.
    CircuitOpen(steadfast_breaker::Rejected),
    /// The bulkhead had no place for it.
    BulkheadRejected(steadfast_bulkhead::Rejected),
}

impl<E> Error<E> {
    /// Of a retry that was given up; the value, if its last attempt gave one.
    pub(super) fn of<T>(
        name: &Arc<str>,
        exhausted: Exhausted<Result<T, Kind<E>>, Kind<E>>,
    ) -> Result<T, Self> {
        let retry_after = exhausted.retry_after();
        let (attempts, elapsed, reason) = (exhausted.attempts, exhausted.elapsed, exhausted.reason);
        let kind = match exhausted.last {
            Failure::Operation(Ok(value)) => return Ok(value),
            Failure::Operation(Err(kind)) => kind,
            Failure::TimedOut { after } => Kind::DeadlineExceeded {
                ran_for: Some(after),
            },
            _ => Kind::DeadlineExceeded { ran_for: None },
        };
        Err(Self {
            told: Box::new(Told {
                retry_after: retry_after.or_else(|| kind.retry_after()),
                name: Arc::clone(name),
                kind,
                attempts,
                elapsed,
                reason,
            }),
        })
    }

    /// What the last attempt came to.
    #[must_use]
    pub fn kind(&self) -> &Kind<E> {
        &self.told.kind
    }

    /// The same, by value.
    #[must_use]
    pub fn into_kind(self) -> Kind<E> {
        self.told.kind
    }

    /// The operation's own error, if it ran last and failed by itself.
    #[must_use]
    pub fn operation(&self) -> Option<&E> {
        match &self.told.kind {
            Kind::Operation(error) => Some(error),
            _ => None,
        }
    }

    /// The same, by value.
    #[must_use]
    pub fn into_operation(self) -> Option<E> {
        match self.told.kind {
            Kind::Operation(error) => Some(error),
            _ => None,
        }
    }

    /// The policy's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.told.name
    }

    /// How many attempts were made, those included that breaker or bulkhead did not let through.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.told.attempts
    }

    /// From the call to its end. A call without a total timeout and without a retry budget reads no clock
    /// before it first has to wait, and leaves out what came before.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.told.elapsed
    }

    /// Why there was no other attempt.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.told.reason
    }

    /// When the same call may be worth making again, where that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.told.retry_after
    }

    /// Whether the circuit breaker did not let the last attempt through.
    #[must_use]
    pub fn is_circuit_open(&self) -> bool {
        matches!(self.told.kind, Kind::CircuitOpen(_))
    }

    /// Whether the bulkhead had no place for the last attempt.
    #[must_use]
    pub fn is_bulkhead_rejected(&self) -> bool {
        matches!(self.told.kind, Kind::BulkheadRejected(_))
    }

    /// Whether time ran out: for the last attempt, or for the whole call.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(
            self.told.kind,
            Kind::AttemptTimeout { .. } | Kind::DeadlineExceeded { .. }
        )
    }

    /// Whether the classifier took the last result for one that another attempt may better.
    pub(super) fn is_retryable(&self) -> bool {
        self.told.reason != Reason::NotRetryable
    }
}

impl<E> Kind<E> {
    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::CircuitOpen(rejected) => rejected.retry_after(),
            Self::BulkheadRejected(rejected) => rejected.retry_after(),
            _ => None,
        }
    }
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Told {
            name,
            kind,
            attempts,
            elapsed,
            reason,
            ..
        } = &*self.told;
        let noun = if *attempts == 1 {
            "attempt"
        } else {
            "attempts"
        };
        write!(
            f,
            "{name}: {kind} ({attempts} {noun} in {elapsed:.1?}: {reason})"
        )
    }
}

impl<E: fmt::Display> fmt::Display for Kind<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operation(error) => error.fmt(f),
            Self::AttemptTimeout { after } => write!(f, "no answer within {after:?}"),
            Self::DeadlineExceeded { ran_for: Some(_) } => {
                f.write_str("no answer within the total timeout")
            }
            Self::DeadlineExceeded { ran_for: None } => f.write_str("no time was left to begin"),
            Self::CircuitOpen(rejected) => rejected.fmt(f),
            Self::BulkheadRejected(rejected) => rejected.fmt(f),
        }
    }
}

impl<E: StdError + 'static> StdError for Error<E> {
    /// `Display` says what the last attempt came to, so the chain goes on with what is behind that.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.operation()?.source()
    }
}

/// A policy cannot be built from these settings. It lists every bad one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    name: Arc<str>,
    fields: Vec<FieldError>,
}

impl ConfigError {
    pub(super) fn new(name: Arc<str>, fields: Vec<FieldError>) -> Self {
        Self { name, fields }
    }

    /// The name of the policy that was to be built.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Every bad setting, never empty.
    #[must_use]
    pub fn fields(&self) -> &[FieldError] {
        &self.fields
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "policy {:?} is misconfigured: ", self.name)?;
        for (index, field) in self.fields.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{field}")?;
        }
        Ok(())
    }
}

impl StdError for ConfigError {}

/// One bad setting.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldError {
    /// The builder method that set it; of the settings of a part, as in `breaker.open_for`.
    pub field: String,
    /// The value as given.
    pub value: String,
    /// The rule that it breaks, as a phrase: "must be longer than zero".
    pub rule: &'static str,
}

impl FieldError {
    pub(super) fn new(field: &'static str, value: &dyn fmt::Debug, rule: &'static str) -> Self {
        Self {
            field: field.to_owned(),
            value: format!("{value:?}"),
            rule,
        }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {} ({})", self.field, self.value, self.rule)
    }
}
