//! One call of the storm.

use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use steadfast_http::Client;
use tokio::time::{timeout, timeout_at};

use super::{PATIENCE, SEED, TOTAL};
use crate::support::{millis, now};

/// What a request is: its number decides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Get,
    Post,
    PostWithKey,
}

impl Kind {
    pub(super) fn of(id: u64) -> Self {
        [Self::Get, Self::Post, Self::PostWithKey][(id % 3) as usize]
    }
}

/// How a call ended, for its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum End {
    Whole,
    Broken,
    Failed,
    Rejected,
    Dropped,
}

pub(super) struct Ended {
    pub(super) how: End,
    pub(super) deadline: Instant,
    pub(super) at: Instant,
}

/// Makes a request, reads what comes of it, or loses patience on the way.
pub(super) async fn call(client: &Client, url: &str, id: u64) -> Ended {
    let mut rng = SmallRng::seed_from_u64(SEED << 32 | id);
    let request = match Kind::of(id) {
        Kind::Get => client.get(url),
        Kind::Post => client.post(url).body("order"),
        Kind::PostWithKey => client.post(url).body("order").idempotency_key(id),
    };
    let request = request.header("x-id", id);
    let began = now();
    let (total, request) = match rng.random_range(0..4) {
        0 => (TOTAL, request), // the client's
        1 => {
            let total = millis(rng.random_range(1..100));
            (total, request.total_timeout(total))
        }
        _ => {
            let total = millis(rng.random_range(1000..4000));
            (total, request.deadline(began + total))
        }
    };
    let patience = match rng.random_range(0..8) {
        0 => millis(rng.random_range(0..50)),
        _ => Duration::MAX,
    };
    let calling = async {
        match request.send().await {
            Ok(response) => match response.bytes().await {
                Ok(_) => End::Whole,
                Err(_) => End::Broken,
            },
            Err(error) => {
                if error.is_circuit_open() || error.is_throttled() {
                    End::Rejected
                } else {
                    End::Failed
                }
            }
        }
    };
    let deadline = began + total;
    let guarded = timeout_at((deadline + PATIENCE).into(), timeout(patience, calling));
    let how = guarded.await.expect("every call ends");
    Ended {
        how: how.unwrap_or(End::Dropped),
        deadline,
        at: now(),
    }
}
