//! What is set up and looked up at the broker: by a plain lapin connection of its own each time, so that no
//! client under test is asked what it did.

use std::time::Duration;

use futures_util::StreamExt;
use lapin::options::{
    BasicCancelOptions, BasicConsumeOptions, ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection, ConnectionProperties, Consumer};
use steadfast_benches::clock;
use steadfast_benches::model::{Model, Told};
use steadfast_testkit::RabbitNode;
use tokio::time::{sleep, timeout};

use crate::findings::Failure;
use crate::support::{millis, secs};

/// As long as the broker may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection with one channel.
pub(crate) struct Visit {
    connection: Connection,
    pub(crate) channel: Channel,
}

impl Visit {
    pub(crate) async fn to(node: &RabbitNode) -> Result<Self, Failure> {
        let connect = async {
            let connection =
                Connection::connect(&node.uri(), ConnectionProperties::default()).await?;
            let channel = connection.create_channel().await?;
            Ok::<_, lapin::Error>(Self {
                connection,
                channel,
            })
        };
        Ok(timeout(PATIENCE, connect).await??)
    }

    pub(crate) async fn end(self) -> Result<(), Failure> {
        Ok(timeout(PATIENCE, self.connection.close(200, "done".into())).await??)
    }

    pub(crate) async fn declare(
        &self,
        queue: &str,
        arguments: &[(&str, &str)],
    ) -> Result<(), Failure> {
        let mut table = FieldTable::default();
        for &(name, value) in arguments {
            let value = match value.parse::<i32>() {
                Ok(number) => AMQPValue::LongInt(number),
                Err(_) => AMQPValue::LongString(value.into()),
            };
            table.insert(name.into(), value);
        }
        let options = QueueDeclareOptions::durable();
        let declare = self.channel.queue_declare(queue.into(), options, table);
        timeout(PATIENCE, declare).await??;
        Ok(())
    }

    /// Fills a queue with messages of no number.
    pub(crate) async fn fill(&self, queue: &str, messages: usize) -> Result<(), Failure> {
        let options = ConfirmSelectOptions::default();
        self.channel.confirm_select(options).await?;
        for _ in 0..messages {
            let confirm = self
                .channel
                .basic_publish(
                    "".into(),
                    queue.into(),
                    Default::default(),
                    b"filling",
                    Default::default(),
                )
                .await?;
            drop(confirm);
        }
        timeout(PATIENCE, self.channel.wait_for_confirms()).await??;
        Ok(())
    }

    async fn ready(&self, queue: &str) -> Result<u32, Failure> {
        let options = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::default()
        };
        let declare = self
            .channel
            .queue_declare(queue.into(), options, FieldTable::default());
        Ok(timeout(PATIENCE, declare).await??.message_count())
    }
}

/// Declares one queue.
pub(crate) async fn declare(
    node: &RabbitNode,
    queue: &str,
    arguments: &[(&str, &str)],
) -> Result<(), Failure> {
    let visit = Visit::to(node).await?;
    visit.declare(queue, arguments).await?;
    visit.end().await
}

/// Declares a queue that rejects everything: it has room for one message, which it has.
pub(crate) async fn declare_full(
    node: &RabbitNode,
    model: &Model,
    queue: u8,
) -> Result<(), Failure> {
    let name = model.name_of(queue);
    let visit = Visit::to(node).await?;
    let full = [("x-max-length", "1"), ("x-overflow", "reject-publish")];
    visit.declare(name, &full).await?;
    let stone = model.begin(queue).ok_or("no place in the book")?;
    let options = ConfirmSelectOptions::default();
    visit.channel.confirm_select(options).await?;
    let body = body_of(stone, 0);
    let publish = visit.channel.basic_publish(
        "".into(),
        name.into(),
        Default::default(),
        &body,
        Default::default(),
    );
    let confirmed = publish.await?.await?;
    if !confirmed.is_ack() {
        return Err("the stone was not taken".into());
    }
    model.told(stone, Told::Confirmed, Duration::ZERO);
    visit.end().await
}

/// A message's body: its number, and as many bytes more as are asked for.
pub(crate) fn body_of(number: usize, filling: usize) -> Vec<u8> {
    let mut body = format!("{number:08} ").into_bytes();
    body.resize(body.len() + filling, b'.');
    body
}

fn number_in(body: &[u8]) -> Option<usize> {
    let digits = body.split(|byte| *byte == b' ').next()?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Takes everything out of the queues of a model that there are, and enters it in the book.
pub(crate) async fn drain(node: &RabbitNode, model: &Model) -> Result<(), Failure> {
    for (index, queue) in (0_u8..).zip(model.queues()) {
        let began = clock::now();
        loop {
            let visit = Visit::to(node).await?;
            let Ok(ready) = visit.ready(queue.name).await else {
                // The place of a queue that does not exist. The broker has closed the channel.
                break visit.end().await?;
            };
            let found = empty(&visit, model, index, secs(60)).await?;
            let left = visit.ready(queue.name).await?;
            visit.end().await?;
            // What came in while it was counted is seen in the next round.
            if found == 0 && ready == 0 && left == 0 {
                break;
            }
            if began.elapsed() > secs(120) {
                return Err(format!("{left} messages left in {}", queue.name).into());
            }
            sleep(millis(100)).await;
        }
    }
    Ok(())
}

/// Takes out what there is while messages go on to come in.
pub(crate) async fn skim(
    node: &RabbitNode,
    model: &Model,
    at_most: Duration,
) -> Result<(), Failure> {
    let visit = Visit::to(node).await?;
    for (index, _) in (0_u8..).zip(model.queues()) {
        empty(&visit, model, index, at_most).await?;
    }
    visit.end().await
}

/// Consumes until nothing comes for a while, or time is up. Nothing is lost: what is on its way when the consumer is
/// cancelled is still read.
async fn empty(
    visit: &Visit,
    model: &Model,
    index: u8,
    at_most: Duration,
) -> Result<usize, Failure> {
    let began = clock::now();
    let name = model.name_of(index);
    let options = BasicConsumeOptions {
        no_ack: true,
        ..BasicConsumeOptions::default()
    };
    let tag = "drain";
    let mut consumer: Consumer = visit
        .channel
        .basic_consume(name.into(), tag.into(), options, FieldTable::default())
        .await?;
    let mut found = 0;
    let mut take = |delivery: lapin::message::Delivery| {
        model.found(index, number_in(&delivery.data), delivery.redelivered);
        found += 1;
    };
    while began.elapsed() < at_most {
        match timeout(millis(500), consumer.next()).await {
            Ok(Some(delivery)) => take(delivery?),
            _ => break,
        }
    }
    let options = BasicCancelOptions::default();
    visit.channel.basic_cancel(tag.into(), options).await?;
    while let Some(delivery) = timeout(PATIENCE, consumer.next()).await? {
        take(delivery?);
    }
    Ok(found)
}
