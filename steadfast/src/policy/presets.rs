//! Three policies that are ready-made, for what services call most.

use std::sync::Arc;
use std::time::Duration;

use super::Policy;
use super::builder::Builder;

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

impl Policy {
    /// For what answers in milliseconds and is asked often: another service, a database, a cache.
    ///
    /// | part | setting | value | why |
    /// |---|---|---|---|
    /// | total timeout | | 30 s | As Steadfast's HTTP client: nobody in front waits longer. |
    /// | retry | `max_attempts`, `base_backoff`, `max_backoff` | 3, 100 ms, 5 s | A blip is over by then; more is load. |
    /// | retry | `budget` | a fifth of the calls | When all fail, retries must not be most of the load. |
    /// | breaker | | its defaults: 5 failures in a row, 30 s | |
    /// | bulkhead | [`http_connections`](steadfast_bulkhead::Config::http_connections) | 50, 200, 5 s | |
    /// | attempt timeout | | 10 s | |
    ///
    /// The builder takes other values for any of them.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use steadfast::policy::Policy;
    ///
    /// let policy = Policy::http_like("stock").attempt_timeout(Duration::from_secs(1)).build()?;
    /// assert_eq!(policy.retry().unwrap().config().max_attempts, 3);
    /// assert_eq!(policy.bulkhead().unwrap().config().max_concurrent, 50);
    /// # Ok::<_, steadfast::policy::ConfigError>(())
    /// ```
    pub fn http_like(name: impl Into<Arc<str>>) -> Builder {
        let mut retry = steadfast_retry::Config::default();
        retry.max_attempts = 3;
        retry.max_backoff = secs(5);
        retry.budget = Some(steadfast_retry::BudgetConfig::default());
        Self::builder(name)
            .total_timeout(secs(30))
            .retry_config(retry)
            .breaker_config(steadfast_breaker::Config::default())
            .bulkhead_config(steadfast_bulkhead::Config::http_connections())
            .attempt_timeout(secs(10))
    }

    /// For what must arrive and may take a while: a broker, a webhook, a batch.
    ///
    /// | part | setting | value | why |
    /// |---|---|---|---|
    /// | total timeout | | 5 min | A broker that restarts is back by then. |
    /// | retry | `max_attempts`, `base_backoff`, `max_backoff` | 20, 200 ms, 30 s | Patient: what is given up is lost. |
    /// | breaker | | its defaults | The retry waits until it lets calls through. |
    /// | bulkhead | [`amqp_channels`](steadfast_bulkhead::Config::amqp_channels) | 20, 100, 5 s | |
    /// | attempt timeout | | 10 s | |
    ///
    /// # Examples
    /// ```
    /// use steadfast::policy::Policy;
    ///
    /// let policy = Policy::queue_like("invoices").build()?;
    /// assert_eq!(policy.retry().unwrap().config().max_attempts, 20);
    /// assert_eq!(policy.bulkhead().unwrap().config().max_concurrent, 20);
    /// # Ok::<_, steadfast::policy::ConfigError>(())
    /// ```
    pub fn queue_like(name: impl Into<Arc<str>>) -> Builder {
        let mut retry = steadfast_retry::Config::default();
        retry.max_attempts = 20;
        retry.base_backoff = Duration::from_millis(200);
        Self::builder(name)
            .total_timeout(secs(300))
            .retry_config(retry)
            .breaker_config(steadfast_breaker::Config::default())
            .bulkhead_config(steadfast_bulkhead::Config::amqp_channels())
            .attempt_timeout(secs(10))
    }

    /// For what takes seconds to minutes, costs money and says when it has had enough: a large language model.
    ///
    /// | part | setting | value | why |
    /// |---|---|---|---|
    /// | total timeout | | 5 min | |
    /// | retry | `max_attempts`, `base_backoff`, `max_backoff` | 3, 1 s, 30 s | Each attempt is paid for. |
    /// | retry | `max_retry_after` | 60 s | Rate limits are by the minute. |
    /// | retry | `budget` | a fifth of the calls | |
    /// | breaker | | its defaults | |
    /// | bulkhead | [`llm_requests`](steadfast_bulkhead::Config::llm_requests) | 10, 50, 30 s | |
    /// | attempt timeout | | 2 min | Long answers are written slowly. |
    ///
    /// # Examples
    /// ```
    /// use steadfast::policy::Policy;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let policy = Policy::llm_like("summaries").build()?;
    /// let cut_short = policy.call(|_| std::future::pending::<Result<(), std::io::Error>>()).await;
    /// let error = cut_short.unwrap_err().to_string();
    /// assert!(error.contains("summaries"), "{error}");
    /// # Ok(())
    /// # }
    /// ```
    pub fn llm_like(name: impl Into<Arc<str>>) -> Builder {
        let mut retry = steadfast_retry::Config::default();
        retry.max_attempts = 3;
        retry.base_backoff = secs(1);
        retry.max_retry_after = secs(60);
        retry.budget = Some(steadfast_retry::BudgetConfig::default());
        Self::builder(name)
            .total_timeout(secs(300))
            .retry_config(retry)
            .breaker_config(steadfast_breaker::Config::default())
            .bulkhead_config(steadfast_bulkhead::Config::llm_requests())
            .attempt_timeout(secs(120))
    }
}
