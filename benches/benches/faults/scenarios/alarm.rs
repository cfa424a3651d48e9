//! F5: the broker is short of memory and takes nothing for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::StreamExt;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use steadfast_amqp::{PooledChannel, Purpose};
use steadfast_benches::footprint::Footprint;
use steadfast_benches::model::{Model, Queue};
use steadfast_testkit::RabbitNode;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::Outcome;
use crate::broker::{self, Visit};
use crate::clients::{Bare, Client, Kind, Ours, properties};
use crate::findings::{Failure, Findings};
use crate::load::{Load, Order};
use crate::plan::Plan;
use crate::support::{millis, must, secs};

const PUBLISHERS: usize = 8;
/// Of each publisher, at the same time.
const AT_ONCE: usize = 20;
const QUEUE: &str = "alarmed";
/// What is there to be consumed meanwhile, and what is to be handled at a time.
const STOCK: usize = 20_000;
const PREFETCH: u16 = 10;

pub(crate) async fn run(kind: Kind, plan: Plan) -> Outcome {
    let each = plan.messages(1_000);
    let total = PUBLISHERS * each;
    let model = Arc::new(Model::new(&[Queue::open(QUEUE)], total));
    let node = RabbitNode::start().await?;
    let visit = Visit::to(&node).await?;
    visit.declare(QUEUE, &[]).await?;
    visit.declare("stock", &[]).await?;
    visit.fill("stock", STOCK).await?;
    visit.end().await?;

    let clients = publishers(kind, &node).await?;
    let consumer = Consumer::start(&clients[0], &node).await?;
    let mut load = Load::on(&model, secs(1));
    load.filling = 1_024;
    load.pause = millis(100);
    let share = each / AT_ONCE;
    let tasks = load.start(&clients, PUBLISHERS * AT_ONCE, move |task, message| {
        // Half of the publishers cannot wait for the end of the alarm.
        let deadline = if task % 2 == 0 { secs(2) } else { secs(60) };
        (message < share).then_some(Order { queue: 0, deadline })
    });
    must("a fifth is published", secs(30), || {
        model.ended() > total as u64 / 5
    })
    .await?;
    let before = Footprint::now();
    node.memory_alarm(true).await?;
    let handled = consumer.handled();
    sleep(secs(20)).await;
    let handled = consumer.handled() - handled;
    let during = Footprint::now();
    println!("alarm: {} of {total} have an answer", model.ended());
    node.memory_alarm(false).await?;
    tasks.end(secs(120)).await?;
    // What a client still has to send is to be sent.
    sleep(secs(3)).await;
    drop(consumer);
    for client in clients {
        client.close().await;
    }
    println!("errors: {}", load.errors());
    broker::drain(&node, &model).await?;

    let report = model.report();
    let mut findings = Findings::default();
    let given_up = report.blocked + report.hung;
    findings.row(
        "blocked or given up on at the deadline",
        "some",
        given_up,
        given_up > 0,
    );
    findings.none(
        "of these, delivered after the alarm",
        report.blocked_found + report.hung_found,
    );
    findings.row(
        "on the wire at the alarm, without an answer",
        format!("at most {}", PUBLISHERS * AT_ONCE),
        report.ambiguous,
        report.ambiguous <= (PUBLISHERS * AT_ONCE) as u64,
    );
    findings.row(
        "consumed and acknowledged during the alarm",
        "1,000 at least",
        handled,
        handled >= 1_000,
    );
    findings.row(
        "memory during the alarm",
        "+5 MiB at most",
        format!("{:+.1} MiB", during.mib_since(&before)),
        during.mib_since(&before) <= 5.0,
    );
    findings.model(&report);
    Ok(findings)
}

/// Eight publishers on one connection, each with channels of its own.
async fn publishers(kind: Kind, node: &RabbitNode) -> Result<Vec<Client>, Failure> {
    let first = Client::connect(kind, &node.uri()).await?;
    let mut clients = Vec::new();
    for number in 0..PUBLISHERS {
        clients.push(match &first {
            Client::Steadfast(first) => {
                let connection = first.connection.clone();
                let builder = connection.publisher_builder(format!("publisher {number}"));
                let publisher = builder.build()?;
                Client::Steadfast(Ours {
                    connection,
                    publisher,
                })
            }
            Client::Lapin(first) => Client::Lapin(first.sibling().await?),
        });
    }
    Ok(clients)
}

/// Consumes one message each millisecond, and acknowledges each. Ours has a second connection for channels
/// that consume; lapin is given one, as RabbitMQ's documentation asks.
struct Consumer {
    handled: Arc<AtomicU64>,
    task: JoinHandle<()>,
    _kept: Kept,
}

#[expect(dead_code, reason = "held for its Drop")]
enum Kept {
    Ours(PooledChannel),
    Lapin(Bare),
}

impl Consumer {
    async fn start(client: &Client, node: &RabbitNode) -> Result<Self, Failure> {
        match client {
            Client::Steadfast(client) => {
                let channel = client.connection.get_channel(Purpose::Consume).await?;
                let consumer = subscribe(&channel).await?;
                Ok(Self::read(consumer, Kept::Ours(channel)))
            }
            Client::Lapin(_) => {
                let bare = Bare::connect_with(&node.uri(), properties()).await?;
                let consumer = subscribe(&bare.channel).await?;
                Ok(Self::read(consumer, Kept::Lapin(bare)))
            }
        }
    }

    fn read(mut consumer: lapin::Consumer, kept: Kept) -> Self {
        let handled = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&handled);
        let task = tokio::spawn(async move {
            while let Some(Ok(delivery)) = consumer.next().await {
                sleep(millis(1)).await;
                if delivery.ack(BasicAckOptions::default()).await.is_err() {
                    return;
                }
                counter.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self {
            handled,
            task,
            _kept: kept,
        }
    }

    /// As only ten are delivered unacknowledged, the broker has had all but ten of these acknowledgements.
    fn handled(&self) -> u64 {
        self.handled.load(Ordering::Relaxed)
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn subscribe(channel: &lapin::Channel) -> Result<lapin::Consumer, Failure> {
    let options = BasicQosOptions::default();
    channel.basic_qos(PREFETCH, options).await?;
    let options = BasicConsumeOptions::default();
    let consume = channel.basic_consume("stock".into(), "".into(), options, FieldTable::default());
    Ok(consume.await?)
}
