//! Declaring a topology, entity by entity.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lapin::Channel;
use lapin::options::{ExchangeBindOptions, QueueBindOptions};
use lapin::types::ShortString;
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

use super::entity::Entity;
use super::plan::{Command, Plan, Step};
use super::report::{FailedEntity, SkipReason, SkippedEntity, TopologyReport};
use crate::classify;
use crate::clock;
use crate::error::AmqpError;
use crate::session::{ChannelMode, Session, close_when_settled};

/// A topology while it is being declared on one connection, on a channel that is used for nothing else.
/// The channel serves from one entity to the next until something fails on it, and is closed when this
/// is dropped.
pub(crate) struct Declaring<'a> {
    plan: &'a Plan,
    session: &'a Session,
    /// How long each entity may take.
    patience: Duration,
    /// Where channels are closed.
    runtime: &'a Handle,
    channel: Option<Channel>,
    outcomes: Vec<Outcome>,
    /// Of queues, as the broker has them, by step.
    names: BTreeMap<usize, ShortString>,
    /// The broker was asked for the entity of the next step.
    asked: bool,
}

/// What came of a step.
enum Outcome {
    Declared,
    Failed(AmqpError),
    Skipped(SkipReason),
}

impl<'a> Declaring<'a> {
    pub(crate) fn new(
        plan: &'a Plan,
        session: &'a Session,
        patience: Duration,
        runtime: &'a Handle,
    ) -> Self {
        Self {
            plan,
            session,
            patience,
            runtime,
            channel: None,
            outcomes: Vec::with_capacity(plan.steps.len()),
            names: BTreeMap::new(),
            asked: false,
        }
    }

    /// Takes the steps one by one. Those that are not reached by the deadline are skipped, and those
    /// that are barred have failed already. An error is that of the connection, which is gone.
    pub(crate) async fn run(
        &mut self,
        barred: &BTreeMap<usize, AmqpError>,
        deadline: Instant,
    ) -> Result<(), AmqpError> {
        let plan = self.plan;
        for (index, step) in plan.steps.iter().enumerate() {
            let outcome = if let Some(error) = barred.get(&index) {
                Outcome::Failed(error.clone())
            } else if let Some(missing) = self.missing(step) {
                Outcome::Skipped(SkipReason::Needs(missing))
            } else if clock::now() >= deadline {
                Outcome::Skipped(SkipReason::OutOfTime)
            } else {
                self.take(index, step, deadline).await?
            };
            self.outcomes.push(outcome);
        }
        Ok(())
    }

    /// The step whose entity the broker was asked for last, if it has not answered.
    pub(crate) fn in_flight(&self) -> Option<usize> {
        self.asked.then_some(self.outcomes.len())
    }

    pub(crate) fn report(&self, connection: &Arc<str>) -> TopologyReport {
        let mut report = TopologyReport {
            name: Arc::clone(connection),
            epoch: self.session.epoch(),
            declared: Vec::new(),
            failed: Vec::new(),
            skipped: Vec::new(),
            queue_names: BTreeMap::new(),
        };
        for (index, (step, outcome)) in self.plan.steps.iter().zip(&self.outcomes).enumerate() {
            let entity = step.entity.clone();
            match outcome {
                Outcome::Declared => {
                    if let (Entity::ServerNamedQueue { label }, Some(name)) =
                        (&entity, self.names.get(&index))
                    {
                        let names = &mut report.queue_names;
                        names.insert(label.clone(), name.to_string());
                    }
                    report.declared.push(entity);
                }
                Outcome::Failed(error) => report.failed.push(FailedEntity {
                    entity,
                    error: error.clone(),
                }),
                Outcome::Skipped(reason) => report.skipped.push(SkippedEntity {
                    entity,
                    reason: reason.clone(),
                }),
            }
        }
        report
    }

    fn missing(&self, step: &Step) -> Option<Entity> {
        let is_missing = |needed: &&usize| !matches!(self.outcomes[**needed], Outcome::Declared);
        let missing = *step.needs.iter().find(is_missing)?;
        Some(self.plan.steps[missing].entity.clone())
    }

    async fn take(
        &mut self,
        index: usize,
        step: &Step,
        deadline: Instant,
    ) -> Result<Outcome, AmqpError> {
        let began = clock::now();
        let by = deadline.min(clock::after(self.patience));
        self.asked = true;
        let result = match self.open_channel(by).await {
            Ok(channel) => match timeout_at(by, self.send(&channel, step)).await {
                Ok(Ok(name)) => {
                    self.names.extend(name.map(|name| (index, name)));
                    Ok(())
                }
                Ok(Err(error)) => {
                    Err(classify::channel_closed(&error).unwrap_or(AmqpError::Lapin(error)))
                }
                Err(_) => Err(AmqpError::DeclareTimeout {
                    waited: began.elapsed(),
                }),
            },
            Err(error) => Err(error),
        };
        let outcome = match result {
            Ok(()) => Outcome::Declared,
            Err(error) => {
                // lapin may tell of the connection's end in an answer before it tells of it in the status.
                if !self.session.is_up() || classify::ends_the_connection(&error) {
                    return Err(error);
                }
                self.close_channel();
                Outcome::Failed(error)
            }
        };
        self.asked = false;
        Ok(outcome)
    }

    async fn open_channel(&mut self, by: Instant) -> Result<Channel, AmqpError> {
        if let Some(channel) = self.channel.as_ref().filter(|it| it.status().connected()) {
            return Ok(channel.clone());
        }
        let channel = self.session.open_channel(ChannelMode::Plain, by).await?;
        self.channel = Some(channel.clone());
        Ok(channel)
    }

    /// Asks for the entity, and tells the name if it is a queue.
    async fn send(&self, channel: &Channel, step: &Step) -> lapin::Result<Option<ShortString>> {
        match step.command.clone() {
            Command::DeclareExchange {
                name,
                kind,
                options,
                arguments,
            } => {
                let declared = channel.exchange_declare(name, kind, options, arguments);
                declared.await.map(|()| None)
            }
            Command::BindExchange {
                destination,
                source,
                routing_key,
                arguments,
            } => {
                let options = ExchangeBindOptions::default();
                channel
                    .exchange_bind(destination, source, routing_key, options, arguments)
                    .await
                    .map(|()| None)
            }
            Command::DeclareQueue {
                name,
                options,
                arguments,
            } => {
                let queue = channel.queue_declare(name, options, arguments).await?;
                Ok(Some(queue.name().clone()))
            }
            Command::BindQueue {
                queue,
                exchange,
                routing_key,
                arguments,
            } => {
                let queue = self.names.get(&queue).cloned().unwrap_or_default();
                let options = QueueBindOptions::default();
                channel
                    .queue_bind(queue, exchange, routing_key, options, arguments)
                    .await
                    .map(|()| None)
            }
        }
    }

    fn close_channel(&mut self) {
        if let Some(channel) = self.channel.take() {
            self.runtime.spawn(close_when_settled(channel));
        }
    }
}

impl Drop for Declaring<'_> {
    fn drop(&mut self) {
        self.close_channel();
    }
}
