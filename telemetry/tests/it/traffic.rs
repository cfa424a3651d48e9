//! One of everything, used a little: enough for every metric to have a value.

use std::time::Duration;

use steadfast_breaker::CircuitBreaker;
use steadfast_bulkhead::Pool;
use steadfast_health::{Check, Monitor, Outcome};
use steadfast_retry::Retry;
use steadfast_telemetry::{Filter, Telemetry};

/// Keeps the components alive.
pub(crate) struct Traffic {
    _breaker: CircuitBreaker,
    _retry: Retry,
    _pool: Pool<u32, &'static str>,
    _monitor: Monitor,
}

pub(crate) async fn drive(telemetry: &Telemetry) -> Traffic {
    let builder = CircuitBreaker::builder("payments \"eu\"\\\nline two").failure_threshold(1);
    // A rate of every kind, each with enough calls after the first.
    let builder = builder.failure_rate(1.0).min_calls(1);
    let builder = builder
        .slow_call_duration(Duration::from_secs(60))
        .slow_call_rate(1.0);
    let breaker = builder.build().unwrap();
    let builder = Retry::builder("inventory").max_attempts(2);
    let retry = builder
        .base_backoff(Duration::from_millis(1))
        .build()
        .unwrap();
    let builder = Pool::builder("channels", || async { Ok(7) });
    let pool = builder.build().unwrap();
    let monitor = Monitor::builder("orders").build().unwrap();
    let check = Check::new("db", || async { Outcome::healthy() });
    monitor.register(check).unwrap();

    telemetry.watch(&breaker);
    telemetry.watch(&retry);
    telemetry.watch(&pool);
    telemetry.watch(&monitor);
    telemetry.attach("log", Filter::all(), |_| ()).unwrap();

    let _ = breaker.call_blocking(|| Err::<(), _>("connection refused"));
    let _ = retry.call_blocking(|_| Err::<(), _>("connection refused"));
    drop(pool.checkout().await.unwrap());
    monitor.check_now().await;
    telemetry.flush(Duration::from_secs(60));
    Traffic {
        _breaker: breaker,
        _retry: retry,
        _pool: pool,
        _monitor: monitor,
    }
}
