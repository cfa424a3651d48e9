//! A topology that keeps the rules, as the steps that declare it.

use std::collections::HashMap;

use lapin::ExchangeKind;
use lapin::options::{ExchangeDeclareOptions, QueueDeclareOptions};
use lapin::types::{FieldTable, ShortString};

use super::Topology;
use super::arguments::{Arguments, short};
use super::binding::{Binding, Destination};
use super::entity::Entity;
use super::exchange::Exchange;
use super::queue::Queue;
use crate::config_error::Rules;

/// The steps in the order in which they are taken; each needs only earlier ones.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) entity: Entity,
    /// Steps without which this one is not to be taken.
    pub(super) needs: Vec<usize>,
    pub(super) command: Command,
}

/// What the broker is asked for.
#[derive(Debug, Clone)]
pub(super) enum Command {
    DeclareExchange {
        name: ShortString,
        kind: ExchangeKind,
        options: ExchangeDeclareOptions,
        arguments: FieldTable,
    },
    BindExchange {
        destination: ShortString,
        source: ShortString,
        routing_key: ShortString,
        arguments: FieldTable,
    },
    DeclareQueue {
        /// Empty if the broker is to choose.
        name: ShortString,
        options: QueueDeclareOptions,
        arguments: FieldTable,
    },
    BindQueue {
        /// The step that declares the queue, and knows its name.
        queue: usize,
        exchange: ShortString,
        routing_key: ShortString,
        arguments: FieldTable,
    },
}

impl Plan {
    /// What it takes to declare the topology. Tells the rules of every entity that breaks one; the plan
    /// is of no use then.
    pub(crate) fn check(topology: &Topology, rules: &mut Rules) -> Self {
        let mut planner = Planner {
            rules,
            steps: Vec::new(),
            exchanges: HashMap::new(),
            queues: HashMap::new(),
        };
        for name in &topology.existing_exchanges {
            planner.existing_exchange(name);
        }
        for exchange in &topology.exchanges {
            planner.exchange(exchange);
        }
        let is_exchange =
            |binding: &&Binding| matches!(binding.destination, Destination::Exchange(_));
        for binding in topology.bindings.iter().filter(is_exchange) {
            planner.binding(binding);
        }
        for name in &topology.existing_queues {
            planner.existing_queue(name);
        }
        for queue in &topology.queues {
            planner.queue(queue);
        }
        for binding in topology.bindings.iter().filter(|it| !is_exchange(it)) {
            planner.binding(binding);
        }
        Self {
            steps: planner.steps,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

struct Planner<'a> {
    rules: &'a mut Rules,
    steps: Vec<Step>,
    /// The steps that declare exchanges and queues, by name or label.
    exchanges: HashMap<String, usize>,
    queues: HashMap<String, usize>,
}

impl Planner<'_> {
    fn existing_exchange(&mut self, name: &str) {
        let entity = Entity::Exchange { name: name.into() };
        let name_fits = self.name(&entity, name, NameOf::Another);
        let command = Command::DeclareExchange {
            name: name_fits,
            kind: ExchangeKind::default(),
            options: ExchangeDeclareOptions {
                passive: true,
                ..ExchangeDeclareOptions::default()
            },
            arguments: FieldTable::default(),
        };
        let step = self.step(entity, Vec::new(), command);
        self.exchanges.insert(name.to_owned(), step);
    }

    fn exchange(&mut self, exchange: &Exchange) {
        let entity = Entity::Exchange {
            name: exchange.name.clone(),
        };
        let name = self.name(&entity, &exchange.name, NameOf::Ours);
        self.arguments(&entity, &exchange.arguments);
        if let ExchangeKind::Custom(kind) = &exchange.kind {
            let fits = !kind.is_empty() && short(kind).is_some();
            self.require(fits, &entity, "must have a kind of 1 to 255 bytes");
        }
        self.require(!self.exchanges.contains_key(&exchange.name), &entity, ONCE);
        let command = Command::DeclareExchange {
            name,
            kind: exchange.kind.clone(),
            options: exchange.options,
            arguments: exchange.arguments.table(),
        };
        let step = self.step(entity, Vec::new(), command);
        self.exchanges.insert(exchange.name.clone(), step);
    }

    fn existing_queue(&mut self, name: &str) {
        let entity = Entity::Queue { name: name.into() };
        let name_fits = self.name(&entity, name, NameOf::Another);
        let command = Command::DeclareQueue {
            name: name_fits,
            options: QueueDeclareOptions::default().passive(),
            arguments: FieldTable::default(),
        };
        let step = self.step(entity, Vec::new(), command);
        self.queues.insert(name.to_owned(), step);
    }

    fn queue(&mut self, queue: &Queue) {
        let name = queue.name.clone();
        let (entity, name_of) = if queue.server_named {
            (Entity::ServerNamedQueue { label: name }, NameOf::Label)
        } else {
            (Entity::Queue { name }, NameOf::Ours)
        };
        let name = self.name(&entity, &queue.name, name_of);
        self.arguments(&entity, &queue.arguments);
        self.require(!self.queues.contains_key(&queue.name), &entity, ONCE);
        let kept = !queue.server_named || queue.is_temporary();
        self.require(kept, &entity, LEFT_BEHIND);
        let options = queue.options;
        let suits = options.durable && !options.exclusive && !queue.server_named;
        self.require(suits || !queue.is_quorum(), &entity, FOR_QUORUM);
        let command = Command::DeclareQueue {
            name: if queue.server_named {
                ShortString::default()
            } else {
                name
            },
            options,
            arguments: queue.arguments.table(),
        };
        let step = self.step(entity, Vec::new(), command);
        self.queues.insert(queue.name.clone(), step);
    }

    fn binding(&mut self, binding: &Binding) {
        let source = self.exchanges.get(&binding.source).copied();
        let routing_key = short(&*binding.routing_key);
        let (entity, destination) = match &binding.destination {
            Destination::Exchange(destination) => {
                let entity = Entity::ExchangeBinding {
                    destination: destination.clone(),
                    source: binding.source.clone(),
                    routing_key: binding.routing_key.clone(),
                };
                let destination = self.exchanges.get(destination).copied();
                self.require(destination.is_some(), &entity, UNKNOWN_EXCHANGE);
                self.require(source.is_some(), &entity, UNKNOWN_SOURCE);
                (entity, destination)
            }
            Destination::Queue(queue) => {
                let entity = Entity::QueueBinding {
                    queue: queue.clone(),
                    exchange: binding.source.clone(),
                    routing_key: binding.routing_key.clone(),
                };
                let queue = self.queues.get(queue).copied();
                self.require(queue.is_some(), &entity, UNKNOWN_QUEUE);
                self.require(source.is_some(), &entity, UNKNOWN_SOURCE);
                (entity, queue)
            }
        };
        self.require(routing_key.is_some(), &entity, LONG_KEY);
        self.arguments(&entity, &binding.arguments);
        let (Some(source), Some(to), Some(routing_key)) = (source, destination, routing_key) else {
            return;
        };
        let arguments = binding.arguments.table();
        let from = short(&*binding.source).unwrap_or_default();
        let command = match &binding.destination {
            Destination::Exchange(destination) => Command::BindExchange {
                destination: short(&**destination).unwrap_or_default(),
                source: from,
                routing_key,
                arguments,
            },
            Destination::Queue(_) => Command::BindQueue {
                queue: to,
                exchange: from,
                routing_key,
                arguments,
            },
        };
        self.step(entity, vec![to, source], command);
    }

    fn step(&mut self, entity: Entity, needs: Vec<usize>, command: Command) -> usize {
        self.steps.push(Step {
            entity,
            needs,
            command,
        });
        self.steps.len() - 1
    }

    /// The name in the form that goes to the broker.
    fn name(&mut self, entity: &Entity, name: &str, of: NameOf) -> ShortString {
        let rule = match of {
            NameOf::Label => "must have a label",
            NameOf::Ours | NameOf::Another => "must have a name",
        };
        self.require(!name.is_empty(), entity, rule);
        let reserved = of == NameOf::Ours && name.starts_with("amq.");
        self.require(!reserved, entity, RESERVED);
        let fits = short(name);
        self.require(fits.is_some() || of == NameOf::Label, entity, LONG_NAME);
        fits.unwrap_or_default()
    }

    fn arguments(&mut self, entity: &Entity, arguments: &Arguments) {
        for rule in arguments.broken() {
            self.require(false, entity, rule);
        }
    }

    fn require(&mut self, holds: bool, entity: &Entity, rule: &'static str) {
        let value = format_args!("{entity}");
        self.rules.require(holds, "topology", &value, rule);
    }
}

/// Whose name it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NameOf {
    /// Of an entity that this topology declares.
    Ours,
    /// Of an entity that exists already.
    Another,
    /// Of none that the broker ever hears.
    Label,
}

const ONCE: &str = "must not be declared in two different ways";
const RESERVED: &str = "must not begin with \"amq.\", which the broker keeps for itself";
const LONG_NAME: &str = "must have a name of at most 255 bytes";
const LONG_KEY: &str = "must have a routing key of at most 255 bytes";
const UNKNOWN_QUEUE: &str =
    "must bind a queue of the topology; `existing_queue` adds one that is declared elsewhere";
const UNKNOWN_EXCHANGE: &str = "must bind an exchange of the topology; `existing_exchange` adds one that is declared elsewhere";
const UNKNOWN_SOURCE: &str = "must bind to an exchange of the topology; `existing_exchange` adds one that is declared elsewhere";
const LEFT_BEHIND: &str = "must be exclusive, auto-delete or expire: each connect makes a new one, and nobody would delete the old";
const FOR_QUORUM: &str =
    "must be durable, not exclusive and not server-named, being a quorum queue";

#[cfg(test)]
mod tests;
