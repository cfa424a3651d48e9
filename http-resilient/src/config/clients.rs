//! All the clients of a program.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer};

use super::HttpClientConfig;
use super::error::{ClientProblem, ClientsError};
use super::form::{Raw, Read, is_excused};
use crate::client::Client;
use crate::config_error::FieldError;

/// The settings of several clients, by name, and what they have in common: what
/// [`Clients::from_config`] makes clients of.
///
/// # In a file
/// A table of [`HttpClientConfig`]s. Under the name `defaults` stands what holds for all that do not say
/// otherwise. Headers are told apart one by one; a `breaker` of a client's own takes the place of
/// everything that the defaults say of breakers.
///
/// Reading it fails only where there is no table. What else is wrong is kept, and told by
/// [`Clients::from_config`] together with what is wrong with the settings together.
#[derive(Debug, Clone, Default)]
pub struct ClientsConfig {
    defaults: Read,
    clients: Vec<(String, Read)>,
    problems: Vec<ClientProblem>,
}

impl ClientsConfig {
    /// No clients, and no defaults of theirs.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What holds for all clients that do not say otherwise, in place of what did before.
    #[must_use]
    pub fn defaults(mut self, config: HttpClientConfig) -> Self {
        self.defaults = given(config);
        self
    }

    /// Adds a client. A name that there is already is told by [`Clients::from_config`].
    #[must_use]
    pub fn client(mut self, name: impl Into<String>, config: HttpClientConfig) -> Self {
        self.add(name.into(), given(config));
        self
    }

    fn add(&mut self, name: String, read: Read) {
        if self.clients.iter().any(|(known, _)| *known == name) {
            let problem = ClientProblem::new(name, "a table", "is given already");
            self.problems.push(problem);
        } else {
            self.clients.push((name, read));
        }
    }
}

fn given(config: HttpClientConfig) -> Read {
    Read {
        config,
        ..Read::default()
    }
}

impl<N: Into<String>> FromIterator<(N, HttpClientConfig)> for ClientsConfig {
    fn from_iter<I: IntoIterator<Item = (N, HttpClientConfig)>>(clients: I) -> Self {
        let clients = clients.into_iter();
        clients.fold(Self::new(), |all, (name, config)| all.client(name, config))
    }
}

const DEFAULTS: &str = "defaults";
const TOO_MANY_HEADERS: &str = "must not be more, with those of the defaults, than there can be";

impl<'de> Deserialize<'de> for ClientsConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let tables = Raw::table(deserializer, "must be a table of http clients")?;
        let mut config = Self::new();
        let mut has_defaults = false;
        for (name, raw) in tables {
            let Raw::Table(entries) = &raw else {
                // A text may be a secret that has lost its table.
                let value = match raw {
                    Raw::Text(_) => "..".to_owned(),
                    raw => raw.to_string(),
                };
                let rule = "must be a table of http client settings";
                config.problems.push(ClientProblem::new(name, value, rule));
                continue;
            };
            let read = Read::new(entries);
            if name != DEFAULTS {
                config.add(name, read);
            } else if has_defaults {
                let problem = ClientProblem::new(name, "a table", "is given already");
                config.problems.push(problem);
            } else {
                config.defaults = read;
                has_defaults = true;
            }
        }
        Ok(config)
    }
}

/// The clients of a program, by name.
///
/// # Examples
/// ```
/// use steadfast_http::{Clients, ClientsConfig};
///
/// let config: ClientsConfig = toml::from_str(
///     "[defaults]
///      total_timeout = '10s'
///
///      [hermes_client]
///      base_url = 'http://hermes.internal:8080/v1/'
///
///      [external_api_client]
///      max_attempts = 5",
/// )?;
/// let clients = Clients::from_config(config)?;
/// let hermes = clients.get("hermes_client").expect("it is in the file");
/// assert_eq!(hermes.name(), "hermes_client");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Clients {
    clients: BTreeMap<Arc<str>, Client>,
}

impl Clients {
    /// Builds all clients. Nothing is connected to yet.
    ///
    /// # Errors
    /// [`ClientsError`] with **everything** that is wrong with any of them: what could not be read, and
    /// what [`Builder::build`](crate::Builder::build) complains of. What the defaults are to blame for is
    /// told once, as theirs.
    ///
    /// # Panics
    /// As [`Builder::build`](crate::Builder::build) does.
    pub fn from_config(config: ClientsConfig) -> Result<Self, ClientsError> {
        let ClientsConfig {
            defaults,
            clients,
            mut problems,
        } = config;
        let mut built = BTreeMap::new();
        let unread = defaults.problems.iter().cloned();
        problems.extend(unread.map(|problem| problem.within(DEFAULTS)));
        if clients.is_empty() {
            let trial = defaults.config.clone().builder("trial");
            report(&mut problems, None, &defaults, &trial.broken_settings());
        }
        for (name, mut read) in clients {
            let unread = std::mem::take(&mut read.problems).into_iter();
            problems.extend(unread.map(|problem| problem.within(&name)));
            let mut config = read.config.clone();
            if config.inherit(&defaults.config).is_err() {
                let problem = ClientProblem::new("default_headers", "..", TOO_MANY_HEADERS);
                problems.push(problem.within(&name));
                continue;
            }
            let name: Arc<str> = name.into();
            match config.builder(Arc::clone(&name)).build() {
                Ok(client) => {
                    built.insert(name, client);
                }
                Err(error) => report(
                    &mut problems,
                    Some((&name, &read)),
                    &defaults,
                    error.fields(),
                ),
            }
        }
        if problems.is_empty() {
            Ok(Self { clients: built })
        } else {
            Err(ClientsError::new(problems))
        }
    }

    /// The client of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Client> {
        self.clients.get(name)
    }

    /// The names of all, in their alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.clients.keys().map(|name| &**name)
    }

    /// All clients, in the alphabetical order of their names. Each one knows its
    /// [`name`](Client::name).
    pub fn iter(&self) -> std::collections::btree_map::Values<'_, Arc<str>, Client> {
        self.clients.values()
    }
}

impl<'c> IntoIterator for &'c Clients {
    type Item = &'c Client;
    type IntoIter = std::collections::btree_map::Values<'c, Arc<str>, Client>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Tells each broken rule at the table that gave the value; without a client, at the defaults.
fn report(
    problems: &mut Vec<ClientProblem>,
    client: Option<(&str, &Read)>,
    defaults: &Read,
    broken: &[FieldError],
) {
    for broken in broken {
        let gives = |name: &str| client.is_some_and(|(_, read)| read.config.gives(name));
        let unread = |name: &str| {
            client.is_some_and(|(_, read)| read.unread.contains(&name))
                || (!gives(name) && defaults.unread.contains(&name))
        };
        if is_excused(broken, unread) {
            continue;
        }
        let inherited = !gives(broken.field) && defaults.config.gives(broken.field);
        let table = match client {
            Some((name, _)) if !inherited => name,
            _ => DEFAULTS,
        };
        let problem = ClientProblem::new(broken.field, &broken.value, broken.rule).within(table);
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
}
