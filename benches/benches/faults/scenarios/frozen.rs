//! F4: the broker stops where it stands, for half a minute: connections stay open and nothing is answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use steadfast_benches::footprint::Footprint;
use steadfast_benches::model::{Model, Queue};
use steadfast_testkit::RabbitNode;
use tokio::time::sleep;

use super::Outcome;
use crate::broker;
use crate::clients::{Client, Kind, Ours, builder};
use crate::findings::Findings;
use crate::load::{Asker, Load, Order};
use crate::plan::Plan;
use crate::support::{in_words, millis, must, secs, settled, shown, until};

const QUEUE: &str = "frozen";

pub(crate) async fn run(_: Kind, _: Plan) -> Outcome {
    let model = Arc::new(Model::new(&[Queue::open(QUEUE)], 20_000));
    let node = RabbitNode::start().await?;
    broker::declare(&node, QUEUE, &[]).await?;
    let connection = builder("frozen", &node.uri()).heartbeat(secs(4));
    let connection = connection.connect().await?;
    let client = [Client::Steadfast(Ours::on(connection.clone()))];
    let mut load = Load::on(&model, secs(1));
    load.pause = millis(50);
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let tasks = load.start(&client, 8, move |_, _| {
        let deadline = secs(3);
        let go_on = !stopped.load(Ordering::Relaxed);
        go_on.then_some(Order { queue: 0, deadline })
    });
    must("it is under way", secs(10), || model.confirmed() > 200).await?;
    let before = settled().await;
    let attempts = connection.snapshot().totals.attempts;

    node.freeze();
    let asker = Asker::start(&connection);
    let most = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&most);
    let counting = tokio::spawn(async move {
        loop {
            counter.fetch_max(Footprint::now().threads, Ordering::Relaxed);
            sleep(millis(20)).await;
        }
    });
    let noticed = until(secs(20), || connection.epoch().is_none()).await;
    sleep(secs(30).saturating_sub(noticed.unwrap_or(secs(20)))).await;
    counting.abort();
    let worst = asker.worst();
    let attempts = connection.snapshot().totals.attempts - attempts;
    node.thaw();
    let back = until(secs(20), || connection.state().is_connected()).await;
    let confirmed = model.confirmed();
    let confirms = until(secs(20), || model.confirmed() > confirmed).await;
    stop.store(true, Ordering::Relaxed);
    tasks.end(secs(20)).await?;
    drop(asker);
    let after = settled().await;
    drop(connection);
    let [client] = client;
    client.close().await;
    println!("errors: {}", load.errors());
    broker::drain(&node, &model).await?;

    let mut findings = Findings::default();
    findings.row(
        "loss noticed, heartbeat of 4 s",
        "8.5 s at most",
        shown(noticed),
        noticed.is_some_and(|time| time <= millis(8_500)),
    );
    findings.row(
        "longest get_channel, checkout timeout of 5 s",
        "5.1 s at most",
        in_words(worst),
        worst <= millis(5_100),
    );
    let threads = most.load(Ordering::Relaxed).saturating_sub(before.threads);
    findings.row(
        "threads more while frozen",
        "4 at most",
        threads,
        threads <= 4,
    );
    findings.none(
        "threads more afterwards",
        after.threads_since(&before) as u64,
    );
    findings.row(
        "connected again after it goes on",
        "2 s at most",
        shown(back),
        back.is_some_and(|time| time <= secs(2)),
    );
    findings.note("and confirmed again", shown(confirms));
    findings.note("attempts to connect while frozen", attempts);
    findings.model(&model.report());
    Ok(findings)
}
