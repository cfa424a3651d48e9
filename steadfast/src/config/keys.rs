//! The one table of keys: what the loader knows, what the schema says, and what is described.

/// One row for each key: `name: kind, "about", alias "..", default "..", feature "..";`.
macro_rules! keys {
    ($($name:ident: $kind:expr, $about:literal
        $(, alias $alias:literal)? $(, default $default:literal)? $(, feature $feature:literal)?;)*) => {
        &[$(crate::config::keys::Key {
            name: stringify!($name),
            alias: keys!(@ $($alias)?),
            kind: $kind,
            about: $about,
            built_in: keys!(@ $($default)?),
            feature: keys!(@feature $($feature)?),
        },)*]
    };
    (@) => { None };
    (@ $given:literal) => { Some($given) };
    (@feature) => { None };
    (@feature $feature:literal) => {
        Some(crate::config::keys::Feature {
            name: $feature,
            is_on: cfg!(feature = $feature),
        })
    };
}

mod adapters;
mod own;
mod patterns;
#[cfg(all(
    test,
    feature = "amqp",
    feature = "health",
    feature = "http",
    feature = "rate-limit"
))]
mod tests;

/// A table of settings.
#[derive(Debug)]
pub(super) struct Shape {
    /// For the schema.
    pub(super) name: &'static str,
    pub(super) keys: &'static [Key],
    /// Asks the crate that reads the table what an unknown key was meant to be.
    pub(super) ask: Option<fn(&str) -> Option<String>>,
}

/// One key of a table.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    /// Another name of it.
    pub(super) alias: Option<&'static str>,
    pub(super) kind: Kind,
    /// What it says, for the schema.
    pub(super) about: &'static str,
    /// The default of a crate that does not tell it as data.
    pub(super) built_in: Option<&'static str>,
    pub(super) feature: Option<Feature>,
}

/// The cargo feature of this crate that a key needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Feature {
    pub(super) name: &'static str,
    pub(super) is_on: bool,
}

/// What a value is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Flag,
    /// From the first to the last.
    Whole(u64, u64),
    /// From the first to the last.
    Number(f64, f64),
    /// Milliseconds or a text.
    Time,
    /// The same, and longer than zero.
    PositiveTime,
    /// Calls, or a time as a text.
    Window,
    Jitter,
    Word(&'static [&'static str]),
    Text,
    /// A path of a URL.
    Path,
    /// An address and a port.
    Address,
    Secret,
    /// An address that may have a password in it.
    Url,
    Texts,
    /// Addresses that may have passwords in them.
    Urls,
    /// Texts and lists of texts by the names of headers; they may be secret.
    Headers,
    Table(&'static Shape),
    /// `true`, `false` or a table.
    Switch(&'static Shape),
    /// Tables by name.
    Named(&'static Shape),
}

impl Key {
    /// The feature that is missing.
    pub(super) fn missing(&self) -> Option<&'static str> {
        let feature = self.feature.filter(|feature| !feature.is_on)?;
        Some(feature.name)
    }
}

impl Shape {
    pub(super) fn find(&self, name: &str) -> Option<&'static Key> {
        let is_it = |key: &&Key| key.name == name || key.alias == Some(name);
        self.keys.iter().find(is_it)
    }

    /// The rule that an unknown key breaks.
    pub(super) fn unknown(&self, name: &str) -> String {
        if let Some(rule) = self.ask.and_then(|ask| ask(name)) {
            return rule;
        }
        match nearest(name, self.keys.iter().map(|key| key.name)) {
            Some(known) => format!("unknown key, did you mean {known}?"),
            None => "unknown key".to_owned(),
        }
    }
}

impl Kind {
    /// Whether values are tables whose keys are known.
    pub(super) const fn shape(self) -> Option<&'static Shape> {
        match self {
            Self::Table(shape) | Self::Switch(shape) => Some(shape),
            _ => None,
        }
    }

    /// Whether the value must not be told.
    pub(super) const fn is_secret(self) -> bool {
        matches!(self, Self::Secret | Self::Url | Self::Urls | Self::Headers)
    }
}

/// The only known name that has the words of this one in it, or the one that takes the fewest edits, if those are at most
/// half of it; a third, if there are several that have it.
fn nearest(name: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    // Nothing is near a key of more than twice the length of any known one: not worth the comparing.
    if name.len() > 64 {
        return None;
    }
    let name = name.to_lowercase();
    let known: Vec<_> = known.collect();
    let words = format!("_{name}_");
    let has_it = |known: &&&str| name.len() >= 4 && format!("_{known}_").contains(&words);
    let share = match known.iter().filter(has_it).collect::<Vec<_>>().as_slice() {
        [only] => return Some(only),
        [] => 2,
        _ => 3,
    };
    known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(&name, known), known))
        .filter(|(edits, known)| edits * share <= known.len())
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, known)| known)
}

/// Asks a crate's own reading of a table what a key was meant to be.
fn ask<T: serde::de::DeserializeOwned>(name: &str) -> Option<String> {
    let table = toml::Table::from_iter([(name.to_owned(), toml::Value::Boolean(true))]);
    let error = toml::Value::Table(table).try_into::<T>().err()?;
    let (_, rule) = error.message().rsplit_once(" (unknown key")?;
    Some(format!("unknown key{}", rule.strip_suffix(')')?))
}

/// The top of a file.
pub(super) const TOP: &Shape = &Shape {
    name: "configuration",
    keys: keys! {
        circuit_breakers_enabled: Kind::Flag, "Kill switch: whether circuit breakers do anything.";
        bulkheads_enabled: Kind::Flag, "Kill switch: whether bulkheads limit anything.";
        retry_enabled: Kind::Flag, "Kill switch: whether anything is attempted more than once.";
        service: Kind::Table(own::SERVICE), "Who this is.";
        circuit_breaker: Kind::Table(patterns::BREAKER), "What holds for all circuit breakers that do not say otherwise.";
        circuit_breakers: Kind::Named(patterns::BREAKER), "Circuit breakers by name. What one does not say it inherits from [circuit_breaker].";
        retry: Kind::Table(patterns::RETRY), "What holds for all retries that do not say otherwise.";
        retries: Kind::Named(patterns::RETRY), "Retries by name. What one does not say it inherits from [retry].";
        bulkheads: Kind::Named(patterns::BULKHEAD), "Bulkheads by name. amqp_channels, http_connections and llm_requests are always there.";
        llm_requests: Kind::Table(own::LLM_REQUESTS), "How long requests to language models may take.";
        http_clients: Kind::Named(adapters::HTTP_CLIENT), "HTTP clients by name. What one does not say it inherits from [http_clients.defaults].",
            feature "http";
        amqp: Kind::Table(adapters::AMQP), "The connection to the AMQP broker; there is none without this table.",
            feature "amqp";
        health: Kind::Table(own::HEALTH), "The health monitor and its checks.",
            feature "health";
        telemetry: Kind::Table(own::TELEMETRY), "What is told, to whom, and what is kept.",
            feature "telemetry";
        dashboard: Kind::Table(own::DASHBOARD), "The page for operators.",
            feature "dashboard";
        shutdown: Kind::Table(own::SHUTDOWN), "How an end is waited for.";
    },
    ask: None,
};
