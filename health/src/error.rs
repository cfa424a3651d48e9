//! What can go wrong: settings that break their rules, a name that is taken, checks that wait for
//! each other.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// The settings given to a [`Builder`](crate::Builder) or a [`Check`](crate::Check) break their
/// rules. Names every bad field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    component: &'static str,
    name: Arc<str>,
    fields: Vec<FieldError>,
}

impl ConfigError {
    pub(crate) fn new(component: &'static str, name: Arc<str>, fields: Vec<FieldError>) -> Self {
        Self {
            component,
            name,
            fields,
        }
    }

    /// The name of the monitor that was to be built, or of the check that was to be registered.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Every field that broke its rule.
    #[must_use]
    pub fn fields(&self) -> &[FieldError] {
        &self.fields
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} is misconfigured: ", self.component, self.name)?;
        for (i, field) in self.fields.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{field}")?;
        }
        Ok(())
    }
}

impl StdError for ConfigError {}

/// One setting that breaks its rule.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldError {
    /// The method that set it.
    pub field: &'static str,
    /// The value as given.
    pub value: String,
    /// The rule, as a phrase: "must be at least 1".
    pub rule: &'static str,
}

impl FieldError {
    pub(crate) fn new(field: &'static str, value: &dyn fmt::Debug, rule: &'static str) -> Self {
        Self {
            field,
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

/// Why [`Monitor::register`](crate::Monitor::register) refused a check.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegisterError {
    /// Settings of the check break their rules.
    Config(ConfigError),
    /// The monitor already has a check of that name.
    #[non_exhaustive]
    Duplicate {
        /// The monitor's name.
        monitor: Arc<str>,
        /// The name that is taken.
        check: Arc<str>,
    },
    /// With this check, checks would wait for each other for ever.
    #[non_exhaustive]
    Cycle {
        /// The monitor's name.
        monitor: Arc<str>,
        /// The check that was refused.
        check: Arc<str>,
        /// From the check back to itself, each depending on the next.
        cycle: Vec<Arc<str>>,
    },
}

impl From<ConfigError> for RegisterError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => write!(f, "{error}"),
            Self::Duplicate { monitor, check } => write!(
                f,
                "health monitor {monitor:?} already has a check named {check:?}: \
                 deregister that one first, or choose another name"
            ),
            Self::Cycle {
                monitor,
                check,
                cycle,
            } => write!(
                f,
                "health monitor {monitor:?} cannot take check {check:?}: it would wait for itself: {}",
                cycle.join(" -> ")
            ),
        }
    }
}

impl StdError for RegisterError {
    /// `Display` already prints the inner error, so the chain goes on with what is behind it.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Config(error) => error.source(),
            Self::Cycle { .. } | Self::Duplicate { .. } => None,
        }
    }
}

/// Why [`Monitor::reconfigure`](crate::Monitor::reconfigure) has changed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReconfigureError {
    /// Settings break their rules: those of the monitor, or of checks. All of them.
    Config(Vec<ConfigError>),
    /// The monitor has no checks of these names.
    #[non_exhaustive]
    Unknown {
        /// The monitor's name.
        monitor: Arc<str>,
        /// The names.
        checks: Vec<String>,
    },
    /// With these settings checks would wait for each other for ever.
    #[non_exhaustive]
    Cycle {
        /// The monitor's name.
        monitor: Arc<str>,
        /// From a check back to itself, each depending on the next.
        cycle: Vec<Arc<str>>,
    },
}

impl fmt::Display for ReconfigureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(errors) => {
                let errors: Vec<_> = errors.iter().map(ConfigError::to_string).collect();
                f.write_str(&errors.join("; "))
            }
            Self::Unknown { monitor, checks } => write!(
                f,
                "health monitor {monitor:?} has no check named {}",
                checks.join(", ")
            ),
            Self::Cycle { monitor, cycle } => write!(
                f,
                "health monitor {monitor:?} cannot be reconfigured: a check would wait for itself: {}",
                cycle.join(" -> ")
            ),
        }
    }
}

impl StdError for ReconfigureError {}
