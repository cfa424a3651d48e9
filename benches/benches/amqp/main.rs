//! Confirmed publishes and channels, ours beside bare lapin's: same broker, same run, one interleaved turn
//! after the other. `cargo xtask ratios amqp`; it starts a private RabbitMQ node.
//!
//! As a test, without RabbitMQ perhaps, it only says what it would do.

#![expect(clippy::print_stdout, reason = "its lines are what it is for")]

mod bare;
mod ours;

use std::sync::Arc;
use std::time::Duration;

use steadfast_amqp::lapin::types::{AMQPValue, FieldTable};
use steadfast_benches::{Case, Effort, clock, take_turns};
use steadfast_testkit::RabbitNode;
use tokio::runtime::Runtime;

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("it measures with `cargo xtask ratios amqp` only");
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let runtime = Arc::new(runtime);
    let node = runtime
        .block_on(RabbitNode::start())
        .expect("RabbitMQ starts");
    let lapin = runtime.block_on(bare::Bare::connect(&node.uri()));
    let lapin = Arc::new(lapin);
    let ours = Arc::new(runtime.block_on(ours::Ours::connect(&node.uri())));

    let mut cases = vec![
        case(
            "amqp_publish_one_by_one",
            &runtime,
            &ours,
            &lapin,
            |it, n| Box::pin(it.one_by_one(n)),
            |it, n| Box::pin(it.one_by_one(n)),
        ),
        case(
            "amqp_send_256_in_flight",
            &runtime,
            &ours,
            &lapin,
            |it, n| Box::pin(it.sent(n, 256)),
            |it, n| Box::pin(it.pipelined(n, 256)),
        ),
        case(
            "amqp_publish_256_in_flight",
            &runtime,
            &ours,
            &lapin,
            |it, n| Box::pin(it.at_once(n, 256)),
            |it, n| Box::pin(it.pipelined(n, 256)),
        ),
        case(
            "amqp_publish_20_tasks",
            &runtime,
            &ours,
            &lapin,
            |it, n| Box::pin(it.tasks(n, 20)),
            |it, n| Box::pin(it.channels(n)),
        ),
        case(
            "amqp_channel",
            &runtime,
            &ours,
            &lapin,
            |it, n| Box::pin(it.checkouts(n)),
            |it, n| Box::pin(it.opened(n)),
        ),
    ];
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-') && word != "amqp")
        .collect();
    cases.retain(|case| words.is_empty() || words.iter().any(|word| case.name().contains(word)));
    for ratio in take_turns(&mut cases, Effort::SOME) {
        println!("{ratio}");
    }
    // The runtime must not be dropped within itself, nor before the connections.
    drop((cases, ours, lapin, node));
}

type Work<'a> = std::pin::Pin<Box<dyn Future<Output = ()> + 'a>>;

fn case(
    name: &'static str,
    runtime: &Arc<Runtime>,
    ours: &Arc<ours::Ours>,
    lapin: &Arc<bare::Bare>,
    do_ours: fn(&ours::Ours, u64) -> Work<'_>,
    do_bare: fn(&bare::Bare, u64) -> Work<'_>,
) -> Case {
    let (with, ours) = (Arc::clone(runtime), Arc::clone(ours));
    let our_run = move |times| timed(&with, do_ours(&ours, times));
    let (with, lapin) = (Arc::clone(runtime), Arc::clone(lapin));
    let bare_run = move |times| timed(&with, do_bare(&lapin, times));
    Case::new(name, our_run)
        .beside("lapin", bare_run)
        .with_turns_longer(TURN_OF_MILLIS)
}

fn timed(runtime: &Runtime, work: Work<'_>) -> Duration {
    let began = clock::now();
    runtime.block_on(work);
    began.elapsed()
}

/// A durable queue that forgets the oldest messages, so that it stays as it is however long this runs.
fn arguments() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-max-length".into(), AMQPValue::LongInt(1_000));
    arguments
}

const QUEUE: &str = "ratios";
const BODY: [u8; 256] = [b'x'; 256];
const TURN_OF_MILLIS: u32 = 200;
