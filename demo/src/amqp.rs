//! The AMQP half: planned messages to a broker that is killed in the middle.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lapin::options::{
    BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties};
use parking_lot::Mutex;
use steadfast::amqp::{Message, Publisher, ResilientConnection};
use steadfast_testkit::RabbitNode;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout};

use crate::clock;
use crate::plan::Plan;
use crate::report::Amqp;
use crate::storm::BROKER_KILL;

/// How long one publish may take, for both clients.
const PUBLISH_DEADLINE: Duration = Duration::from_secs(20);

/// Publishes at the same time.
const WORKERS: usize = 16;

/// Persistent, in AMQP's words.
const PERSISTENT: u8 = 2;

/// Which client publishes.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Bare,
    Steadfast(ResilientConnection),
}

/// Counts that the progress line shows while the run goes on.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) confirmed: AtomicUsize,
    pub(crate) failed: AtomicUsize,
    pub(crate) broker_down: AtomicBool,
}

/// The connected client, one publisher for each worker, and the queue of this run.
pub(crate) struct Publishers {
    queue: String,
    workers: Vec<Worker>,
    /// Kept until the end: dropping it closes the channels.
    _connection: Kept,
}

enum Worker {
    Bare(Channel),
    Steadfast(Publisher),
}

#[expect(dead_code, reason = "held for its Drop")]
enum Kept {
    Bare(Box<Connection>),
    Steadfast(ResilientConnection),
}

impl Publishers {
    pub(crate) async fn connect(
        kind: Kind,
        uri: &str,
        label: &str,
    ) -> Result<Self, Box<dyn Error>> {
        let queue = format!("demo-{label}");
        declare(uri, &queue).await?;
        let (workers, connection) = match kind {
            Kind::Bare => {
                let connection =
                    Connection::connect(uri, ConnectionProperties::default().enable_auto_recover())
                        .await?;
                let mut workers = Vec::new();
                for _ in 0..WORKERS {
                    let channel = connection.create_channel().await?;
                    channel
                        .confirm_select(ConfirmSelectOptions::default())
                        .await?;
                    workers.push(Worker::Bare(channel));
                }
                (workers, Kept::Bare(Box::new(connection)))
            }
            Kind::Steadfast(connection) => {
                let publisher = connection
                    .publisher_builder("demo")
                    .deadline(PUBLISH_DEADLINE)
                    .build()?;
                let workers = (0..WORKERS)
                    .map(|_| Worker::Steadfast(publisher.clone()))
                    .collect();
                (workers, Kept::Steadfast(connection))
            }
        };
        Ok(Self {
            queue,
            workers,
            _connection: connection,
        })
    }
}

impl Worker {
    /// Whether the broker confirmed the message.
    async fn confirms(&self, queue: &str, id: usize) -> bool {
        let body = id.to_string().into_bytes();
        match self {
            Self::Bare(channel) => {
                let publish = async {
                    let confirm = channel
                        .basic_publish(
                            "".into(),
                            queue.into(),
                            BasicPublishOptions::default(),
                            &body,
                            BasicProperties::default().with_delivery_mode(PERSISTENT),
                        )
                        .await?;
                    confirm.await
                };
                matches!(
                    timeout(PUBLISH_DEADLINE, publish).await,
                    Ok(Ok(Confirmation::Ack(None)))
                )
            }
            Self::Steadfast(publisher) => publisher
                .publish(Message::new("", queue, body))
                .await
                .is_ok(),
        }
    }
}

/// Publishes the plan's messages, kills the broker on the way and counts what is in the queue at the end.
pub(crate) async fn run(
    plan: &Plan,
    publishers: Publishers,
    node: &RabbitNode,
    progress: &Arc<Progress>,
    start: Instant,
) -> Result<Amqp, Box<dyn Error>> {
    let (sender, inbox) = mpsc::unbounded_channel();
    let inbox = Arc::new(tokio::sync::Mutex::new(inbox));
    let confirms = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = JoinSet::new();
    for worker in publishers.workers {
        let (inbox, confirms) = (Arc::clone(&inbox), Arc::clone(&confirms));
        let (progress, queue) = (Arc::clone(progress), publishers.queue.clone());
        tasks.spawn(async move {
            loop {
                let next = inbox.lock().await.recv().await;
                let Some(id) = next else { return };
                if worker.confirms(&queue, id).await {
                    confirms.lock().push((id, clock::now()));
                    progress.confirmed.fetch_add(1, Ordering::Relaxed);
                } else {
                    progress.failed.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    let feed = async {
        for (id, at) in plan.messages.iter().enumerate() {
            sleep_until((start + *at).into()).await;
            let _ = sender.send(id);
        }
        drop(sender);
    };
    let ((), ready) = tokio::join!(feed, kill_and_restart(node, progress, start));
    let ready = ready?;
    tasks.join_all().await;
    let arrived = drain(&node.uri(), &publishers.queue).await?;
    let confirms = confirms.lock();
    Ok(Amqp {
        messages: plan.messages.len(),
        confirmed: confirms.len(),
        failed: progress.failed.load(Ordering::Relaxed),
        lost: confirms
            .iter()
            .filter(|(id, _)| !arrived.contains_key(id))
            .count(),
        duplicated: arrived.values().filter(|times| **times > 1).count(),
        recovered: confirms
            .iter()
            .filter(|(_, at)| *at >= ready)
            .map(|(_, at)| *at - ready)
            .min(),
    })
}

/// Kill -9 at its moment, then a restart; tells when the broker was ready again.
async fn kill_and_restart(
    node: &RabbitNode,
    progress: &Progress,
    start: Instant,
) -> Result<Instant, Box<dyn Error>> {
    sleep_until((start + BROKER_KILL).into()).await;
    progress.broker_down.store(true, Ordering::Relaxed);
    node.kill9();
    node.restart().await?;
    progress.broker_down.store(false, Ordering::Relaxed);
    Ok(clock::now())
}

async fn declare(uri: &str, queue: &str) -> lapin::Result<()> {
    let connection = Connection::connect(uri, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    channel
        .queue_declare(
            queue.into(),
            QueueDeclareOptions::durable(),
            FieldTable::default(),
        )
        .await?;
    connection.close(200, "declared".into()).await
}

/// Takes everything out of the queue: how often each message was in it.
async fn drain(uri: &str, queue: &str) -> Result<HashMap<usize, usize>, Box<dyn Error>> {
    let connection = Connection::connect(uri, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    let mut arrived = HashMap::new();
    while let Some(message) = channel
        .basic_get(queue.into(), BasicGetOptions { no_ack: true })
        .await?
    {
        let id: usize = std::str::from_utf8(&message.delivery.data)?.parse()?;
        *arrived.entry(id).or_default() += 1;
    }
    connection.close(200, "drained".into()).await?;
    Ok(arrived)
}
