//! What of one request is sent again, replaced, or sent once for many.

use std::future::Future;

use reqwest::Body;
use steadfast_retry::Hedge;

use super::RequestBuilder;
use crate::fallback::{Failed, Fallback};
use crate::retries::Retries;

impl RequestBuilder {
    /// How this request is retried, where that is not as the client does it.
    ///
    /// # Examples
    /// ```no_run
    /// use steadfast_http::Retries;
    ///
    /// # async fn example(client: steadfast_http::Client) -> Result<(), steadfast_http::Error> {
    /// client.get("http://inventory.internal/stock").retry(Retries::none()).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn retry(mut self, retries: Retries) -> Self {
        let options = self.options();
        options.max_attempts = retries.max_attempts;
        options.base_backoff = retries.base_backoff;
        options.max_backoff = retries.max_backoff;
        options.max_retry_after = retries.max_retry_after;
        self
    }

    /// Hedges this request by a hedge of its own, made by [`Client::hedge`](crate::Client::hedge) and kept, in place of the
    /// client's. What [`Builder::hedge`](crate::Builder::hedge) says of hedges is true of it: one that may
    /// not reach the server twice is not hedged by this either.
    pub fn hedge(mut self, hedge: &Hedge) -> Self {
        self.options().hedge = Some(Some(hedge.clone()));
        self
    }

    /// Does not hedge this request, whatever the client does.
    pub fn no_hedge(mut self) -> Self {
        self.options().hedge = Some(None);
        self
    }

    /// What to return in place of a failure of this request, as
    /// [`Builder::fallback`](crate::Builder::fallback) does, and in place of that.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn example(client: steadfast_http::Client) -> Result<(), steadfast_http::Error> {
    /// let stock = client
    ///     .get("http://inventory.internal/stock")
    ///     .fallback(|_| async { Some(http::Response::new("[]")) })
    ///     .send()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn fallback<F, Fut, B>(mut self, fallback: F) -> Self
    where
        F: Fn(&Failed<'_>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Option<http::Response<B>>> + Send + 'static,
        B: Into<Body>,
    {
        self.options().fallback = Some(Fallback::new(fallback));
        self
    }

    /// Whether this request may be sent as one with others that are the same. Default: as the client's
    /// [`coalesce`](crate::Builder::coalesce), which tells what that means.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn example(client: steadfast_http::Client) -> Result<(), steadfast_http::Error> {
    /// let rates = client.get("http://rates.internal/today").coalesce(true).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn coalesce(mut self, coalesce: bool) -> Self {
        self.options().coalesce = Some(coalesce);
        self
    }
}
