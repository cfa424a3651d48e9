//! F1: the broker is killed five times while messages are published.

use std::sync::Arc;

use steadfast_benches::clock;
use steadfast_benches::footprint::Footprint;
use steadfast_benches::model::{Model, Queue};
use steadfast_testkit::RabbitNode;
use tokio::time::sleep;

use super::Outcome;
use crate::broker;
use crate::clients::{Client, Kind};
use crate::findings::Findings;
use crate::load::{Load, Order};
use crate::plan::Plan;
use crate::support::{must, secs, settled, shown, until};

/// Messages at the same time.
const TASKS: usize = 256;
const KILLS: u64 = 5;

pub(crate) async fn classic(kind: Kind, plan: Plan) -> Outcome {
    run(kind, plan, "classic").await
}

pub(crate) async fn quorum(kind: Kind, plan: Plan) -> Outcome {
    run(kind, plan, "quorum").await
}

async fn run(kind: Kind, plan: Plan, queue: &'static str) -> Outcome {
    let total = plan.messages(100_000);
    let model = Arc::new(Model::new(&[Queue::open(queue)], total));
    let node = RabbitNode::start().await?;
    broker::declare(&node, queue, &[("x-queue-type", queue)]).await?;
    // RabbitMQ 3.10 writes down the members of a quorum queue up to 3 s after it has declared it. Killed
    // before that, it comes back with a queue that has no leader for good.
    sleep(secs(4)).await;
    let client = Client::connect(kind, &node.uri()).await?;
    let before = settled().await;
    let load = Load::on(&model, secs(5));
    let began = clock::now();
    let tasks = load.start(std::slice::from_ref(&client), TASKS, |_, _| {
        Some(Order {
            queue: 0,
            deadline: secs(60),
        })
    });
    let mut back = Vec::new();
    for kill in 1..=KILLS {
        let mark = total as u64 * kill / (KILLS + 1);
        must("the next part is through", secs(180), || {
            model.ended() >= mark
        })
        .await?;
        node.kill9();
        let confirmed = model.confirmed();
        node.restart().await?;
        back.push(until(secs(30), || model.confirmed() > confirmed).await);
        println!(
            "kill {kill}: confirmed again {}",
            shown(back[back.len() - 1])
        );
    }
    tasks.end(secs(180)).await?;
    let took = began.elapsed();
    let after = settled().await;
    client.close().await;
    println!("errors: {}", load.errors());
    broker::drain(&node, &model).await?;
    let left = settled().await;
    Ok(findings(
        &model,
        &back,
        took.as_secs(),
        &[before, after, left],
    ))
}

fn findings(
    model: &Model,
    back: &[Option<std::time::Duration>],
    took: u64,
    footprints: &[Footprint; 3],
) -> Findings {
    let mut findings = Findings::default();
    findings.model(&model.report());
    let slowest = back
        .iter()
        .copied()
        .max_by_key(|time| time.unwrap_or(secs(999)));
    let slowest = slowest.flatten();
    findings.note("confirmed again after a restart, at most", shown(slowest));
    let [before, after, left] = footprints;
    let more = after.threads_since(before) as u64;
    findings.none("threads more than before", more);
    let ghosts = left.threads >= before.threads;
    findings.row(
        "threads after closing it",
        "fewer",
        format!("{} of {}", left.threads, before.threads),
        !ghosts,
    );
    findings.note("memory", format!("{:+.1} MiB", after.mib_since(before)));
    findings.note("took", format!("{took} s, restarts included"));
    findings
}
