//! The storm: what happens to the upstream and the broker, second by second, the same in each run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use steadfast_testkit::{Fault, FaultProxy, HttpUpstream, Reply};
use tokio::time::sleep_until;

/// When the broker is killed, after the start of the run.
pub(crate) const BROKER_KILL: Duration = Duration::from_secs(5);

/// When the full outage of the upstream ends, after the start of the run.
pub(crate) const OUTAGE_END: Duration = Duration::from_secs(15);

/// One stretch of weather.
#[derive(Debug, Clone, Copy)]
struct Phase {
    /// Seconds after the start.
    from: u64,
    name: &'static str,
    fault: Fault,
    /// How many of 100 answers are a 503.
    unavailable: u32,
    /// Whether connections are reset as they live.
    resets: bool,
}

const PHASES: [Phase; 7] = [
    Phase::calm(0),
    Phase {
        from: 3,
        name: "latency",
        fault: Fault::Latency {
            delay: Duration::from_millis(100),
            jitter: Duration::from_millis(200),
        },
        ..Phase::calm(3)
    },
    Phase {
        name: "503s",
        unavailable: 40,
        ..Phase::calm(6)
    },
    Phase {
        name: "resets",
        resets: true,
        ..Phase::calm(9)
    },
    Phase {
        name: "outage (refused)",
        fault: Fault::Refuse,
        ..Phase::calm(11)
    },
    Phase {
        name: "outage (silent)",
        fault: Fault::Stall,
        ..Phase::calm(13)
    },
    Phase::calm(OUTAGE_END.as_secs()),
];

impl Phase {
    const fn calm(from: u64) -> Self {
        Self {
            from,
            name: "calm",
            fault: Fault::None,
            unavailable: 0,
            resets: false,
        }
    }
}

/// The name of the weather at this moment, for the progress line.
pub(crate) fn weather(after: Duration) -> &'static str {
    PHASES
        .iter()
        .rev()
        .find(|phase| phase.from <= after.as_secs())
        .map_or("calm", |phase| phase.name)
}

/// An upstream in the storm and the proxy in front of it.
pub(crate) struct Stormy {
    pub(crate) upstream: HttpUpstream,
    pub(crate) proxy: FaultProxy,
    unavailable: Arc<AtomicU32>,
    seed: u64,
}

impl Stormy {
    pub(crate) async fn start(seed: u64) -> Self {
        let upstream = HttpUpstream::start().await;
        let unavailable = Arc::new(AtomicU32::new(0));
        let percent = Arc::clone(&unavailable);
        upstream.respond_with(move |_, nth| {
            let draw = StdRng::seed_from_u64(seed ^ nth as u64).random_range(0..100);
            let reply = if draw < percent.load(Ordering::Relaxed) {
                Reply::status(503).body("try later")
            } else {
                Reply::ok("done")
            };
            reply.delay(Duration::from_millis(5))
        });
        let proxy = FaultProxy::start_with_seed(upstream.addr(), seed).await;
        Self {
            upstream,
            proxy,
            unavailable,
            seed,
        }
    }

    /// Goes through every phase, from `start` on.
    pub(crate) async fn rage(&self, start: Instant) {
        let mut rng = StdRng::seed_from_u64(self.seed);
        for (i, phase) in PHASES.iter().enumerate() {
            sleep_until((start + Duration::from_secs(phase.from)).into()).await;
            self.unavailable.store(phase.unavailable, Ordering::Relaxed);
            self.proxy.set(phase.fault);
            // What was under way when the outage began, or held when it ended, is gone.
            if phase.fault == Fault::Refuse || phase.from == OUTAGE_END.as_secs() {
                self.proxy.sever();
            }
            if phase.resets {
                let until = PHASES.get(i + 1).map_or(u64::MAX, |next| next.from);
                self.reset_at_random(&mut rng, start, until).await;
            }
        }
    }

    async fn reset_at_random(&self, rng: &mut StdRng, start: Instant, until: u64) {
        let mut at = start.elapsed();
        loop {
            at += Duration::from_millis(rng.random_range(20..120));
            if at.as_secs() >= until {
                return;
            }
            sleep_until((start + at).into()).await;
            self.proxy.sever();
        }
    }
}
