//! The form of a [`HttpClientConfig`] in a file: a flat table, read whole before anything is said of it.

mod duration;
mod hint;
mod nested;
mod raw;
mod setting;

use std::fmt;

use http::HeaderMap;
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, SerializeMap, Serializer};

use self::setting::{Broken, Setting};
use super::HttpClientConfig;
use super::error::{ClientProblem, joined};
use crate::config_error::FieldError;
pub(super) use raw::Raw;

struct Field {
    name: &'static str,
    /// Whether its value is not to be told.
    secret: bool,
    read: fn(&mut HttpClientConfig, &Raw) -> Result<(), Broken>,
    is_given: fn(&HttpClientConfig) -> bool,
    /// Takes over what is not given.
    inherit: fn(&mut HttpClientConfig, &HttpClientConfig),
}

macro_rules! fields {
    ($($(#[$attr:meta])* $name:ident,)*) => {
        const FIELDS: &[Field] = &[$($(#[$attr])* Field {
            name: stringify!($name),
            secret: setting::is_secret(|config| &config.$name),
            read: |config, raw| Setting::from_raw(raw).map(|value| config.$name = Some(value)),
            is_given: |config| config.$name.is_some(),
            inherit: |config, from| {
                if config.$name.is_none() {
                    config.$name.clone_from(&from.$name);
                }
            },
        },)*];

        impl Serialize for HttpClientConfig {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                // Does not compile if a field is missing below.
                let Self { $($(#[$attr])* $name,)* } = self;
                let mut table = serializer.serialize_map(None)?;
                $($(#[$attr])* if let Some(value) = $name {
                    table.serialize_entry(stringify!($name), &value.plain())?;
                })*
                table.end()
            }
        }

        impl fmt::Debug for HttpClientConfig {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut table = f.debug_struct("HttpClientConfig");
                $($(#[$attr])* if let Some(value) = &self.$name {
                    table.field(stringify!($name), &value.shown());
                })*
                table.finish()
            }
        }
    };
}

// Tables last, as TOML wants them.
fields! {
    base_url,
    user_agent,
    https_only,
    connect_timeout,
    pool_idle_timeout,
    pool_max_idle_per_host,
    attempt_timeout,
    total_timeout,
    read_timeout,
    max_response_bytes,
    max_attempts,
    base_backoff,
    max_backoff,
    max_retry_after,
    max_throttle,
    budget_share,
    budget_min_per_second,
    coalesce,
    max_concurrent,
    max_waiting,
    checkout_timeout,
    failure_threshold,
    reset_timeout,
    open_for,
    max_probes,
    success_threshold,
    half_open_max,
    abandoned_as,
    max_authorities,
    own_redirects,
    propagation,
    default_headers,
    #[cfg(feature = "rate-limit")]
    rate_limit,
    hedge,
    breaker,
}

/// The fields that change what `breaker` says.
const OF_BREAKER: &[&str] = &[
    "failure_threshold",
    "reset_timeout",
    "open_for",
    "max_probes",
    "success_threshold",
    "half_open_max",
    "abandoned_as",
];

impl HttpClientConfig {
    pub(super) fn gives(&self, name: &str) -> bool {
        let mut fields = FIELDS.iter();
        fields.any(|field| field.name == name && (field.is_given)(self))
    }

    /// Takes over what is not given. Headers one by one; a breaker of its own is left as it is.
    ///
    /// # Errors
    /// There are more headers than there can be; some are missing then.
    pub(super) fn inherit(&mut self, from: &Self) -> Result<(), TooMany> {
        let own_breaker = self.breaker.is_some();
        let mut result = Ok(());
        if let (Some(own), Some(inherited)) = (&mut self.default_headers, &from.default_headers) {
            result = add_headers(own, inherited);
        }
        for field in FIELDS {
            if !(own_breaker && OF_BREAKER.contains(&field.name)) {
                (field.inherit)(self, from);
            }
        }
        result
    }
}

/// There are more headers than there can be.
pub(super) struct TooMany;

/// Adds those whose names are not there.
fn add_headers(own: &mut HeaderMap, inherited: &HeaderMap) -> Result<(), TooMany> {
    for name in inherited.keys() {
        if !own.contains_key(name) {
            for value in inherited.get_all(name) {
                if own.len() >= nested::MOST_HEADERS {
                    return Err(TooMany);
                }
                own.try_append(name, value.clone()).map_err(|_| TooMany)?;
            }
        }
    }
    Ok(())
}

/// What a table says, and what is wrong with it but for the rules between settings.
#[derive(Debug, Clone, Default)]
pub(super) struct Read {
    pub(super) config: HttpClientConfig,
    /// The fields that could not be read.
    pub(super) unread: Vec<&'static str>,
    pub(super) problems: Vec<ClientProblem>,
}

impl Read {
    pub(super) fn new(entries: &[(String, Raw)]) -> Self {
        let mut read = Self::default();
        let mut given: Vec<(&str, String)> = Vec::new();
        for (key, raw) in entries {
            let field = FIELDS.iter().find(|field| field.name == key);
            let is_secret = field.map_or(matches!(raw, Raw::Text(_)), |field| field.secret);
            let value = if is_secret {
                "..".to_owned()
            } else {
                raw.to_string()
            };
            let Some(field) = field else {
                let rule = hint::unknown(key);
                read.problems.push(ClientProblem::new(key, value, rule));
                continue;
            };
            if let Some((_, earlier)) = given.iter().find(|(name, _)| name == key) {
                let rule = format!("is given already: {key} = {earlier}");
                read.problems.push(ClientProblem::new(key, value, rule));
                continue;
            }
            if let Err(broken) = (field.read)(&mut read.config, raw) {
                read.unread.push(field.name);
                match broken {
                    Broken::Rule(rule) => {
                        read.problems.push(ClientProblem::new(key, &value, rule));
                    }
                    Broken::Within(problems) => {
                        let problems = problems.into_iter().map(|of| of.within(key));
                        read.problems.extend(problems);
                    }
                }
            }
            given.push((key, value));
        }
        read
    }
}

/// Whether a broken rule is not worth telling: what was meant by the field, or by the one it is compared
/// with, is not known.
pub(super) fn is_excused(broken: &FieldError, unread: impl Fn(&str) -> bool) -> bool {
    unread(broken.field) || (broken.field == "max_backoff" && unread("base_backoff"))
}

impl<'de> Deserialize<'de> for HttpClientConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = Raw::table(deserializer, "must be a table of http client settings")?;
        let mut read = Read::new(&entries);
        for broken in read.config.clone().builder("trial").broken_settings() {
            if !is_excused(&broken, |name| read.unread.contains(&name)) {
                let problem = ClientProblem::new(broken.field, broken.value, broken.rule);
                read.problems.push(problem);
            }
        }
        if read.problems.is_empty() {
            Ok(read.config)
        } else {
            Err(D::Error::custom(joined(&read.problems)))
        }
    }
}
