//! Functions to move a service to Steadfast with, one call at a time: each puts one call through the named
//! components of the [`Supervisor`], without handing it through the whole program.
//!
//! They use the supervisor that was made that of the process by
//! [`install_global`](Supervisor::install_global); there are methods of the same names.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use steadfast::config::Config;
//! use steadfast::migrate::{Kind, with_llm_request};
//! use steadfast::supervisor::Supervisor;
//!
//! let ask = |_attempt| async { Ok::<_, std::io::Error>("42") };
//! let error = with_llm_request(ask).await.unwrap_err();
//! assert_eq!(error.kind(), Kind::Misconfigured); // nobody has installed a supervisor
//!
//! let supervisor = Supervisor::start(Config::default()).await?;
//! supervisor.install_global();
//! assert_eq!(with_llm_request(ask).await?, "42");
//! # Ok(())
//! # }
//! ```

mod error;

use std::future::Future;

pub use error::{Error, Kind};

use crate::policy::Attempt;
use crate::supervisor::Supervisor;

#[cfg(feature = "amqp")]
use crate::amqp::{PooledChannel, Purpose};
#[cfg(feature = "http")]
use crate::http::{
    IntoUrl,
    reqwest::{Method, Response},
};

/// [`Supervisor::resilient_http_request`] of the supervisor of the process.
///
/// # Errors
/// [`Error`]: also [`Error::NoSupervisor`] if there is none.
///
/// # Cancel safety
/// Dropping the future drops the request and gives back its places.
#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub async fn resilient_http_request(
    client: &str,
    method: Method,
    url: impl IntoUrl,
) -> Result<Response, Error> {
    let supervisor = Supervisor::global().ok_or(Error::NoSupervisor)?;
    supervisor.resilient_http_request(client, method, url).await
}

/// [`Supervisor::with_amqp_channel`] of the supervisor of the process.
///
/// # Errors
/// [`Error`]: also [`Error::NoSupervisor`] if there is none.
///
/// # Cancel safety
/// Dropping the future drops that of `f` and gives back channel and place.
#[cfg(feature = "amqp")]
#[cfg_attr(docsrs, doc(cfg(feature = "amqp")))]
pub async fn with_amqp_channel<T, E, F, Fut>(
    purpose: impl Into<Purpose>,
    f: F,
) -> Result<T, Error<E>>
where
    F: FnOnce(PooledChannel) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let supervisor = Supervisor::global().ok_or(Error::NoSupervisor)?;
    supervisor.with_amqp_channel(purpose, f).await
}

/// [`Supervisor::with_llm_request`] of the supervisor of the process.
///
/// # Errors
/// [`Error`]: also [`Error::NoSupervisor`] if there is none.
///
/// # Cancel safety
/// Dropping the future drops that of `f` and gives back its place.
pub async fn with_llm_request<T, E, F, Fut>(f: F) -> Result<T, Error<E>>
where
    F: Fn(Attempt) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let supervisor = Supervisor::global().ok_or(Error::NoSupervisor)?;
    supervisor.with_llm_request(f).await
}

impl Supervisor {
    /// Sends a request without a body through the HTTP client of this name, with its breakers, bulkheads,
    /// retries and timeouts, and with a place in the bulkhead `http_connections` until the head of the response
    /// is there. A relative URL begins at the client's `base_url`.
    ///
    /// # Errors
    /// [`Error`], whose [kind](Error::kind) says what to do about it. A response is no error, whatever its
    /// status is.
    ///
    /// # Cancel safety
    /// Dropping the future drops the request and gives back its places.
    #[cfg(feature = "http")]
    #[cfg_attr(docsrs, doc(cfg(feature = "http")))]
    pub async fn resilient_http_request(
        &self,
        client: &str,
        method: Method,
        url: impl IntoUrl,
    ) -> Result<Response, Error> {
        let client = self.http_client(client)?;
        let places = self.bulkhead(crate::supervisor::HTTP)?;
        let _place = places.acquire().await.map_err(Error::BulkheadRejected)?;
        let sent = client.request(method, url).send().await;
        sent.map_err(|error| Error::Http(Box::new(error)))
    }

    /// Runs `f` with a channel of the AMQP connection: a place in the bulkhead `amqp_channels`, which all
    /// purposes share, then a channel of the pool of this purpose. Both are given back when the future of `f`
    /// is over. `f` runs once.
    ///
    /// # Errors
    /// [`Error`], whose [kind](Error::kind) says what to do about it; [`Error::Operation`] is what `f` failed
    /// with.
    ///
    /// # Cancel safety
    /// Dropping the future drops that of `f` and gives back channel and place.
    #[cfg(feature = "amqp")]
    #[cfg_attr(docsrs, doc(cfg(feature = "amqp")))]
    pub async fn with_amqp_channel<T, E, F, Fut>(
        &self,
        purpose: impl Into<Purpose>,
        f: F,
    ) -> Result<T, Error<E>>
    where
        F: FnOnce(PooledChannel) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let connection = self.amqp().ok_or(Error::NoAmqp)?;
        let places = self.bulkhead(crate::supervisor::AMQP)?;
        let _place = places.acquire().await.map_err(Error::BulkheadRejected)?;
        let channel = connection.get_channel(purpose).await;
        let channel = channel.map_err(|error| Error::Amqp(Box::new(error)))?;
        f(channel).await.map_err(Error::Operation)
    }

    /// Makes a request to a language model: attempts by the retry `llm_requests`, each through the breaker and
    /// with a place in the bulkhead of that name. An attempt may take 2 minutes, and all of it 5, or what
    /// the section `[llm_requests]` says. `f` runs once for each attempt; every `Err` counts as a
    /// failure of the other side. Say otherwise with [`policy("llm_requests")`](Self::policy) and its
    /// [`classify`](crate::policy::Policy::classify).
    ///
    /// # Errors
    /// [`Error`], whose [kind](Error::kind) says what to do about it; [`Error::operation`] is what the last
    /// attempt failed with.
    ///
    /// # Cancel safety
    /// Dropping the future drops that of `f` and gives back its place.
    pub async fn with_llm_request<T, E, F, Fut>(&self, f: F) -> Result<T, Error<E>>
    where
        F: Fn(Attempt) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let policy = self.policy(crate::supervisor::LLM)?;
        policy.call(f).await.map_err(Error::Policy)
    }
}
