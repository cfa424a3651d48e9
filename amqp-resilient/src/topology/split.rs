//! What of a topology belongs to one connection alone.

use std::sync::Arc;

use super::plan::{Command, Plan, Step};
use super::report::TopologyReport;
use crate::topology::Entity;

impl Plan {
    /// Whether there are queues that belong to the connection that declares them: exclusive ones, and those
    /// that the broker names.
    pub(crate) fn has_own(&self) -> bool {
        self.steps.iter().any(Step::is_own)
    }

    /// The plan without such queues, and without what needs them.
    pub(crate) fn without_own(&self) -> Self {
        let mut steps = Vec::with_capacity(self.steps.len());
        // Where each step has gone, if it is still there.
        let mut places: Vec<Option<usize>> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let needs: Option<Vec<_>> = step.needs.iter().map(|need| places[*need]).collect();
            let place = needs.filter(|_| !step.is_own()).map(|needs| {
                let mut command = step.command.clone();
                if let Command::BindQueue { queue, .. } = &mut command {
                    *queue = places[*queue].unwrap_or_default();
                }
                steps.push(Step {
                    entity: step.entity.clone(),
                    needs,
                    command,
                });
                steps.len() - 1
            });
            places.push(place);
        }
        Self { steps }
    }

    fn has(&self, entity: &Entity) -> bool {
        self.steps.iter().any(|step| step.entity == *entity)
    }
}

impl Step {
    fn is_own(&self) -> bool {
        match &self.command {
            Command::DeclareQueue { name, options, .. } => {
                options.exclusive || name.as_str().is_empty()
            }
            _ => false,
        }
    }
}

impl TopologyReport {
    /// Adds what another connection, which declares more than this one's plan, says of the rest.
    pub(crate) fn and_the_rest(&self, plan: &Plan, other: &Self) -> Arc<Self> {
        let mut report = self.clone();
        let rest = |entity: &Entity| !plan.has(entity);
        let declared = other.declared.iter().filter(|it| rest(it));
        report.declared.extend(declared.cloned());
        let failed = other.failed.iter().filter(|it| rest(&it.entity));
        report.failed.extend(failed.cloned());
        let skipped = other.skipped.iter().filter(|it| rest(&it.entity));
        report.skipped.extend(skipped.cloned());
        report.queue_names.extend(other.queue_names.clone());
        Arc::new(report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config_error::Rules;
    use crate::topology::{Binding, Exchange, Queue, Topology};

    fn plan(topology: &Topology) -> Plan {
        let mut rules = Rules::default();
        let plan = Plan::check(topology, &mut rules);
        assert!(rules.is_empty());
        plan
    }

    fn entities(plan: &Plan) -> Vec<String> {
        plan.steps
            .iter()
            .map(|step| step.entity.to_string())
            .collect()
    }

    #[test]
    fn queues_of_one_connection_are_left_out_with_their_bindings_and_nothing_else_is() {
        let topology = Topology::new()
            .exchange(Exchange::topic("orders"))
            .queue(Queue::server_named("replies"))
            .queue(Queue::new("mine").exclusive(true))
            .queue(Queue::new("invoices"))
            .bind(Binding::queue("replies", "orders").routing_key("r"))
            .bind(Binding::queue("mine", "orders").routing_key("m"))
            .bind(Binding::queue("invoices", "orders").routing_key("i"));
        let all = plan(&topology);
        assert!(all.has_own());
        let shared = all.without_own();
        assert!(!shared.has_own());
        assert_eq!(
            entities(&shared),
            [
                "exchange \"orders\"",
                "queue \"invoices\"",
                "binding of queue \"invoices\" to exchange \"orders\" with key \"i\"",
            ]
        );
        // The steps that it refers to have moved.
        let binding = &shared.steps[2];
        assert_eq!(binding.needs, [1, 0]);
        assert!(matches!(
            binding.command,
            Command::BindQueue { queue: 1, .. }
        ));
    }

    #[test]
    fn a_topology_that_all_connections_share_stays_as_it_is() {
        let topology = Topology::new()
            .existing_queue("theirs")
            .queue(Queue::new("temporary").auto_delete());
        let all = plan(&topology);
        assert!(!all.has_own());
        assert_eq!(entities(&all.without_own()), entities(&all));
    }
}
