//! From a reqwest client, and back.

use super::Client;

/// [`Client::new`].
impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

/// A client with every default around the given one. What it cannot know of it is told at
/// [`Builder::client`](crate::Builder::client).
///
/// # Examples
/// ```no_run
/// let configured = reqwest::Client::builder().user_agent("shop/1.0").build()?;
/// let client = steadfast_http::Client::from(configured);
/// # Ok::<_, reqwest::Error>(())
/// ```
impl From<reqwest::Client> for Client {
    fn from(client: reqwest::Client) -> Self {
        Self::builder()
            .client(client)
            .build()
            .expect("the defaults keep every rule")
    }
}

/// The reqwest client inside, for libraries that want one. What they send through it goes past every
/// pattern: **unprotected**.
impl AsRef<reqwest::Client> for Client {
    fn as_ref(&self) -> &reqwest::Client {
        self.reqwest()
    }
}

/// The reqwest client inside, for libraries that want one. What they send through it goes past every
/// pattern: **unprotected**.
impl From<Client> for reqwest::Client {
    fn from(client: Client) -> Self {
        client.reqwest().clone()
    }
}
