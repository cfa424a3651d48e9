//! The names that reqwest has at its root, so that changing an import is enough.

#[cfg(feature = "multipart")]
#[cfg_attr(docsrs, doc(cfg(feature = "multipart")))]
pub use reqwest::multipart;
pub use reqwest::{
    Body, Method, NoProxy, Proxy, Request, Response, ResponseBuilderExt, StatusCode, Upgraded, Url,
    Version, dns, header, redirect,
};
#[cfg(any(
    feature = "rustls",
    feature = "rustls-no-provider",
    feature = "native-tls"
))]
pub use reqwest::{Certificate, Identity, tls};

use crate::builder::Builder;
use crate::client::Client;
use crate::error::Error;
use crate::url::IntoUrl;

/// [`Builder`], under reqwest's name.
pub type ClientBuilder = Builder;

/// A result with our [`Error`], as [`reqwest::Result`] is one with reqwest's.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Sends one `GET` request with a client of its own, as [`reqwest::get`] does: it is retried within a total
/// timeout. For more than one request make a [`Client`]: this one forgets which servers are down, and
/// connects anew each time.
///
/// # Errors
/// [`Error`] says why there is no response.
///
/// # Panics
/// As [`Client::new`] does.
///
/// # Cancel safety
/// That of [`RequestBuilder::send`](crate::RequestBuilder::send).
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> steadfast_http::Result<()> {
/// # let upstream = steadfast_testkit::HttpUpstream::start().await;
/// # let url = upstream.url("/motd");
/// let text = steadfast_http::get(url).await?.text().await?;
/// assert_eq!(text, "ok");
/// # Ok(())
/// # }
/// ```
pub async fn get<U: IntoUrl>(url: U) -> Result<Response> {
    Client::new().get(url).send().await
}
