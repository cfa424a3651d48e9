//! What a supervisor hands out.

use std::sync::Arc;

use steadfast_health::{CheckConfig, Monitor};
use steadfast_telemetry::Telemetry;
use tokio::sync::watch;

use super::Supervisor;
use super::error::UnknownName;
use super::plan::{self, LLM};
use super::snapshot::Snapshot;
use super::tasks::Tasks;
use crate::breaker::CircuitBreaker;
use crate::bulkhead::Bulkhead;
use crate::config::Config;
use crate::policy::{self, Policy};
use crate::retry::Retry;

impl Supervisor {
    /// The circuit breaker of `[circuit_breakers.NAME]`. There is always one named `llm_requests`.
    ///
    /// # Errors
    /// [`UnknownName`], with the names that there are.
    pub fn breaker(&self, name: &str) -> Result<CircuitBreaker, UnknownName> {
        self.shared.set().breaker(name)
    }

    /// The retry of `[retries.NAME]`. There is always one named `llm_requests`.
    ///
    /// # Errors
    /// [`UnknownName`], with the names that there are.
    pub fn retry(&self, name: &str) -> Result<Retry, UnknownName> {
        self.shared.set().retry(name)
    }

    /// The bulkhead of `[bulkheads.NAME]`. There are always `amqp_channels`, `http_connections` and
    /// `llm_requests`.
    ///
    /// # Errors
    /// [`UnknownName`], with the names that there are.
    pub fn bulkhead(&self, name: &str) -> Result<Bulkhead, UnknownName> {
        self.shared.set().bulkhead(name)
    }

    /// The HTTP client of `[http_clients.NAME]`.
    ///
    /// # Errors
    /// [`UnknownName`], with the names that there are.
    #[cfg(feature = "http")]
    #[cfg_attr(docsrs, doc(cfg(feature = "http")))]
    pub fn http_client(&self, name: &str) -> Result<crate::http::Client, UnknownName> {
        self.shared.set().client(name)
    }

    /// The connection of `[amqp]`, if there is that section. It may not be up: it connects in the background.
    #[cfg(feature = "amqp")]
    #[cfg_attr(docsrs, doc(cfg(feature = "amqp")))]
    #[must_use]
    pub fn amqp(&self) -> Option<&crate::amqp::ResilientConnection> {
        self.shared.amqp.as_ref()
    }

    /// A policy of what has this name: the retry, the circuit breaker and the bulkhead, as far as there are.
    /// What a reload changes holds for it, too; a part that a reload adds is in policies that are asked for
    /// later.
    ///
    /// That of `llm_requests` has the timeouts of the section `[llm_requests]` as they are now: 5 minutes for a call with
    /// everything and 2 minutes for an attempt, unless it says otherwise. No other has any. For other ones, see
    /// [`policy_builder`](Self::policy_builder).
    ///
    /// # Errors
    /// [`UnknownName`] if nothing has this name.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use steadfast::config::Config;
    /// use steadfast::supervisor::Supervisor;
    ///
    /// let supervisor = Supervisor::start(Config::default()).await?;
    /// let policy = supervisor.policy("llm_requests")?;
    /// let answer = policy.call(|_attempt| async { Ok::<_, std::io::Error>("42") }).await?;
    /// assert_eq!(answer, "42");
    /// assert!(policy.breaker().is_some() && policy.bulkhead().is_some());
    /// # Ok(())
    /// # }
    /// ```
    #[expect(
        clippy::missing_panics_doc,
        reason = "nothing is named by no name, and timeouts are checked before they are in force"
    )]
    pub fn policy(&self, name: &str) -> Result<Policy, UnknownName> {
        let mut builder = self.policy_builder(name)?;
        if name == LLM {
            builder = plan::with_timeouts(builder, &self.config().llm_requests);
        }
        let policy = builder.build();
        Ok(policy.expect("a policy of parts that are built breaks no rule"))
    }

    /// The same parts without any timeouts, to be given timeouts or a hedge.
    ///
    /// # Errors
    /// [`UnknownName`] if nothing has this name.
    pub fn policy_builder(&self, name: &str) -> Result<policy::Builder, UnknownName> {
        let set = self.shared.set();
        let mut builder = Policy::builder(name);
        let mut parts = 0;
        if let Some(retry) = set.retries.get(name) {
            builder = builder.retry(retry.clone());
            parts += 1;
        }
        if let Some(breaker) = set.breakers.get(name) {
            builder = builder.breaker(breaker.clone());
            parts += 1;
        }
        if let Some(bulkhead) = set.bulkheads.get(name) {
            builder = builder.bulkhead(bulkhead.clone());
            parts += 1;
        }
        if parts == 0 {
            let breakers_and_retries = set.breakers.keys().chain(set.retries.keys());
            let mut known: Vec<_> = breakers_and_retries.chain(set.bulkheads.keys()).collect();
            known.sort();
            known.dedup();
            return Err(UnknownName::new("policy", name, known));
        }
        Ok(builder)
    }

    /// What watches everything; attach handlers to it, or let it watch components of your own.
    #[must_use]
    pub fn telemetry(&self) -> &Telemetry {
        &self.shared.telemetry
    }

    /// What checks everything; register checks of your own.
    #[must_use]
    pub fn health(&self) -> &Monitor {
        &self.shared.monitor
    }

    /// What `[health.checks.NAME]` says, for a check of your own:
    /// `Check::new("db", look).config(supervisor.check_config("db"))`. Nothing, if there is no such section.
    #[must_use]
    pub fn check_config(&self, name: &str) -> CheckConfig {
        let config = self.config();
        config.health.checks.get(name).cloned().unwrap_or_default()
    }

    /// Background tasks of your own: restarted when they fall over, and stopped with the rest of the intake,
    /// before the bulkheads drain.
    #[must_use]
    pub fn tasks(&self) -> &Tasks {
        &self.shared.tasks
    }

    /// The settings as they were loaded last. What needs a restart may not be in force yet; see
    /// [`Snapshot::needs_restart`].
    #[must_use]
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.shared.running.lock().config)
    }

    /// Takes a snapshot of everything now, and gives it to all who have
    /// [subscribed](Self::subscribe_snapshots), too.
    #[must_use]
    pub fn snapshot_now(&self) -> Arc<Snapshot> {
        self.shared.report()
    }

    /// The latest snapshot, and each one that comes: one every `telemetry.report_interval`, and those that
    /// somebody [asked for](Self::snapshot_now). Who is slow misses some, and never the latest. The sender is
    /// gone with the supervisor.
    #[must_use]
    pub fn subscribe_snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.shared.snapshots.subscribe()
    }
}
