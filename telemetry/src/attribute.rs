//! What an instrument's values are told apart by.

use std::fmt;

/// One attribute that the values of an [`Instrument`](crate::Instrument) are recorded with: its key,
/// and its values if there are only so many.
///
/// `resilience.name` and `resilience.instance` are not among them: every source has those.
///
/// # Examples
/// ```
/// use steadfast_telemetry::{Attribute, Instrument, names};
///
/// const MAILS: Instrument = Instrument::counter("myapp.mails", "{mail}", "Mails that were sent.")
///     .by(&[
///         Attribute::any("myapp.recipient.domain"),
///         Attribute::one_of(names::OUTCOME, &["delivered", "bounced"]),
///     ]);
///
/// assert_eq!(MAILS.attributes()[1].values(), Some(&["delivered", "bounced"][..]));
/// assert_eq!(
///     MAILS.to_string(),
///     "myapp.mails counter {mail} myapp.recipient.domain resilience.outcome=delivered|bounced"
/// );
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Attribute {
    key: &'static str,
    values: Option<&'static [&'static str]>,
    is_optional: bool,
}

impl Attribute {
    /// An attribute with any values, such as a host.
    #[must_use]
    pub const fn any(key: &'static str) -> Self {
        Self {
            key,
            values: None,
            is_optional: false,
        }
    }

    /// An attribute with these values and no others. A source records all of them every time, zeros
    /// included.
    #[must_use]
    pub const fn one_of(key: &'static str, values: &'static [&'static str]) -> Self {
        Self {
            key,
            values: Some(values),
            is_optional: false,
        }
    }

    /// Some series are without it: those for which there is no such thing.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.is_optional = true;
        self
    }

    /// The key, with dots.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        self.key
    }

    /// The values there are, if there are only so many.
    #[must_use]
    pub const fn values(&self) -> Option<&'static [&'static str]> {
        self.values
    }

    /// Whether there are series without it.
    #[must_use]
    pub const fn is_optional(&self) -> bool {
        self.is_optional
    }

    /// As in the tables of a README.
    pub(crate) fn markdown(&self) -> String {
        let key = format!("`{}`", self.key);
        let values = self.values.map(|values| {
            let values: Vec<_> = values.iter().map(|value| format!("`{value}`")).collect();
            format!(" ({})", values.join(", "))
        });
        let when = if self.is_optional { " if any" } else { "" };
        key + &values.unwrap_or_default() + when
    }
}

/// `key`, `key=one|other`, and `key?` for one that some series are without.
impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key)?;
        if self.is_optional {
            f.write_str("?")?;
        }
        match self.values {
            Some(values) => write!(f, "={}", values.join("|")),
            None => Ok(()),
        }
    }
}
