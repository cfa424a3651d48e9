//! F12: more callers than channels, and callers that go away.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use steadfast_amqp::{AmqpError, PooledChannel, ResilientConnection};
use steadfast_benches::clock;
use steadfast_testkit::RabbitNode;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use super::Outcome;
use crate::clients::{Kind, builder};
use crate::findings::{Failure, Findings};
use crate::plan::Plan;
use crate::support::{in_words, millis, must, secs};

const CHANNELS: usize = 20;
const WAITING: usize = 100;
const CANCELS: usize = 10_000;

type Waiter = JoinHandle<(Result<PooledChannel, AmqpError>, Duration)>;

pub(crate) async fn run(_: Kind, plan: Plan) -> Outcome {
    let node = RabbitNode::start().await?;
    let connection = builder("pool", &node.uri()).connect().await?;
    let mut findings = Findings::default();
    turned_away(&connection, &mut findings).await?;
    in_line(&connection, &mut findings).await?;
    cancelled(&connection, plan.seed, &mut findings).await?;
    connection.close(secs(5)).await;
    Ok(findings)
}

async fn hold(connection: &ResilientConnection) -> Result<Vec<PooledChannel>, Failure> {
    let mut held = Vec::new();
    for _ in 0..CHANNELS {
        held.push(connection.get_channel("work").await?);
    }
    Ok(held)
}

/// A caller who waits, and tells for how long.
async fn wait(connection: &ResilientConnection, number: usize) -> Result<Waiter, Failure> {
    let bulkhead = connection.bulkhead("work");
    let caller = connection.clone();
    let waiter = tokio::spawn(async move {
        let began = clock::now();
        let result = caller.get_channel("work").await;
        (result, began.elapsed())
    });
    let in_line = || bulkhead.snapshot().waiting >= number;
    must("a caller waits", secs(2), in_line).await?;
    Ok(waiter)
}

async fn turned_away(
    connection: &ResilientConnection,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let held = hold(connection).await?;
    let mut waiters = Vec::new();
    for number in 1..=WAITING {
        waiters.push(wait(connection, number).await?);
    }
    let began = clock::now();
    let refused = connection.get_channel("work").await;
    let took = began.elapsed();
    let full = matches!(refused, Err(AmqpError::PoolFull { .. }));
    let answer = refused.map_or_else(|error| error.error_type(), |_| "a channel");
    findings.row(
        "20 held, 100 waiting, the 121st",
        "pool_full in 5 ms",
        format!("{answer} in {}", in_words(took)),
        full && took < millis(5),
    );
    // One goes away, and another can wait in its place.
    let gone = waiters.swap_remove(WAITING / 2);
    gone.abort();
    let bulkhead = connection.bulkhead("work");
    let freed = || bulkhead.snapshot().waiting == WAITING - 1;
    must("the place is free", secs(2), freed).await?;
    let place = wait(connection, WAITING).await;
    findings.row(
        "a cancelled caller's place",
        "is free",
        if place.is_ok() { "is free" } else { "is lost" },
        place.is_ok(),
    );
    waiters.extend(place);
    let (mut shortest, mut longest, mut timeouts) = (Duration::MAX, Duration::ZERO, 0);
    for waiter in waiters {
        let (result, waited) = waiter.await?;
        timeouts += usize::from(matches!(result, Err(AmqpError::CheckoutTimeout { .. })));
        (shortest, longest) = (shortest.min(waited), longest.max(waited));
    }
    findings.row(
        "100 waiting callers, checkout timeout",
        "5 s, 0.1 s more or less",
        format!(
            "{timeouts} after {} to {}",
            in_words(shortest),
            in_words(longest)
        ),
        timeouts == WAITING && shortest >= millis(4_900) && longest <= millis(5_100),
    );
    drop(held);
    Ok(())
}

async fn in_line(connection: &ResilientConnection, findings: &mut Findings) -> Result<(), Failure> {
    const LINE: usize = 50;
    let mut held = hold(connection).await?;
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut waiters = JoinSet::new();
    for number in 0..LINE {
        let waiter = wait(connection, number + 1).await?;
        let order = Arc::clone(&order);
        waiters.spawn(async move {
            if let Ok((Ok(channel), _)) = waiter.await {
                order.lock().push(number);
                drop(channel);
            }
        });
    }
    // One place, from hand to hand.
    drop(held.pop());
    waiters.join_all().await;
    let order = order.lock();
    let first_come = order.iter().copied().eq(0..LINE);
    let served = order.len();
    findings.row(
        "50 callers, one channel from hand to hand",
        "in their order",
        format!(
            "{served}, {}",
            if first_come {
                "in their order"
            } else {
                "not in order"
            }
        ),
        first_come,
    );
    Ok(())
}

async fn cancelled(
    connection: &ResilientConnection,
    seed: u64,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let mut rng = StdRng::seed_from_u64(seed);
    let (mut served, mut cancels) = (0, 0);
    while cancels < CANCELS {
        let mut callers = JoinSet::new();
        for _ in 0..100 {
            let patience = Duration::from_micros(rng.random_range(0..1_500));
            let holds = Duration::from_micros(rng.random_range(0..4_000));
            let caller = connection.clone();
            callers.spawn(async move {
                match timeout(patience, caller.get_channel("work")).await {
                    Ok(Ok(channel)) => {
                        // Also dropped in the middle of a use.
                        sleep(holds).await;
                        drop(channel);
                        Some(true)
                    }
                    Ok(Err(_)) => None,
                    Err(_) => Some(false),
                }
            });
        }
        for was_served in callers.join_all().await.into_iter().flatten() {
            if was_served {
                served += 1;
            } else {
                cancels += 1;
            }
        }
    }
    let bulkhead = connection.bulkhead("work");
    let idle = || bulkhead.snapshot().busy == 0 && bulkhead.snapshot().waiting == 0;
    let idle = must("all is given back", secs(5), idle).await;
    let all = hold(connection).await;
    let lost = CHANNELS - all.as_ref().map_or(0, Vec::len);
    findings.row(
        "places lost after 10,000 random cancels",
        "0",
        format!("{lost} ({cancels} cancelled, {served} served)"),
        lost == 0 && idle.is_ok(),
    );
    Ok(())
}
