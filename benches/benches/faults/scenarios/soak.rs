//! F20: random faults under load, for as long as was asked for. A seed decides which.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use steadfast_amqp::{Message, Publisher};
use steadfast_benches::footprint::slope;
use steadfast_benches::model::{Model, Queue};
use steadfast_benches::{clock, footprint::Footprint};
use steadfast_testkit::RabbitNode;
use tokio::time::sleep;

use super::Outcome;
use crate::broker;
use crate::clients::{Client, Kind, Ours, builder};
use crate::findings::{Failure, Findings};
use crate::load::{Asker, Load, Order};
use crate::plan::Plan;
use crate::support::{in_words, millis, must, secs, settled};

const TASKS: usize = 16;
const FEW_MINUTES: f64 = 5.0;
/// More than the tasks publish in a second, with their pauses.
const AT_MOST_A_SECOND: usize = 2_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    Kill { down: u64 },
    Freeze { millis: u64 },
    Alarm { millis: u64 },
    ForcedClose,
    ChannelErrors,
}

impl Fault {
    /// One of each, for as long and in such an order as chance has it.
    fn round(rng: &mut StdRng) -> Vec<Self> {
        let mut round = vec![
            Self::Kill {
                down: rng.random_range(0..3_000),
            },
            Self::Freeze {
                millis: rng.random_range(1_000..8_000),
            },
            Self::Alarm {
                millis: rng.random_range(1_000..6_000),
            },
            Self::ForcedClose,
            Self::ChannelErrors,
        ];
        round.shuffle(rng);
        round
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Kill { .. } => "kill -9",
            Self::Freeze { .. } => "SIGSTOP",
            Self::Alarm { .. } => "memory alarm",
            Self::ForcedClose => "forced close",
            Self::ChannelErrors => "channel errors",
        }
    }

    async fn happen(self, node: &RabbitNode, publisher: &Publisher) -> Result<(), Failure> {
        match self {
            Self::Kill { down } => {
                node.kill9();
                sleep(millis(down)).await;
                node.restart().await?;
            }
            Self::Freeze { millis: time } => {
                node.freeze();
                sleep(millis(time)).await;
                node.thaw();
            }
            Self::Alarm { millis: time } => {
                node.memory_alarm(true).await?;
                sleep(millis(time)).await;
                node.memory_alarm(false).await?;
            }
            Self::ForcedClose => {
                node.ctl(&["close_all_connections", "as the seed says"])
                    .await?;
            }
            Self::ChannelErrors => {
                for _ in 0..20 {
                    let message = Message::new("no-such-exchange", "key", "bad");
                    if publisher.publish(message).await.is_ok() {
                        return Err("no exchange, and confirmed".into());
                    }
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill { down: time }
            | Self::Freeze { millis: time }
            | Self::Alarm { millis: time } => write!(f, "{} for {time} ms", self.name()),
            _ => f.write_str(self.name()),
        }
    }
}

pub(crate) async fn run(_: Kind, plan: Plan) -> Outcome {
    println!("seed {}", plan.seed);
    let mut rng = StdRng::seed_from_u64(plan.seed);
    let queues = [Queue::open("classic"), Queue::open("quorum")];
    let total = plan.soak.as_secs() as usize * AT_MOST_A_SECOND;
    let model = Arc::new(Model::new(&queues, total));
    let node = RabbitNode::start().await?;
    for kind in ["classic", "quorum"] {
        broker::declare(&node, kind, &[("x-queue-type", kind)]).await?;
    }
    // As in F1.
    sleep(secs(4)).await;
    let connection = builder("soak", &node.uri()).heartbeat(secs(2));
    let connection = connection.connect().await?;
    let ours = Ours::on(connection.clone());
    let publisher = ours.publisher.clone();
    let client = [Client::Steadfast(ours)];
    let mut load = Load::on(&model, secs(1));
    load.pause = millis(10);
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let tasks = load.start(&client, TASKS, move |task, message| {
        // Some cannot wait for long.
        let deadline = if message % 4 == 0 { secs(2) } else { secs(30) };
        let queue = u8::from(task % 2 == 1);
        let go_on = !stopped.load(Ordering::Relaxed);
        go_on.then_some(Order { queue, deadline })
    });
    let asker = Asker::start(&connection);

    let began = clock::now();
    let mut samples: Vec<(f64, Footprint)> = Vec::new();
    let mut faults: BTreeMap<&str, u32> = BTreeMap::new();
    let mut round = Vec::new();
    while began.elapsed() < plan.soak {
        // All is well at this moment, and stays so while it is looked at.
        let confirmed = model.confirmed();
        must("it confirms again", secs(40), || {
            model.confirmed() > confirmed + 200
        })
        .await?;
        broker::skim(&node, &model, secs(2)).await?;
        let now = settled().await;
        samples.push((began.elapsed().as_secs_f64() / 60.0, now));
        sleep(millis(rng.random_range(0..1_000))).await;
        let fault = match round.pop() {
            Some(fault) => fault,
            None => {
                round = Fault::round(&mut rng);
                round.remove(0)
            }
        };
        println!(
            "{:>4} s, {} threads, {} KiB, {confirmed} confirmed: {fault}",
            began.elapsed().as_secs(),
            now.threads,
            now.kib
        );
        *faults.entry(fault.name()).or_default() += 1;
        fault.happen(&node, &publisher).await?;
    }
    let took = began.elapsed();
    stop.store(true, Ordering::Relaxed);
    tasks.end(secs(60)).await?;
    let worst = asker.worst();
    drop((asker, publisher, connection));
    let [client] = client;
    client.close().await;
    println!("errors: {}", load.errors());
    broker::drain(&node, &model).await?;

    let mut findings = Findings::default();
    let faults: Vec<String> = faults
        .iter()
        .map(|(name, count)| format!("{count} x {name}"))
        .collect();
    findings.note("seed", plan.seed);
    findings.note(
        "faults",
        format!("{} in {} s", faults.join(", "), took.as_secs()),
    );
    flat(&samples, &mut findings);
    findings.row(
        "longest get_channel, checkout timeout of 5 s",
        "5.5 s at most",
        in_words(worst),
        worst <= millis(5_500),
    );
    findings.model(&model.report());
    Ok(findings)
}

/// Memory and threads, at the moments when all was well. The first third warms up. A few minutes are too few
/// for a slope: a single step of the allocator's may be all of it.
fn flat(samples: &[(f64, Footprint)], findings: &mut Findings) {
    let warm = &samples[samples.len() / 3..];
    let points: Vec<(f64, f64)> = warm
        .iter()
        .map(|(minute, now)| (*minute, now.kib as f64 / 1_024.0))
        .collect();
    let slope = slope(&points);
    let minutes = samples.last().map_or(0.0, |(minute, _)| *minute);
    let (bound, allowed) = if minutes < FEW_MINUTES {
        ("less than 4 MiB a minute, over so short a time", 4.0)
    } else {
        ("less than 1 MiB a minute", 1.0)
    };
    findings.row(
        "memory",
        bound,
        format!("{slope:+.2} MiB a minute"),
        slope < allowed,
    );
    let threads = || samples.iter().map(|(_, now)| now.threads);
    let (least, most) = (threads().min().unwrap_or(0), threads().max().unwrap_or(0));
    findings.row(
        "threads",
        "constant",
        format!("{least} to {most}"),
        least == most,
    );
}
