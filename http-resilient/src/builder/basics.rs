//! What a client is called, and where its URLs begin.

use std::sync::Arc;

use super::Builder;
use crate::url::{BaseUrl, IntoUrl};

impl Builder {
    /// The client's name; not empty. Default `http`. It appears in errors, events, snapshots and
    /// metrics, and in front of the authority in the names of its breakers and bulkheads.
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = name.into();
        self
    }

    /// The URL that relative ones begin at: one of http or https, without query and fragment. Default:
    /// none, and relative URLs are not valid.
    ///
    /// Requests' URLs are joined to it as a browser joins a link to its page ([`Url::join`]). So the
    /// base should **end in a slash**: what follows its last one is replaced. A URL that begins with a
    /// slash replaces the whole path, one that begins with two the host as well, and an absolute one
    /// stands as it is.
    ///
    /// [`Url::join`]: reqwest::Url::join
    ///
    /// # Examples
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = steadfast_http::Client::builder()
    ///     .base_url("https://api.example/v1/")
    ///     .build()?;
    /// let at = |url: &str| client.get(url).build().map(|request| request.url().to_string());
    /// assert_eq!(at("users/7?full")?, "https://api.example/v1/users/7?full");
    /// assert_eq!(at("/v2/users")?, "https://api.example/v2/users");
    /// assert_eq!(at("https://cdn.example/logo")?, "https://cdn.example/logo");
    /// # Ok(())
    /// # }
    /// ```
    pub fn base_url<U: IntoUrl>(mut self, url: U) -> Self {
        self.settings.base_url = Some(BaseUrl::new(&url));
        self
    }
}
