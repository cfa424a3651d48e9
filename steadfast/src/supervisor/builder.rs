//! What a supervisor is started with.

use std::fmt;
use std::io;
use std::path::PathBuf;
#[cfg(feature = "http")]
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::file::{LoadError, Origin};
use super::tasks::Restarts;
use crate::config::{Config, Loader};
#[cfg(feature = "http")]
use crate::http;

/// What a [`Supervisor`](super::Supervisor) is started with; made by
/// [`Supervisor::builder`](super::Supervisor::builder).
#[must_use = "nothing is started before `start` is called"]
pub struct Builder {
    pub(super) config: Option<Config>,
    pub(super) origin: Option<Origin>,
    pub(super) watch: Option<Duration>,
    pub(super) restarts: Restarts,
    #[cfg(feature = "http")]
    pub(super) http: HttpHook,
    #[cfg(feature = "amqp")]
    pub(super) amqp: Option<AmqpHook>,
}

/// What is done to the builder of an HTTP client of this name.
#[cfg(feature = "http")]
#[derive(Clone, Default)]
pub(super) struct HttpHook(Option<Arc<ChangeClient>>);

#[cfg(feature = "http")]
type ChangeClient = dyn Fn(&str, http::Builder) -> http::Builder + Send + Sync;

#[cfg(feature = "http")]
impl HttpHook {
    pub(super) fn apply(&self, name: &str, builder: http::Builder) -> http::Builder {
        match &self.0 {
            Some(change) => change(name, builder),
            None => builder,
        }
    }
}

#[cfg(feature = "http")]
impl fmt::Debug for HttpHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HttpHook").field(&self.0.is_some()).finish()
    }
}

/// What is done to the builder of the AMQP connection.
#[cfg(feature = "amqp")]
pub(super) type AmqpHook = Box<dyn FnOnce(crate::amqp::Builder) -> crate::amqp::Builder + Send>;

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            config: None,
            origin: None,
            watch: Some(WATCH),
            restarts: Restarts::default(),
            #[cfg(feature = "http")]
            http: HttpHook::default(),
            #[cfg(feature = "amqp")]
            amqp: None,
        }
    }

    /// Starts with these settings, whatever is in a file. Default: what is loaded, or else the defaults.
    pub fn config(mut self, config: Config) -> Self {
        self.config = Some(config);
        self
    }

    /// Loads the settings from this file and the environment; they are loaded again when the file changes.
    pub fn file(self, path: impl Into<PathBuf>) -> Self {
        self.loader(Loader::new().file(path).env())
    }

    /// Loads the settings with this loader; they are loaded again when one of its files changes. A file that
    /// was there must be there from then on: without it nothing changes, also if it is an
    /// [optional](Loader::optional_file) one.
    pub fn loader(self, loader: Loader) -> Self {
        let files = loader.paths();
        self.load_with(files, remembering(loader))
    }

    /// Where settings are loaded from, at first and again; and the files whose change makes it do so. `load`
    /// runs on a thread that may block, one at a time.
    pub fn load_with<E, P>(
        mut self,
        files: impl IntoIterator<Item = P>,
        load: impl Fn() -> Result<Config, E> + Send + Sync + 'static,
    ) -> Self
    where
        E: Into<LoadError>,
        P: Into<PathBuf>,
    {
        let files = files.into_iter().map(Into::into);
        self.origin = Some(Origin::new(files, move || load().map_err(Into::into)));
        self
    }

    /// How often the files are looked at; `None`: not at all. Longer than zero. Default: once a second. What is
    /// found is loaded when it is found twice in a row.
    pub fn watch(mut self, every: Option<Duration>) -> Self {
        self.watch = every.map(|every| every.max(Duration::from_millis(1)));
        self
    }

    /// How tasks that fall over are restarted.
    pub fn restarts(mut self, restarts: Restarts) -> Self {
        self.restarts = restarts;
        self
    }

    /// What no file can say of an HTTP client: TLS, a proxy, a classifier, a fallback. `change` is given the name
    /// of the client and the builder with the settings of the file; it is called for each client, and again
    /// when a reload changes one, to check the settings. Of what a reload changes, it has no say.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use steadfast::config::Loader;
    /// use steadfast::http::reqwest;
    /// use steadfast::supervisor::Supervisor;
    ///
    /// let loader = Loader::new().text("example.toml", "[http_clients.stock]\ntotal_timeout = '2s'");
    /// let supervisor = Supervisor::builder()
    ///     .loader(loader)
    ///     .http(|_name, builder| builder.reqwest(reqwest::Client::builder().no_proxy()))
    ///     .start()
    ///     .await?;
    /// assert_eq!(supervisor.http_client("stock")?.name(), "stock");
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "http")]
    #[cfg_attr(docsrs, doc(cfg(feature = "http")))]
    pub fn http(
        mut self,
        change: impl Fn(&str, http::Builder) -> http::Builder + Send + Sync + 'static,
    ) -> Self {
        self.http = HttpHook(Some(Arc::new(change)));
        self
    }

    /// What no file can say of the AMQP connection: its topology, TLS, a provider of credentials. `change` is
    /// given the builder with the settings of the file, if there is a section `[amqp]`.
    #[cfg(feature = "amqp")]
    #[cfg_attr(docsrs, doc(cfg(feature = "amqp")))]
    pub fn amqp(
        mut self,
        change: impl FnOnce(crate::amqp::Builder) -> crate::amqp::Builder + Send + 'static,
    ) -> Self {
        self.amqp = Some(Box::new(change));
        self
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("config", &self.config)
            .field("origin", &self.origin)
            .field("watch", &self.watch)
            .field("restarts", &self.restarts)
            .finish_non_exhaustive()
    }
}

/// Loads, and refuses to do without a file that was there when that went well the last time.
fn remembering(loader: Loader) -> impl Fn() -> Result<Config, LoadError> {
    let files = loader.paths();
    let seen = Mutex::new(Vec::new());
    move || {
        let there = |path: &PathBuf| path.exists();
        let before: Vec<_> = files.iter().filter(|path| there(path)).cloned().collect();
        let loaded = loader.load()?;
        let mut seen = seen.lock();
        let gone = seen
            .iter()
            .find(|path| !before.contains(path) || !there(path));
        if let Some(gone) = gone {
            let what = format!(
                "{}: the file was there, and is there no more",
                gone.display()
            );
            return Err(io::Error::new(io::ErrorKind::NotFound, what).into());
        }
        *seen = before;
        Ok(loaded.into_config())
    }
}

const WATCH: Duration = Duration::from_secs(1);
