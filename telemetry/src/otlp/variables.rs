//! Reading variables so that every bad one is reported, and none twice.

use std::fmt;
use std::time::Duration;

use crate::error::FieldError;

/// Where variables come from.
pub(crate) enum Lookup {
    /// The environment of the process.
    Environment,
    /// What the application hands out in its place.
    Given(Box<Given>),
}

pub(crate) type Given = dyn Fn(&str) -> Option<String> + Send + Sync;

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Environment => "Environment",
            Self::Given(_) => "Given",
        })
    }
}

/// A variable that is set: its name and its value.
pub(crate) type Set = (&'static str, String);

pub(crate) struct Variables<'a> {
    lookup: &'a Lookup,
    errors: Vec<FieldError>,
}

impl<'a> Variables<'a> {
    pub(crate) const fn new(lookup: &'a Lookup) -> Self {
        Self {
            lookup,
            errors: Vec::new(),
        }
    }

    /// What was wrong, in the order in which it was found.
    pub(crate) fn into_errors(self) -> Vec<FieldError> {
        self.errors
    }

    /// The first of these that is set. An empty variable is not, says the specification.
    pub(crate) fn first(&mut self, names: &[&'static str]) -> Option<Set> {
        names
            .iter()
            .find_map(|&name| self.get(name).map(|value| (name, value)))
    }

    /// The first of these that is set, parsed.
    pub(crate) fn parsed<T>(
        &mut self,
        names: &[&'static str],
        rule: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let (name, value) = self.first(names)?;
        let parsed = parse(&value);
        if parsed.is_none() {
            self.refuse(name, value, rule);
        }
        parsed
    }

    /// One of these words, whatever its case.
    pub(crate) fn word<T: Copy>(
        &mut self,
        names: &[&'static str],
        rule: &'static str,
        words: &[(&str, T)],
    ) -> Option<T> {
        self.parsed(names, rule, |value| {
            let named = words
                .iter()
                .find(|(word, _)| word.eq_ignore_ascii_case(value));
            named.map(|&(_, meaning)| meaning)
        })
    }

    pub(crate) fn milliseconds(&mut self, names: &[&'static str]) -> Option<Duration> {
        self.parsed(names, MILLISECONDS, |value| {
            let millis = value.parse().ok().filter(|millis| *millis > 0);
            millis.map(Duration::from_millis)
        })
    }

    /// How many of something the SDK keeps in memory at most.
    pub(crate) fn size(&mut self, names: &[&'static str]) -> Option<usize> {
        self.parsed(names, SIZE, |value| {
            let size = value.parse().ok();
            size.filter(|size| (1..=MAX_SIZE).contains(size))
        })
    }

    pub(crate) fn limit(&mut self, names: &[&'static str]) -> Option<u32> {
        self.parsed(names, LIMIT, |value| value.parse().ok())
    }

    /// For what changes what is exported, or whom it is exported to, and cannot be had here.
    pub(crate) fn unsupported(&mut self, names: &[&'static str]) {
        for name in names {
            if let Some(value) = self.get(name) {
                self.refuse(name, value, "is not supported here and must not be set");
            }
        }
    }

    pub(crate) fn refuse(
        &mut self,
        field: &'static str,
        value: impl Into<String>,
        rule: &'static str,
    ) {
        let error = FieldError {
            field,
            value: value.into(),
            rule,
        };
        // The variables for both signals are read for each of them.
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    fn get(&mut self, name: &'static str) -> Option<String> {
        let value = match self.lookup {
            Lookup::Given(lookup) => lookup(name)?,
            Lookup::Environment => match std::env::var_os(name)?.into_string() {
                Ok(value) => value,
                Err(_) => {
                    // Whatever it is may be a secret.
                    self.refuse(name, "not shown", "must be UTF-8");
                    return None;
                }
            },
        };
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }
}

/// Takes `%20` and the like out of a text; `None` if it is not well-formed.
pub(crate) fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let (digits, after) = rest.split_at_checked(2)?;
            let digit = |byte: u8| char::from(byte).to_digit(16);
            bytes.push((digit(digits[0])? << 4 | digit(digits[1])?) as u8);
            rest = after;
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// A list `key=value,key=value`: the pairs, with the values as they stand there, or the place of the
/// first that is none, from 1.
pub(crate) fn pairs(list: &str) -> Result<Vec<(&str, &str)>, usize> {
    let entries = list.split(',').map(str::trim).enumerate();
    entries
        .filter(|(_, entry)| !entry.is_empty())
        .map(|(index, entry)| {
            let pair = entry.split_once('=');
            let pair = pair.map(|(key, value)| (key.trim(), value.trim()));
            pair.filter(|(key, _)| !key.is_empty()).ok_or(index + 1)
        })
        .collect()
}

const MILLISECONDS: &str = "must be a whole number of milliseconds, at least 1";
const SIZE: &str = "must be a whole number from 1 to 1000000";
const LIMIT: &str = "must be a whole number";
/// The SDK allocates its queue at once.
const MAX_SIZE: usize = 1_000_000;

#[cfg(test)]
mod tests {
    use super::{pairs, percent_decoded};

    #[test]
    fn percent_encoding_is_taken_off_or_refused() {
        assert_eq!(percent_decoded("a%20b%2Cc%C3%A9").unwrap(), "a b,cé");
        assert_eq!(percent_decoded("").unwrap(), "");
        for broken in ["%", "%2", "a%zz", "%+1", "%ff"] {
            assert_eq!(percent_decoded(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_list_of_pairs_may_have_spaces_and_empty_values_but_no_empty_keys() {
        assert_eq!(
            pairs(" a = 1 ,b=x=y,, c=,"),
            Ok(vec![("a", "1"), ("b", "x=y"), ("c", "")])
        );
        assert_eq!(pairs("a=1,b"), Err(2));
        assert_eq!(pairs("=1"), Err(1));
    }
}
