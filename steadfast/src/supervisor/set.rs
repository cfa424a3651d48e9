//! The named components, and how they go over to other settings.

mod retired;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use retired::Retired;

#[cfg(feature = "http")]
use super::builder::HttpHook;
use super::error::{Problem, UnknownName};
use super::plan::{self, Plan};
use crate::breaker::{self, CircuitBreaker};
use crate::bulkhead::{self, Bulkhead};
#[cfg(feature = "http")]
use crate::http::{Client, HttpClientConfig};
use crate::retry::{self, Retry};

/// Every named component.
#[derive(Debug, Clone, Default)]
pub(super) struct Set {
    pub(super) breakers: BTreeMap<String, CircuitBreaker>,
    pub(super) retries: BTreeMap<String, Retry>,
    pub(super) bulkheads: BTreeMap<String, Bulkhead>,
    #[cfg(feature = "http")]
    pub(super) clients: BTreeMap<String, Client>,
    /// What is done to the builder of each client, those that come later included.
    #[cfg(feature = "http")]
    pub(super) finish: HttpHook,
    /// The checks of components that could not be registered, by their names.
    pub(super) unchecked: BTreeSet<String>,
    /// What is in the file no more, and may be in use.
    pub(super) retired: Retired,
}

/// A component that is there and has other settings from now on.
#[derive(Debug)]
pub(super) enum Todo {
    Breaker(CircuitBreaker, breaker::Config),
    Retry(Retry, retry::Config),
    Bulkhead(Bulkhead, bulkhead::Config),
    #[cfg(feature = "http")]
    Client(Client, Box<HttpClientConfig>),
}

/// A setting that stays until the program is started again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stays {
    /// Section, name and field, as in the file.
    pub(super) path: Vec<String>,
    pub(super) why: String,
}

impl Stays {
    /// Of a check that could not be registered.
    pub(super) fn of_check(problem: Problem) -> Self {
        Self {
            path: vec![problem.part],
            why: format!(
                "the component is in use without its check: {}",
                problem.cause
            ),
        }
    }
}

/// The components after a change, and what is to be done with those that were there before.
#[derive(Debug, Default)]
pub(super) struct Next {
    pub(super) set: Set,
    pub(super) todo: Vec<Todo>,
}

impl Set {
    /// Every component of a plan, in place of none.
    pub(super) fn build(self, plan: &Plan) -> Result<Self, Vec<Problem>> {
        self.next(None, plan).map(|next| next.set)
    }

    /// What becomes of the components when they go over from one plan to another. Changes nothing yet; all
    /// settings have been checked when this returns `Ok`.
    pub(super) fn next(&self, before: Option<&Plan>, plan: &Plan) -> Result<Next, Vec<Problem>> {
        let mut next = Next {
            set: self.clone(),
            ..Next::default()
        };
        let wrong = plan::wrong_timeouts(&plan.llm_requests);
        let wrong = wrong.map(|error| Problem::new("llm_requests", error));
        let mut problems = Vec::from_iter(wrong);
        // A component that is there is built as well if its settings are others: that checks them.
        macro_rules! each {
            ($kind:ident, $section:literal, $build:expr, $todo:expr) => {
                for (name, config) in &plan.$kind {
                    let there = self.$kind.get(name);
                    let old = before.and_then(|plan| plan.$kind.get(name));
                    if there.is_some() && old == Some(config) {
                        continue;
                    }
                    match ($build(name.as_str(), config.clone()), there) {
                        (Err(error), _) => {
                            problems.push(Problem::new(format!("{}.{name}", $section), error));
                        }
                        (Ok(_), Some(there)) => {
                            next.todo.push($todo(there.clone(), config.clone()))
                        }
                        (Ok(built), None) => {
                            next.set.$kind.insert(name.clone(), built);
                        }
                    }
                }
            };
        }
        each!(breakers, "circuit_breakers", build_breaker, Todo::Breaker);
        each!(retries, "retries", build_retry, Todo::Retry);
        each!(bulkheads, "bulkheads", build_bulkhead, Todo::Bulkhead);
        #[cfg(feature = "http")]
        let build = |name: &str, config: HttpClientConfig| {
            self.finish.apply(name, config.builder(name)).build()
        };
        #[cfg(feature = "http")]
        each!(clients, "http_clients", build, |client, config| {
            Todo::Client(client, Box::new(config))
        });
        if problems.is_empty() {
            Ok(next)
        } else {
            Err(problems)
        }
    }

    /// Whether a section of the file is one of named components.
    pub(super) fn has_section(section: &str) -> bool {
        matches!(
            section,
            "circuit_breakers" | "retries" | "bulkheads" | "http_clients"
        )
    }

    /// Those whose names the other does not have.
    pub(super) fn without(&self, other: &Self) -> Self {
        fn rest<C: Clone>(
            one: &BTreeMap<String, C>,
            other: &BTreeMap<String, C>,
        ) -> BTreeMap<String, C> {
            let mut rest = one.clone();
            rest.retain(|name, _| !other.contains_key(name));
            rest
        }
        Self {
            breakers: rest(&self.breakers, &other.breakers),
            retries: rest(&self.retries, &other.retries),
            bulkheads: rest(&self.bulkheads, &other.bulkheads),
            #[cfg(feature = "http")]
            clients: rest(&self.clients, &other.clients),
            ..Self::default()
        }
    }

    pub(super) fn breaker(&self, name: &str) -> Result<CircuitBreaker, UnknownName> {
        find("circuit breaker", &self.breakers, name)
    }

    pub(super) fn retry(&self, name: &str) -> Result<Retry, UnknownName> {
        find("retry", &self.retries, name)
    }

    pub(super) fn bulkhead(&self, name: &str) -> Result<Bulkhead, UnknownName> {
        find("bulkhead", &self.bulkheads, name)
    }

    #[cfg(feature = "http")]
    pub(super) fn client(&self, name: &str) -> Result<Client, UnknownName> {
        find("HTTP client", &self.clients, name)
    }
}

fn find<C: Clone>(
    kind: &'static str,
    all: &BTreeMap<String, C>,
    name: &str,
) -> Result<C, UnknownName> {
    let found = all.get(name).cloned();
    found.ok_or_else(|| UnknownName::new(kind, name, all.keys()))
}

fn build_breaker(
    name: &str,
    config: breaker::Config,
) -> Result<CircuitBreaker, breaker::ConfigError> {
    CircuitBreaker::builder(name).config(config).build()
}

fn build_retry(name: &str, config: retry::Config) -> Result<Retry, retry::ConfigError> {
    Retry::builder(name).config(config).build()
}

fn build_bulkhead(name: &str, config: bulkhead::Config) -> Result<Bulkhead, bulkhead::ConfigError> {
    Bulkhead::builder(name).config(config).build()
}

impl Todo {
    /// Goes over to the settings, which have been checked. What cannot change while in use is returned.
    pub(super) fn apply(self) -> Vec<Stays> {
        match self {
            Self::Breaker(breaker, config) => {
                let done = breaker.reconfigure(config);
                refused("circuit_breakers", breaker.name(), done)
            }
            Self::Retry(retry, config) => {
                let done = retry.reconfigure(config);
                refused("retries", retry.name(), done)
            }
            Self::Bulkhead(bulkhead, mut config) => {
                let measured = bulkhead.config().hold_times;
                let stays = (config.hold_times != measured).then(|| {
                    let why = "is settled when the bulkhead is built";
                    stays("bulkheads", bulkhead.name(), Some("hold_times"), &why)
                });
                config.hold_times = measured;
                let done = bulkhead.reconfigure(config);
                let refused = refused("bulkheads", bulkhead.name(), done);
                stays.into_iter().chain(refused).collect()
            }
            #[cfg(feature = "http")]
            Self::Client(client, config) => apply_to_client(&client, *config),
        }
    }
}

/// Checked as they are, settings are refused only for what this crate does not know of.
fn refused<E: std::fmt::Display>(
    section: &'static str,
    name: &str,
    done: Result<(), E>,
) -> Vec<Stays> {
    let refused = done.err().map(|error| stays(section, name, None, &error));
    refused.into_iter().collect()
}

fn stays(
    section: &'static str,
    name: &str,
    field: Option<&str>,
    why: &dyn std::fmt::Display,
) -> Stays {
    let path = [Some(section), Some(name), field].into_iter().flatten();
    Stays {
        path: path.map(str::to_owned).collect(),
        why: why.to_string(),
    }
}

#[cfg(feature = "http")]
fn apply_to_client(client: &Client, config: HttpClientConfig) -> Vec<Stays> {
    let section = "http_clients";
    match client.reconfigure(config) {
        Ok(changed) => {
            let why = "needs a new client";
            let fields = changed.needs_new_client.into_iter();
            fields
                .map(|field| stays(section, client.name(), Some(field), &why))
                .collect()
        }
        Err(error) => vec![stays(section, client.name(), None, &error)],
    }
}
