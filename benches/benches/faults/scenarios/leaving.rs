//! F11: everything is closed and dropped while the broker is down. Then it comes back.

use futures_util::StreamExt;
use lapin::Channel;
use lapin::options::BasicConsumeOptions;
use lapin::types::FieldTable;
use steadfast_amqp::Purpose;
use steadfast_testkit::RabbitNode;
use tokio::time::{sleep, timeout};

use super::Outcome;
use crate::broker::{self, Visit};
use crate::clients::{Client, Kind};
use crate::findings::{Failure, Findings};
use crate::plan::Plan;
use crate::support::{lapin_threads, must, secs, settled};

const QUEUE: &str = "left";
const MESSAGES: usize = 10;

pub(crate) async fn run(kind: Kind, _: Plan) -> Outcome {
    let node = RabbitNode::start().await?;
    broker::declare(&node, QUEUE, &[]).await?;
    sleep(secs(4)).await;
    let before = settled().await;
    let closed = Client::connect(kind, &node.uri()).await?;
    let dropped = Client::connect(kind, &node.uri()).await?;
    let consumers = [consume(&closed).await?, consume(&dropped).await?];
    if node.consumer_count(QUEUE).await? != 2 {
        return Err("the consumers are not there".into());
    }
    node.kill9();
    sleep(secs(1)).await;
    drop(consumers);
    closed.close().await;
    drop(dropped);
    node.restart().await?;
    sleep(secs(10)).await;

    let listed = node.ctl(&["list_connections", "pid"]).await?;
    let connections = listed.lines().filter(|line| line.starts_with('<')).count();
    let consumers = node.consumer_count(QUEUE).await?;
    let visit = Visit::to(&node).await?;
    visit.fill(QUEUE, MESSAGES).await?;
    visit.end().await?;
    sleep(secs(2)).await;
    let ready = node.queue_depth(QUEUE).await?;
    let ended = must("threads end", secs(5), || lapin_threads() == 0).await;
    let after = settled().await;

    let mut findings = Findings::default();
    findings.none("connections at the broker 10 s later", connections as u64);
    findings.none("consumers of the queue", consumers);
    findings.row(
        "of 10 messages published then, ready",
        MESSAGES,
        ready,
        ready == MESSAGES as u64,
    );
    findings.row(
        "threads more than before",
        "0",
        after.threads_since(&before),
        ended.is_ok() && after.threads <= before.threads,
    );
    Ok(findings)
}

/// A consumer that an application has: a task that reads it, aborted when the application lets go of it.
async fn consume(client: &Client) -> Result<Reader, Failure> {
    let (channel, kept): (Channel, Option<_>) = match client {
        Client::Steadfast(client) => {
            let channel = client.connection.get_channel(Purpose::Consume).await?;
            ((*channel).clone(), Some(channel))
        }
        Client::Lapin(client) => (client.connection.create_channel().await?, None),
    };
    let options = BasicConsumeOptions::default();
    let consume = channel.basic_consume(QUEUE.into(), "".into(), options, FieldTable::default());
    let mut consumer = timeout(secs(10), consume).await??;
    let task = tokio::spawn(async move {
        let _kept = (channel, kept);
        while consumer.next().await.is_some() {}
    });
    Ok(Reader(task))
}

struct Reader(tokio::task::JoinHandle<()>);

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.abort();
    }
}
