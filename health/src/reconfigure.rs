//! Other settings for a monitor that is in use.

use std::collections::HashMap;
use std::sync::Arc;

use crate::clock;
use crate::config::{CheckConfig, MonitorConfig};
use crate::error::{ConfigError, ReconfigureError};
use crate::monitor::Monitor;
use crate::wiring::{Node, cycle};

impl Monitor {
    /// Goes over to other settings while in use: those of the monitor, and the configs of the checks that are named,
    /// each in the place of the one that [`Check::config`](crate::Check::config) was given. What a config does not
    /// say is as the code says, and what that does not say is as the monitor says. Checks that are not named keep their
    /// configs.
    ///
    /// Counts, results and statuses stay. A run in flight has the timeout that it began with. The next run comes by the
    /// new interval, counted from the start of the last one: at once, if that is over. What was found last does not become
    /// stale before there was the time to find something by the new rules. Results in a row that were counted against the
    /// present status count on, and the new thresholds hold from the next result.
    ///
    /// # Errors
    /// [`ReconfigureError`], with everything that is wrong; nothing has changed then.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use steadfast_health::{Check, CheckConfig, Monitor, Outcome};
    ///
    /// let monitor = Monitor::builder("orders").build()?;
    /// monitor.register(Check::new("db", || async { Outcome::healthy() }).unhealthy_after(3))?;
    ///
    /// let mut config = monitor.config();
    /// config.interval = Duration::from_secs(10);
    /// let mut db = CheckConfig::default();
    /// db.timeout = Some(Duration::from_secs(1));
    /// monitor.reconfigure(config, [("db", db)])?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn reconfigure<N: AsRef<str>>(
        &self,
        config: MonitorConfig,
        checks: impl IntoIterator<Item = (N, CheckConfig)>,
    ) -> Result<(), ReconfigureError> {
        let checks = checks.into_iter();
        let mut given: HashMap<String, CheckConfig> = checks
            .map(|(name, config)| (name.as_ref().to_owned(), config))
            .collect();
        let shared = &self.shared;
        let mut current = shared.config().write();
        // Nobody adds or removes any meanwhile.
        let components = shared.components();
        let mut bad = Vec::new();
        let mut fields = Vec::new();
        config.check(&mut fields);
        if !fields.is_empty() {
            let name = Arc::clone(shared.name());
            bad.push(ConfigError::new("health monitor", name, fields));
        }
        let mut all = Vec::with_capacity(components.len());
        for component in &components {
            let mut said = component.said();
            if let Some(config) = given.remove(&*component.name) {
                said.config = config;
            }
            match said.resolve(&component.name, &config) {
                Ok(rules) => all.push((said, rules)),
                Err(error) => bad.push(error),
            }
        }
        let monitor = || Arc::clone(shared.name());
        if !given.is_empty() {
            let mut checks: Vec<_> = given.into_keys().collect();
            checks.sort();
            let monitor = monitor();
            return Err(ReconfigureError::Unknown { monitor, checks });
        }
        if !bad.is_empty() {
            return Err(ReconfigureError::Config(bad));
        }
        let mut nodes = Vec::with_capacity(all.len());
        for (component, (_, rules)) in components.iter().zip(&all) {
            let node = Node {
                name: Arc::clone(&component.name),
                needs: Arc::clone(&rules.depends_on),
            };
            if let Some(cycle) = cycle(&node, &nodes) {
                let monitor = monitor();
                return Err(ReconfigureError::Cycle { monitor, cycle });
            }
            nodes.push(node);
        }
        let now = clock::now();
        let repaced = shared.update(now, |board| board.rule(all, now));
        *current = config;
        drop(current);
        repaced.iter().for_each(|component| component.repace());
        // The runner looks anew for when the next result becomes stale.
        shared.registered.notify_one();
        shared.tell();
        Ok(())
    }
}
