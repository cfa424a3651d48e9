//! F2 and F3: the broker is down, for long or only for as long as lapin's recovery is told to try.

use std::sync::Arc;

use futures_util::StreamExt;
use parking_lot::Mutex;
use steadfast_amqp::{Observer, StateChange};
use steadfast_benches::clock;
use steadfast_benches::model::{Model, Queue, Told};
use steadfast_testkit::RabbitNode;
use tokio::time::{sleep, timeout};

use super::Outcome;
use crate::broker;
use crate::clients::{Bare, Client, Kind, Ours, builder, recovering};
use crate::findings::{Failure, Findings};
use crate::load::{Load, Order};
use crate::plan::Plan;
use crate::support::{millis, must, secs, settled, shown, until};

const QUEUE: &str = "outage";
/// Of the breaker in front of connecting: the default, and the longest backoff of `builder`.
const FAILURE_THRESHOLD: u64 = 5;
const OPEN_FOR: u64 = 1;

/// F2.
pub(crate) async fn long(_: Kind, plan: Plan) -> Outcome {
    const WARM: u64 = 1_000;
    const WAITING: usize = 8;
    let model = Arc::new(Model::new(&[Queue::open(QUEUE)], 2_000));
    let node = RabbitNode::start().await?;
    broker::declare(&node, QUEUE, &[]).await?;
    // RabbitMQ 3.10 writes a queue down some time after it has declared it.
    sleep(secs(4)).await;
    let ours = Ours::on(builder("outage", &node.uri()).connect().await?);
    let connection = ours.connection.clone();
    let client = [Client::Steadfast(ours)];
    let load = Load::on(&model, secs(1));
    let deadline = secs(240);
    let order = Order { queue: 0, deadline };
    let warm = move |_, message| (message < WARM as usize / WAITING).then_some(order);
    let tasks = load.start(&client, WAITING, warm);
    tasks.end(secs(60)).await?;

    let up = settled().await;
    node.kill9();
    must("the loss is noticed", secs(5), || {
        connection.epoch().is_none()
    })
    .await?;
    let waiting = load.start(&client, WAITING, move |_, message| {
        (message < 1).then_some(order)
    });
    let down = settled().await;
    let attempts = connection.snapshot().totals.attempts;
    let outage = if plan.quick { secs(20) } else { secs(90) };
    sleep(outage).await;
    let attempts = connection.snapshot().totals.attempts - attempts;
    let during = settled().await;
    node.restart().await?;
    let back = until(secs(30), || model.confirmed() > WARM).await;
    waiting.end(secs(30)).await?;
    let after = settled().await;
    drop(connection);
    let [client] = client;
    client.close().await;
    broker::drain(&node, &model).await?;

    let mut findings = Findings::default();
    findings.row(
        "first confirmation after the broker is ready",
        "3 s at most",
        shown(back),
        back.is_some_and(|time| time <= secs(3)),
    );
    let budget = FAILURE_THRESHOLD + outage.as_secs() / OPEN_FOR + 1;
    findings.row(
        &format!("attempts to connect in {} s", outage.as_secs()),
        format!("{budget} at most"),
        attempts,
        attempts <= budget && attempts > 0,
    );
    // A connection has a thread and 8 MiB of buffers, so one that is down is compared with one that is down.
    let pairs = [
        ("while it is down", &down, &during),
        ("once it is back", &up, &after),
    ];
    for (when, before, now) in pairs {
        let threads = now.threads_since(before) as u64;
        findings.none(&format!("threads more {when}"), threads);
        let memory = now.mib_since(before);
        findings.row(
            &format!("memory {when}"),
            "less than +5 MiB",
            format!("{memory:+.1} MiB"),
            memory < 5.0,
        );
    }
    findings.model(&model.report());
    Ok(findings)
}

/// What the client told of its connection, in words.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    fn push(&self, what: &str) {
        let mut all = self.0.lock();
        if all.last().is_none_or(|last| last != what) && all.len() < 40 {
            all.push(what.to_owned());
        }
    }
}

impl Observer for Heard {
    fn state_changed(&self, change: &StateChange) {
        self.push(change.to.name());
    }
}

/// F3.
pub(crate) async fn short(kind: Kind, _: Plan) -> Outcome {
    let model = Arc::new(Model::new(&[Queue::open(QUEUE)], 1_000));
    let node = RabbitNode::start().await?;
    broker::declare(&node, QUEUE, &[]).await?;
    sleep(secs(4)).await;
    let told = Heard::default();
    let client = [connect(kind, &node, &told).await?];
    let load = Load::on(&model, secs(1));
    let deadline = secs(2);
    let order = Order { queue: 0, deadline };
    if load.publish(&client[0], order).await != Some(Told::Confirmed) {
        return Err("the first message was not confirmed".into());
    }
    told.0.lock().clear();
    node.kill9();
    sleep(secs(4)).await;
    node.restart().await?;
    let ready = clock::now();
    // As an application would: again and again, each for at most three seconds.
    let tries = async {
        loop {
            let answer = load.publish(&client[0], order).await;
            if matches!(
                answer,
                Some(Told::Confirmed | Told::ConfirmedPerhapsTwice) | None
            ) {
                return ready.elapsed();
            }
            sleep(millis(100)).await;
        }
    };
    let back = timeout(secs(20), tries).await.ok();
    sleep(millis(500)).await;
    let heard = told.0.lock().clone();
    let [client] = client;
    client.close().await;
    broker::drain(&node, &model).await?;

    let mut findings = Findings::default();
    findings.row(
        "publishes again after the broker is ready",
        "yes",
        shown(back),
        back.is_some(),
    );
    let states = ["disconnected", "connecting", "connected"];
    let mut rest = heard.iter();
    let in_order = |state: &&str| rest.any(|heard| heard == *state);
    let count = states.iter().copied().filter(in_order).count();
    findings.row(
        "told meanwhile",
        states.join(", "),
        in_short(&heard),
        count == states.len(),
    );
    findings.model(&model.report());
    Ok(findings)
}

async fn connect(kind: Kind, node: &RabbitNode, told: &Heard) -> Result<Client, Failure> {
    Ok(match kind {
        Kind::Steadfast => {
            let builder = builder("outage", &node.uri()).observer(told.clone());
            Client::Steadfast(Ours::on(builder.connect().await?))
        }
        Kind::Lapin => {
            let properties = recovering(|backoff| backoff.with_max_times(3));
            let bare = Bare::connect_with(&node.uri(), properties).await?;
            let (mut events, told) = (bare.connection.events_listener(), told.clone());
            tokio::spawn(async move {
                while let Some(event) = events.next().await {
                    let event = format!("{event:?}").to_lowercase();
                    let word = event.split(['(', '{', ' ']).next();
                    told.push(word.unwrap_or_default());
                }
            });
            Client::Lapin(bare)
        }
    })
}

/// Each state once, where it first was told.
fn in_short(heard: &[String]) -> String {
    let mut short: Vec<&str> = Vec::new();
    for state in heard {
        if !short.contains(&state.as_str()) {
            short.push(state);
        }
    }
    if short.is_empty() {
        "nothing".to_owned()
    } else {
        short.join(", ")
    }
}
