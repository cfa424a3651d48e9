use std::{error, fmt, sync::Arc};

use crate::rejected::Rejected;

/// What [`Bulkhead::call`](crate::Bulkhead::call) returns when it does not return a value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error<E> {
    /// There was no place; the operation was not started.
    Rejected(Rejected),
    /// The operation ran and failed.
    Operation(E),
}

impl<E> Error<E> {
    /// The rejection, if the operation was not started.
    #[must_use]
    pub fn rejected(&self) -> Option<&Rejected> {
        match self {
            Self::Rejected(rejected) => Some(rejected),
            Self::Operation(_) => None,
        }
    }

    /// The operation's own error, if it ran.
    #[must_use]
    pub fn operation(&self) -> Option<&E> {
        match self {
            Self::Rejected(_) => None,
            Self::Operation(error) => Some(error),
        }
    }

    /// The operation's own error by value, if it ran.
    #[must_use]
    pub fn into_operation(self) -> Option<E> {
        match self {
            Self::Rejected(_) => None,
            Self::Operation(error) => Some(error),
        }
    }
}

impl<E> From<Rejected> for Error<E> {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(rejected)
    }
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(rejected) => rejected.fmt(f),
            Self::Operation(error) => error.fmt(f),
        }
    }
}

impl<E: error::Error + 'static> error::Error for Error<E> {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Rejected(rejected) => Some(rejected),
            Self::Operation(error) => Some(error),
        }
    }
}

/// Places were still busy when the time to wait for them was over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StillBusy {
    name: Arc<str>,
    busy: usize,
}

impl StillBusy {
    pub(crate) fn new(name: Arc<str>, busy: usize) -> Self {
        Self { name, busy }
    }

    /// The name of the bulkhead.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many places were busy.
    #[must_use]
    pub fn busy(&self) -> usize {
        self.busy
    }
}

impl fmt::Display for StillBusy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, busy } = self;
        write!(f, "bulkhead {name:?} still has {busy} busy places")
    }
}

impl error::Error for StillBusy {}

/// The configuration breaks a rule. Lists **every** field that does, with its value and the rule.
///
/// ```
/// use steadfast_bulkhead::Bulkhead;
///
/// let error = Bulkhead::builder("").max_concurrent(0).build().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "bulkhead \"\" is misconfigured: name = \"\" (must not be empty); \
///      max_concurrent = 0 (must be at least 1)"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    component: &'static str,
    name: Arc<str>,
    fields: Vec<FieldError>,
}

impl ConfigError {
    /// `Ok` when no field is bad.
    pub(crate) fn check(
        component: &'static str,
        name: &Arc<str>,
        fields: Vec<FieldError>,
    ) -> Result<(), Self> {
        if fields.is_empty() {
            return Ok(());
        }
        Err(Self {
            component,
            name: Arc::clone(name),
            fields,
        })
    }

    /// The name given to the builder.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Every field that breaks its rule; never empty.
    #[must_use]
    pub fn fields(&self) -> &[FieldError] {
        &self.fields
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} is misconfigured: ", self.component, self.name)?;
        for (index, field) in self.fields.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{field}")?;
        }
        Ok(())
    }
}

impl error::Error for ConfigError {}

/// One field that breaks its rule.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldError {
    /// The field, named as its builder method.
    pub field: &'static str,
    /// The value given, as `{:?}` prints it.
    pub value: String,
    /// The rule: "must be ...".
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
