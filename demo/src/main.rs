//! The demo: the same seeded traffic through the same seeded storm, once with bare reqwest and lapin,
//! once with Steadfast, whose dashboard is live all along. Run it with `cargo xtask demo`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a demo shows itself"
)]

mod amqp;
mod clock;
mod http;
mod plan;
mod report;
mod service;
mod storm;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use steadfast_testkit::RabbitNode;
use tokio::time::{sleep, sleep_until};

use crate::plan::{LENGTH, Plan};
use crate::report::Run;
use crate::service::{Seen, Watcher};
use crate::storm::Stormy;

const DEFAULT_SEED: u64 = 20_261_123;

#[tokio::main]
async fn main() -> ExitCode {
    match demo().await {
        Ok(broken) if broken.is_empty() => ExitCode::SUCCESS,
        Ok(broken) => {
            eprintln!("Steadfast broke its word: {}", broken.join("; "));
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("the demo could not run: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn demo() -> Result<Vec<String>, Box<dyn Error>> {
    let Asked { seed, stay } = Asked::parse()?;
    let plan = Plan::new(seed);
    println!(
        "{} requests and {} messages in {} s, seed {seed}; the storm: latency, 503s, resets, a full outage, a broker kill",
        plan.requests.len(),
        plan.messages.len(),
        LENGTH.as_secs()
    );
    let node = start_node().await?;
    let broker = node.as_ref().map(RabbitNode::uri);
    let supervisor = service::start(broker.as_deref()).await?;
    let dashboard = supervisor.dashboard_addr().ok_or("there is no dashboard")?;
    println!("the dashboard of the second run: http://{dashboard}/resilience");
    let bare = run(
        "bare",
        &plan,
        http::Client::bare()?,
        amqp::Kind::Bare,
        (node.as_ref(), None),
        seed,
    )
    .await?;
    let connection = supervisor.amqp().cloned();
    let steadfast = run(
        "Steadfast",
        &plan,
        http::Client::Steadfast(supervisor.http_client(service::CLIENT)?),
        connection.map_or(amqp::Kind::Bare, amqp::Kind::Steadfast),
        (node.as_ref(), Some(Watcher::new(dashboard)?)),
        seed,
    )
    .await?;
    println!("\n{}", report::table(&bare, &steadfast));
    if stay {
        println!("http://{dashboard}/resilience stays until Ctrl-C");
        supervisor.run_until_signal().await?;
    } else {
        supervisor.shutdown().await;
    }
    Ok(report::broken_promises(&steadfast))
}

/// What the command line asks for.
struct Asked {
    seed: u64,
    /// Whether the dashboard stays when all is over.
    stay: bool,
}

impl Asked {
    fn parse() -> Result<Self, Box<dyn Error>> {
        let mut asked = Self {
            seed: DEFAULT_SEED,
            stay: false,
        };
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--stay" => asked.stay = true,
                "--seed" => {
                    let seed = args.next().unwrap_or_default();
                    let parsed = seed.parse();
                    asked.seed = parsed.map_err(|error| format!("--seed {seed}: {error}"))?;
                }
                _ => return Err(format!("{arg}: there are only --seed N and --stay").into()),
            }
        }
        Ok(asked)
    }
}

/// The broker, or nothing on a machine without RabbitMQ: the HTTP half runs all the same.
async fn start_node() -> Result<Option<RabbitNode>, Box<dyn Error>> {
    if !RabbitNode::available() {
        println!("no RabbitMQ on this machine: HTTP half only");
        return Ok(None);
    }
    println!("starting a private RabbitMQ node ...");
    let begin = clock::now();
    let node = RabbitNode::start().await?;
    println!("... ready after {:.1} s", begin.elapsed().as_secs_f64());
    Ok(Some(node))
}

async fn run(
    label: &'static str,
    plan: &Plan,
    client: http::Client,
    kind: amqp::Kind,
    (node, watcher): (Option<&RabbitNode>, Option<Watcher>),
    seed: u64,
) -> Result<Run, Box<dyn Error>> {
    println!("\n{label}");
    let stormy = Stormy::start(seed).await;
    let http_progress = Arc::new(http::Progress::default());
    let amqp_progress = Arc::new(amqp::Progress::default());
    let publishers = match node {
        Some(node) => Some(amqp::Publishers::connect(kind, &node.uri(), label).await?),
        None => None,
    };
    // A second for everything to stand before the clock of the run starts.
    let start = clock::now() + Duration::from_secs(1);
    let seen = Arc::new(Mutex::new(Seen::default()));
    let ticker = tokio::spawn(show(
        start,
        Arc::clone(&http_progress),
        Arc::clone(&amqp_progress),
    ));
    let watching = watcher.map(|watcher| tokio::spawn(watch(watcher, Arc::clone(&seen))));
    let http_half = async {
        tokio::join!(
            http::run(plan, &client, &stormy, &http_progress, start),
            stormy.rage(start)
        )
        .0
    };
    let amqp_half = async {
        match (publishers, node) {
            (Some(publishers), Some(node)) => {
                amqp::run(plan, publishers, node, &amqp_progress, start)
                    .await
                    .map(Some)
            }
            _ => Ok(None),
        }
    };
    let (http, amqp) = tokio::join!(http_half, amqp_half);
    ticker.abort();
    let watched = watching.is_some();
    if let Some(watching) = watching {
        watching.abort();
    }
    let seen = *seen.lock();
    Ok(Run {
        http,
        amqp: amqp?,
        dashboard: watched.then_some(seen),
    })
}

/// Looks at the dashboard four times a second.
async fn watch(watcher: Watcher, seen: Arc<Mutex<Seen>>) {
    loop {
        sleep(Duration::from_millis(250)).await;
        let showed = watcher.look().await;
        seen.lock().count(showed);
    }
}

/// One line every two seconds.
async fn show(start: Instant, http: Arc<http::Progress>, amqp: Arc<amqp::Progress>) {
    for tick in 1.. {
        let after = Duration::from_secs(2 * tick);
        sleep_until((start + after).into()).await;
        println!(
            "  {:>3} s  {:<17} http {:>5} ok {:>5} failed   amqp {:>5} confirmed {:>5} failed{}",
            after.as_secs(),
            storm::weather(after),
            http.succeeded.load(Ordering::Relaxed),
            http.failed.load(Ordering::Relaxed),
            amqp.confirmed.load(Ordering::Relaxed),
            amqp.failed.load(Ordering::Relaxed),
            if amqp.broker_down.load(Ordering::Relaxed) {
                "   broker down"
            } else {
                ""
            },
        );
    }
}
