//! What a configuration comes to: the settings of each component, with the kill switches thrown.

use std::collections::BTreeMap;
use std::fmt;

use crate::breaker;
use crate::bulkhead::{self, Bulkhead};
use crate::config::{Config, LlmRequestsConfig};
#[cfg(feature = "http")]
use crate::http::HttpClientConfig;
use crate::policy::{self, Policy};
use crate::retry;

/// The settings of every named component.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    pub(super) switches: Switches,
    pub(super) llm_requests: LlmRequestsConfig,
    pub(super) breakers: BTreeMap<String, breaker::Config>,
    pub(super) retries: BTreeMap<String, retry::Config>,
    pub(super) bulkheads: BTreeMap<String, bulkhead::Config>,
    #[cfg(feature = "http")]
    pub(super) clients: BTreeMap<String, HttpClientConfig>,
}

/// The kill switches: what is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Switches {
    pub(super) breakers: bool,
    pub(super) bulkheads: bool,
    pub(super) retries: bool,
}

impl Switches {
    pub(super) fn of(config: &Config) -> Self {
        Self {
            breakers: config.circuit_breakers_enabled,
            bulkheads: config.bulkheads_enabled,
            retries: config.retry_enabled,
        }
    }

    /// What is called how, and whether it is on.
    pub(super) fn all(self) -> [(&'static str, bool); 3] {
        [
            ("circuit_breakers", self.breakers),
            ("bulkheads", self.bulkheads),
            ("retry", self.retries),
        ]
    }

    /// What is switched off.
    pub(super) fn off(self) -> Vec<&'static str> {
        let all = self.all().into_iter();
        all.filter_map(|(what, on)| (!on).then_some(what)).collect()
    }
}

/// Says what is off; nothing if nothing is.
impl fmt::Display for Switches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.off() {
            off if off.is_empty() => Ok(()),
            off => write!(f, "switched off by configuration: {}", off.join(", ")),
        }
    }
}

impl Plan {
    pub(super) fn of(config: &Config) -> Self {
        let switches = Switches::of(config);
        let mut breakers = config.circuit_breakers.clone();
        let mut retries = config.retries.clone();
        // What `with_llm_request` goes through is there in any case.
        breakers
            .entry(LLM.to_owned())
            .or_insert_with(|| config.circuit_breaker.clone());
        retries
            .entry(LLM.to_owned())
            .or_insert_with(|| config.retry.clone());
        let mut bulkheads = config.bulkheads.clone();
        if !switches.retries {
            for retry in retries.values_mut() {
                retry.max_attempts = 1;
            }
        }
        if !switches.bulkheads {
            for bulkhead in bulkheads.values_mut() {
                bulkhead.max_concurrent = Bulkhead::MAX_PLACES;
            }
        }
        Self {
            switches,
            llm_requests: config.llm_requests.clone(),
            breakers,
            retries,
            bulkheads,
            #[cfg(feature = "http")]
            clients: clients(config, switches),
        }
    }
}

impl Plan {
    /// Whether a component of this section and name is in it.
    pub(super) fn has(&self, section: &str, name: &str) -> bool {
        match section {
            "circuit_breakers" => self.breakers.contains_key(name),
            "retries" => self.retries.contains_key(name),
            "bulkheads" => self.bulkheads.contains_key(name),
            #[cfg(feature = "http")]
            "http_clients" => self.clients.contains_key(name),
            _ => false,
        }
    }

    /// Forgets the settings of the component that `path` begins with, if it does with one.
    pub(super) fn forget(&mut self, path: &[String]) {
        let [section, name, ..] = path else {
            return;
        };
        match section.as_str() {
            "circuit_breakers" => drop(self.breakers.remove(name)),
            "retries" => drop(self.retries.remove(name)),
            "bulkheads" => drop(self.bulkheads.remove(name)),
            #[cfg(feature = "http")]
            "http_clients" => drop(self.clients.remove(name)),
            _ => {}
        }
    }
}

/// Gives a policy the timeouts of requests to language models.
pub(super) fn with_timeouts(
    builder: policy::Builder,
    config: &LlmRequestsConfig,
) -> policy::Builder {
    builder
        .total_timeout(config.total_timeout)
        .attempt_timeout(config.attempt_timeout)
}

/// What is wrong with these timeouts.
pub(super) fn wrong_timeouts(config: &LlmRequestsConfig) -> Option<policy::ConfigError> {
    with_timeouts(Policy::builder(LLM), config).build().err()
}

/// The name of the bulkhead, the breaker and the retry of requests to language models.
pub(crate) const LLM: &str = "llm_requests";

/// The name of the bulkhead of HTTP requests.
#[cfg(feature = "http")]
pub(crate) const HTTP: &str = "http_connections";

/// The name of the bulkhead of AMQP channels.
#[cfg(feature = "amqp")]
pub(crate) const AMQP: &str = "amqp_channels";

#[cfg(feature = "http")]
fn clients(config: &Config, switches: Switches) -> BTreeMap<String, HttpClientConfig> {
    let mut clients = config.http_clients.clone();
    for client in clients.values_mut() {
        if !switches.retries {
            client.max_attempts = Some(1);
            client.hedge = None;
        }
        if !switches.bulkheads {
            client.max_concurrent = Some(Bulkhead::MAX_PLACES);
        }
        if !switches.breakers {
            never_opens(client);
        }
    }
    clients
}

/// Breakers of servers that are yet to be met cannot be switched off one by one: these do not open.
#[cfg(feature = "http")]
fn never_opens(client: &mut HttpClientConfig) {
    let mut never = breaker::Config::default();
    never.failure_threshold = Some(u32::MAX);
    client.breaker = Some(never);
    client.failure_threshold = None;
    client.reset_timeout = None;
    client.open_for = None;
    client.max_probes = None;
    client.success_threshold = None;
    client.half_open_max = None;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_llm_requests_go_through_is_there_without_being_named() {
        let mut config = Config::default();
        config.circuit_breaker.success_threshold = 7;
        config.retry.max_attempts = 4;
        let plan = Plan::of(&config);
        assert_eq!(plan.breakers[LLM].success_threshold, 7);
        assert_eq!(plan.retries[LLM].max_attempts, 4);
        assert_eq!(plan.bulkheads[LLM].max_concurrent, 10);
        assert_eq!(plan.switches.to_string(), "");
    }

    #[test]
    fn each_switch_changes_what_it_is_about_and_nothing_else() {
        let on = Plan::of(&Config::default());
        let config = Config {
            retry_enabled: false,
            ..Config::default()
        };
        let plan = Plan::of(&config);
        assert_eq!(plan.retries[LLM].max_attempts, 1);
        assert_eq!(
            (&plan.breakers, &plan.bulkheads),
            (&on.breakers, &on.bulkheads)
        );

        let config = Config {
            bulkheads_enabled: false,
            ..Config::default()
        };
        let plan = Plan::of(&config);
        let limits: Vec<_> = plan
            .bulkheads
            .values()
            .map(|one| one.max_concurrent)
            .collect();
        assert_eq!(limits, [Bulkhead::MAX_PLACES; 3]);
        assert_eq!((&plan.breakers, &plan.retries), (&on.breakers, &on.retries));

        let config = Config {
            circuit_breakers_enabled: false,
            ..Config::default()
        };
        let plan = Plan::of(&config);
        assert_eq!(
            plan.switches.to_string(),
            "switched off by configuration: circuit_breakers"
        );
        // Named breakers are switched off by their mode, so that their settings are kept.
        assert_eq!((&plan.breakers, &plan.retries), (&on.breakers, &on.retries));
    }
}
