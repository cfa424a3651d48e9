//! From sources to a configuration.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error as _};

use super::error::{ConfigErrors, Problem};
use super::origin::Origin;
use super::sources::Sources;
use super::tree::Table;
use super::{Config, file, read, variables};

/// Reads a configuration from files and the environment. What a later file says holds against an earlier
/// one, and what the environment says against all files.
///
/// It can be kept, and asked again when a file has changed.
///
/// # Examples
/// ```
/// use steadfast::config::Loader;
///
/// let loader = Loader::new()
///     .text("steadfast.toml", "[retry]\nmax_attempts = 0")
///     .variables([("STEADFAST_RETRY__MAX_BACKOFF", "5")]);
/// assert_eq!(
///     loader.load().unwrap_err().to_string(),
///     "steadfast.toml:2:1: retry.max_attempts = 0 (must be at least 1)\n\
///      STEADFAST_RETRY__MAX_BACKOFF: retry.max_backoff = 5 (must be at least base_backoff)",
/// );
/// ```
#[derive(Clone, Default)]
#[must_use = "a loader does nothing until `load` is called"]
pub struct Loader {
    files: Vec<Given>,
    environment: bool,
    variables: Vec<(OsString, OsString)>,
}

#[derive(Clone)]
enum Given {
    File(PathBuf),
    /// May be missing.
    Optional(PathBuf),
    Text(PathBuf, String),
    /// The variable for it names none, by this rule.
    Not(&'static str),
}

impl Loader {
    /// No source: all defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The sources of this process, which [`Config::load`] reads: the file that the variable
    /// `STEADFAST_CONFIG` names, or else `steadfast.toml` if there is one in the current directory, and the
    /// environment.
    pub fn of_process() -> Self {
        let mut loader = Self::new().env();
        let is_it = |name: &OsString| name.to_str().is_some_and(variables::is_file);
        let mut named: Vec<_> = std::env::vars_os()
            .filter(|(name, _)| is_it(name))
            .collect();
        named.sort();
        let mut named = named.into_iter().map(|(_, path)| path);
        match (named.next(), named.next()) {
            (None, _) => return loader.optional_file("steadfast.toml"),
            (Some(path), None) if !path.is_empty() => return loader.file(path),
            (Some(_), None) => loader.files.push(Given::Not("must name a file")),
            (Some(_), Some(_)) => loader.files.push(Given::Not(TWICE)),
        }
        loader
    }

    /// Adds a file, which must be there.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.files.push(Given::File(path.into()));
        self
    }

    /// Adds a file, if it is there.
    pub fn optional_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.files.push(Given::Optional(path.into()));
        self
    }

    /// Adds what a file would say, under the name that problems are to be told with.
    pub fn text(mut self, name: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        self.files.push(Given::Text(name.into(), text.into()));
        self
    }

    /// Adds the environment of the process: `STEADFAST_RETRY__MAX_ATTEMPTS=3` is `max_attempts` of `[retry]`.
    /// Names have no case; one of `[bulkheads]` and so on is that of the file if there is one, where `_` stands
    /// for `-` and the like too, and else in lower case. In the name of a header `_` is `-`.
    pub fn env(mut self) -> Self {
        self.environment = true;
        self
    }

    /// Adds variables, as if the environment had them.
    pub fn variables<N: Into<OsString>, V: Into<OsString>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let variables = variables.into_iter();
        self.variables
            .extend(variables.map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// The files that are read.
    #[cfg(feature = "supervisor")]
    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        let paths = self.files.iter().filter_map(|given| match given {
            Given::File(path) | Given::Optional(path) => Some(path.clone()),
            Given::Text(..) | Given::Not(_) => None,
        });
        paths.collect()
    }

    /// Reads all sources.
    ///
    /// # Errors
    /// [`ConfigErrors`] with **everything** that is wrong with any of them. A file that is no TOML is told
    /// with every mistake in its form, and nothing else of it.
    pub fn load(&self) -> Result<Loaded, ConfigErrors> {
        let mut sources = Sources::new();
        for given in &self.files {
            let (path, text) = match given {
                Given::Not(rule) => {
                    let name = variables::FILE.into();
                    let problem = Problem::of_source(Origin::Variable { name }, *rule);
                    sources.problems.push(problem);
                    continue;
                }
                Given::Optional(path) if !exists(path) => continue,
                Given::File(path) | Given::Optional(path) => (path, file::read(path)),
                Given::Text(path, text) => (path, file::text(text.clone().into_bytes())),
            };
            match text {
                Ok(text) => file::add(&mut sources, path, &text),
                Err(rule) => {
                    let file: Arc<Path> = path.as_path().into();
                    sources.files.push(Arc::clone(&file));
                    let origin = Origin::WholeFile { file };
                    sources.problems.push(Problem::of_source(origin, rule));
                }
            }
        }
        let mut all = self.variables.clone();
        if self.environment {
            all.extend(std::env::vars_os());
        }
        variables::add(&mut sources, &all);
        Loaded::of(sources)
    }
}

/// Texts and values of variables may be secret.
impl fmt::Debug for Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files = self.files.iter().filter_map(|given| match given {
            Given::File(path) | Given::Optional(path) | Given::Text(path, _) => Some(path),
            Given::Not(_) => None,
        });
        f.debug_struct("Loader")
            .field("files", &files.collect::<Vec<_>>())
            .field("environment", &self.environment)
            .field("variables", &self.variables.len())
            .finish()
    }
}

/// A link that leads nowhere is there, and an error; so is what cannot be looked at.
fn exists(path: &Path) -> bool {
    let found = std::fs::symlink_metadata(path);
    !found.is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

const TWICE: &str = "is given twice, in different case";

/// A configuration, and where each value has come from; [`describe`](super::describe()) tells it.
#[derive(Clone)]
pub struct Loaded {
    pub(super) config: Config,
    pub(super) tree: Table,
    files: Vec<Arc<Path>>,
    pub(super) ignored: Vec<String>,
}

impl Loaded {
    fn of(mut sources: Sources) -> Result<Self, ConfigErrors> {
        // No source that fails is among those that are merged.
        let mut tree = Table::of(&mut sources).unwrap_or_default();
        let config = read::read(&mut tree, &mut sources.problems);
        if !sources.problems.is_empty() {
            return Err(ConfigErrors::new(sources.problems, &sources.files));
        }
        Ok(Self {
            config,
            tree,
            files: sources.files,
            ignored: sources.ignored,
        })
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The configuration alone.
    #[must_use]
    pub fn into_config(self) -> Config {
        self.config
    }

    /// The files that were read, in their order.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(AsRef::as_ref)
    }

    /// Where the value of a key has come from, by its path: `bulkheads.llm_requests.max_waiting`.
    #[must_use]
    pub fn origin(&self, path: &str) -> Origin {
        self.tree.origin_of(path).unwrap_or(Origin::Default)
    }
}

/// What the sources said may be secret; the configuration knows what of it is.
impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded")
            .field("config", &self.config)
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// The configuration of this process, from the sources of [`Loader::of_process`].
    ///
    /// # Errors
    /// As [`Loader::load`].
    pub fn load() -> Result<Loaded, ConfigErrors> {
        Loader::of_process().load()
    }
}

/// By itself, as a table of a larger configuration: with the same rules, and without places.
impl<'de> Deserialize<'de> for Config {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let table = toml::Table::deserialize(deserializer)?;
        let text = toml::to_string(&table).map_err(D::Error::custom)?;
        let loaded = Loader::new().text("", text).load().map_err(|errors| {
            let problems = errors.problems().iter();
            let told: Vec<_> = problems.map(|problem| problem.what().to_string()).collect();
            D::Error::custom(told.join("; "))
        })?;
        Ok(loaded.into_config())
    }
}
