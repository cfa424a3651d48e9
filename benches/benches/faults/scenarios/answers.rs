//! F6 and F7: a healthy broker that says no to some messages. Does each message get its own answer?

use std::sync::Arc;

use steadfast_benches::clock;
use steadfast_benches::model::{Model, Queue, Told};
use steadfast_testkit::RabbitNode;

use super::Outcome;
use crate::broker;
use crate::clients::{Client, Kind};
use crate::findings::Findings;
use crate::load::{Load, Order};
use crate::plan::Plan;
use crate::support::secs;

const OPEN: u8 = 0;
const OTHER: u8 = 1;

/// Half of the tasks publish to a full queue.
pub(crate) async fn rejected(kind: Kind, plan: Plan) -> Outcome {
    const TASKS: usize = 32;
    let each = plan.messages(96_000) / TASKS;
    let queues = [Queue::open("open"), Queue::rejecting("full")];
    let model = Arc::new(Model::new(&queues, TASKS * each + 1));
    let node = RabbitNode::start().await?;
    broker::declare(&node, "open", &[]).await?;
    broker::declare_full(&node, &model, OTHER).await?;
    let rate = publish(kind, &node, &model, TASKS, move |task, message| {
        let queue = if task % 2 == 0 { OPEN } else { OTHER };
        (message < each).then_some(queue)
    })
    .await?;
    let report = model.report();
    let mut findings = Findings::default();
    // Without the stone that fills the queue.
    let acked = model.count(OTHER, Told::Confirmed) - 1;
    findings.none("rejected, and said to be confirmed", acked);
    let nacked = model.count(OPEN, Told::Nacked);
    findings.none("taken, and said to be rejected", nacked);
    findings.none("without an answer", report.ambiguous + report.not_sent);
    findings.model(&report);
    findings.note("messages a second", format!("{rate:.0}"));
    Ok(findings)
}

/// Every third message goes to a queue that is not there.
pub(crate) async fn returned(kind: Kind, plan: Plan) -> Outcome {
    const TASKS: usize = 8;
    let each = plan.messages(50_000) / TASKS;
    let queues = [Queue::open("there"), Queue::open("nowhere")];
    let model = Arc::new(Model::new(&queues, TASKS * each));
    let node = RabbitNode::start().await?;
    broker::declare(&node, "there", &[]).await?;
    let rate = publish(kind, &node, &model, TASKS, move |_, message| {
        let queue = if message % 3 == 0 { OTHER } else { OPEN };
        (message < each).then_some(queue)
    })
    .await?;
    let report = model.report();
    let mut findings = Findings::default();
    let confirmed = model.count(OTHER, Told::Confirmed);
    findings.none("unroutable, and said to be confirmed", confirmed);
    let returned = model.count(OPEN, Told::Returned) + model.count(OPEN, Told::ReturnedAnother);
    findings.none("routed, and said to have come back", returned);
    findings.none("without an answer", report.ambiguous + report.not_sent);
    findings.model(&report);
    findings.note("messages a second", format!("{rate:.0}"));
    Ok(findings)
}

/// Publishes it all, looks into the queues, and tells how many a second it was.
async fn publish(
    kind: Kind,
    node: &RabbitNode,
    model: &Arc<Model>,
    tasks: usize,
    queue: impl Fn(usize, usize) -> Option<u8> + Send + Clone + 'static,
) -> Result<f64, crate::findings::Failure> {
    let client = Client::connect(kind, &node.uri()).await?;
    let load = Load::on(model, secs(1));
    let before = model.ended();
    let began = clock::now();
    let running = load.start(
        std::slice::from_ref(&client),
        tasks,
        move |task, message| {
            let deadline = secs(30);
            queue(task, message).map(|queue| Order { queue, deadline })
        },
    );
    running.end(secs(180)).await?;
    let rate = (model.ended() - before) as f64 / began.elapsed().as_secs_f64();
    client.close().await;
    println!("errors: {}", load.errors());
    broker::drain(node, model).await?;
    Ok(rate)
}
