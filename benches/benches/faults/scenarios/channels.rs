//! F8, the publisher's side: what the broker closes a channel for costs that channel and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lapin::options::QueueDeclareOptions;
use lapin::types::{AMQPValue, FieldTable};
use steadfast_amqp::{
    AmqpError, Message, PooledChannel, PublishError, Published, Publisher, Purpose,
};
use steadfast_benches::model::{Model, Queue};
use steadfast_breaker::State;
use steadfast_testkit::RabbitNode;
use tokio::task::JoinSet;

use super::Outcome;
use crate::broker;
use crate::clients::{Client, Kind, Ours, builder};
use crate::findings::Findings;
use crate::load::{Load, Order};
use crate::plan::Plan;
use crate::support::{millis, must, secs};

const QUEUE: &str = "sound";
/// With the declarations less than the 2,047 channels of a connection: lapin does not open a channel of the
/// number of one that was closed over an error.
const MISSING: usize = 1_600;
const DECLARED: u64 = 200;
/// Beyond them, when the connection has to be replaced.
const MORE: usize = 1_000;

pub(crate) async fn run(_: Kind, _: Plan) -> Outcome {
    let model = Arc::new(Model::new(&[Queue::open(QUEUE)], 200_000));
    let node = RabbitNode::start().await?;
    broker::declare(&node, QUEUE, &[]).await?;
    let connection = builder("channels", &node.uri()).connect().await?;
    let ours = Ours::on(connection.clone());
    let publisher = ours.publisher.clone();
    let client = [Client::Steadfast(ours)];
    let held = connection.get_channel(Purpose::Admin).await?;
    let mut load = Load::on(&model, secs(1));
    load.pause = millis(1);
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let tasks = load.start(&client, 8, move |_, _| {
        let deadline = secs(20);
        let go_on = !stopped.load(Ordering::Relaxed);
        go_on.then_some(Order { queue: 0, deadline })
    });
    must("it is under way", secs(10), || model.confirmed() > 200).await?;

    let bad = publish_to_nowhere(&publisher, MISSING);
    let (mut refused, mut replaced) = (0, 0);
    for _ in 0..DECLARED {
        let channel = connection.get_channel(Purpose::Admin).await?;
        refused += u64::from(declares_otherwise(&channel).await);
        drop(channel);
        let next = connection.get_channel(Purpose::Admin).await?;
        replaced += u64::from(is_usable(&next).await);
    }
    let told: usize = bad.join_all().await.into_iter().sum();
    let before = model.confirmed();
    must("it goes on", secs(10), || model.confirmed() > before + 100).await?;
    let held_on = is_usable(&held).await;
    let snapshot = connection.snapshot();
    let breaker = connection.breaker().state();
    let epoch = connection.epoch().map_or(0, |epoch| epoch.number());
    let more = publish_to_nowhere(&publisher, MORE).join_all().await;
    let more: usize = more.into_iter().sum();
    let later = connection.snapshot();
    let later = later.epoch.map_or(0, |epoch| epoch.number());
    stop.store(true, Ordering::Relaxed);
    tasks.end(secs(30)).await?;
    drop((held, publisher, connection));
    let [client] = client;
    client.close().await;
    println!("errors: {}", load.errors());
    broker::drain(&node, &model).await?;

    let mut findings = Findings::default();
    findings.row(
        "published to no exchange, and told 404",
        format!("{MISSING} of {MISSING}"),
        format!("{told} of {MISSING}"),
        told == MISSING,
    );
    let all = format!("{DECLARED} of {DECLARED}");
    findings.row(
        "declared with other arguments, and told 406",
        &all,
        format!("{refused} of {DECLARED}"),
        refused == DECLARED,
    );
    findings.row(
        "the next channel from the pool is sound",
        &all,
        format!("{replaced} of {DECLARED}"),
        replaced == DECLARED,
    );
    let yes = if held_on { "yes" } else { "no" };
    findings.row("a channel held meanwhile is sound", "yes", yes, held_on);
    findings.row("connections", "1", epoch, epoch == 1);
    findings.none("counted by the breaker", snapshot.breaker.totals.failure);
    let closed = breaker == State::Closed;
    findings.row("breaker", "closed", format!("{breaker:?}"), closed);
    findings.row(
        "more to no exchange than lapin has channels",
        format!("{MORE} of {MORE} told 404"),
        format!("{more} of {MORE}"),
        more == MORE,
    );
    findings.note("connections after that", later);
    let report = model.report();
    let other = report.published - report.confirmed;
    findings.none("other publishes that were not confirmed", other);
    findings.model(&report);
    Ok(findings)
}

/// Four tasks; each tells how often it was told 404.
fn publish_to_nowhere(publisher: &Publisher, messages: usize) -> JoinSet<usize> {
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        let publisher = publisher.clone();
        tasks.spawn(async move {
            let mut told = 0;
            for _ in 0..messages / 4 {
                let message = Message::new("no-such-exchange", "key", "bad");
                let answer = publisher.publish(message).await;
                told += usize::from(is_404(&answer));
            }
            told
        });
    }
    tasks
}

fn is_404(answer: &Result<Published, PublishError>) -> bool {
    let Err(PublishError::Amqp(closed)) = answer else {
        return false;
    };
    matches!(closed, AmqpError::ChannelClosed { code: 404, .. })
}

/// Whether the broker refuses it as it should.
async fn declares_otherwise(channel: &PooledChannel) -> bool {
    let mut arguments = FieldTable::default();
    arguments.insert("x-max-length".into(), AMQPValue::LongInt(7));
    let options = QueueDeclareOptions::durable();
    let declared = channel
        .queue_declare(QUEUE.into(), options, arguments)
        .await;
    declared.is_err_and(|error| error.to_string().contains("PRECONDITION"))
}

async fn is_usable(channel: &PooledChannel) -> bool {
    let options = QueueDeclareOptions {
        passive: true,
        ..QueueDeclareOptions::default()
    };
    let declare = channel.queue_declare(QUEUE.into(), options, FieldTable::default());
    channel.is_current() && declare.await.is_ok()
}
