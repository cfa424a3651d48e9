//! What is sent again, replaced, or sent once for many.

use std::future::Future;

use reqwest::Body;
use steadfast_retry::HedgeConfig;

use super::Builder;
use crate::fallback::{Failed, Fallback};

impl Builder {
    /// Sends a request again, once it has taken longer than usual, and returns whichever response comes
    /// first: against the tail of latencies. Default: no hedges. When they are sent, and how many,
    /// [`HedgeConfig`] says; by default one, at the 95th percentile of what requests took before.
    ///
    /// Only requests that may reach the server twice, and whose body can be sent twice, are hedged. A
    /// hedge is one attempt; only the request itself is retried. Hedges and retries share the budget of
    /// the client. The one that loses is dropped at once, and counts neither as a success nor as a failure
    /// of the server. [`ResponseExt::served_by`](crate::ResponseExt::served_by) tells who won.
    ///
    /// A hedge asks breaker and bulkhead as every attempt does. None is sent before the moment that the
    /// server has named in `Retry-After`, nor for an [adopted](crate::RequestBuilder::adopt) request that is
    /// not to be retried on top. The retry of a request that loses to its hedge counts as abandoned in
    /// [`Snapshot::retry`](crate::Snapshot::retry). The fields that break a rule are called
    /// `hedge_percentile`, `hedge_warm_up` and `hedge_max_hedges`.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use steadfast_http::Client;
    /// use steadfast_retry::{HedgeConfig, HedgeTrigger};
    ///
    /// let mut hedge = HedgeConfig::default();
    /// hedge.trigger = HedgeTrigger::Delay(Duration::from_millis(50));
    /// let client = Client::named("search").hedge(hedge).build()?;
    /// # Ok::<_, steadfast_http::ConfigError>(())
    /// ```
    pub fn hedge(mut self, config: HedgeConfig) -> Self {
        self.settings.hedge = Some(config);
        self
    }

    /// What to return in place of a failure: of an error, or of a response with a status that is retried
    /// (408, 425, 429, 500, 502, 503, 504), once all retries and hedges are over. Default: nothing. An
    /// invalid request is not covered.
    ///
    /// The closure sees the [`Failed`] request, and gives a future of a response, or of `None` to decline:
    /// then the failure stands. So it does when the deadline comes before the future is ready; one that is
    /// ready at once always counts. A panic of either passes through to the caller. The future cannot
    /// borrow from what the closure sees, so what it needs has to be taken out first.
    ///
    /// [`ResponseExt::served_by`](crate::ResponseExt::served_by) tells such a response from the server's.
    ///
    /// # Examples
    /// ```
    /// use steadfast_http::Client;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use steadfast_http::{ResponseExt, ServedBy};
    ///
    /// let client = Client::named("prices")
    ///     .fallback(|failed| {
    ///         let known = failed.url().path() == "/chair";
    ///         async move { known.then(|| http::Response::new("yesterday's price")) }
    ///     })
    ///     .build()?;
    /// let nobody = "http://127.0.0.1:1/chair"; // nobody listens there
    /// let response = client.get(nobody).send().await?;
    /// assert_eq!(response.served_by(), ServedBy::Fallback);
    /// assert_eq!(response.text().await?, "yesterday's price");
    /// # Ok(())
    /// # }
    /// ```
    pub fn fallback<F, Fut, B>(mut self, fallback: F) -> Self
    where
        F: Fn(&Failed<'_>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Option<http::Response<B>>> + Send + 'static,
        B: Into<Body>,
    {
        self.fallback = Some(Fallback::new(fallback));
        self
    }

    /// Sends requests that are the same and in flight at the same time as one: `GET`s of the same URL with
    /// the same headers and without a body. Default: no. [`RequestBuilder::coalesce`] says it of one
    /// request.
    ///
    /// All get the same response, or the same error, as [`Error::Coalesced`](crate::Error::Coalesced) if
    /// there are several. It is one request for breaker, bulkhead, budget, hedge, fallback and observers,
    /// with the [total timeout](Self::total_timeout) of the client; each caller waits for it until its own
    /// deadline at most, and sends its own if it has more time than that. It goes on for as long as anybody
    /// waits for it, whoever began it, and its future is polled by them: there is no task beside them. If the
    /// fallback panics, one of them panics, and the others send their own.
    ///
    /// The response is read to its end before anybody gets it. One of more than 1 MiB goes to one of the
    /// callers, and the others send their own. So does a request that wants anything but its deadline
    /// otherwise than the client.
    ///
    /// **Not for responses that depend on anything but URL and headers**, such as the cookies of a cookie
    /// store.
    ///
    /// [`RequestBuilder::coalesce`]: crate::RequestBuilder::coalesce
    pub fn coalesce(mut self, coalesce: bool) -> Self {
        self.settings.coalesce = coalesce;
        self
    }
}
