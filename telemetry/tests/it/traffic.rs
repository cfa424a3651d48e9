//! One of everything, used a little: enough for every metric to have a value.

use std::time::Duration;

use steadfast_breaker::{CircuitBreaker, Keyed as KeyedBreaker, Mode};
use steadfast_bulkhead::{Keyed as KeyedBulkhead, Pool};
use steadfast_health::{Check, Monitor, Outcome};
use steadfast_retry::{Budget, Hedge, Retry};
use steadfast_telemetry::{Filter, Telemetry};

const NANOSECOND: Duration = Duration::from_nanos(1);
const HOUR: Duration = Duration::from_secs(3600);

/// Keeps the components alive.
pub(crate) struct Traffic {
    _breakers: [CircuitBreaker; 2],
    _retry: Retry,
    _hedge: Hedge,
    _pool: Pool<u32, &'static str>,
    _hosts: KeyedBreaker<&'static str>,
    _tenants: KeyedBulkhead<u32>,
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
    // One that ramps up, in a mode that ends by itself.
    let builder = CircuitBreaker::builder("stock").failure_threshold(1);
    let builder = builder.success_threshold(1).open_for(NANOSECOND);
    let ramping = builder.ramp_up(HOUR).build().unwrap();
    let budget = Budget::builder("shared").build().unwrap();
    let builder = Retry::builder("inventory").max_attempts(2);
    let retry = builder
        .base_backoff(Duration::from_millis(1))
        .budget(budget.clone())
        .build()
        .unwrap();
    let builder = Hedge::builder("search").delay(HOUR);
    let hedge = builder.budget(budget.spending_only()).build().unwrap();
    let builder = Pool::builder("channels", || async { Ok(7) });
    let pool = builder.hold_times(true).build().unwrap();
    let hosts = KeyedBreaker::builder("hosts").build().unwrap();
    let tenants = KeyedBulkhead::builder("tenants").build().unwrap();
    let monitor = Monitor::builder("orders").build().unwrap();
    let check = Check::new("db", || async { Outcome::healthy() });
    monitor.register(check).unwrap();

    telemetry.watch(&breaker);
    telemetry.watch(&ramping);
    telemetry.watch(&retry);
    telemetry.watch(&hedge);
    telemetry.watch(&pool);
    telemetry.watch(&hosts);
    telemetry.watch(&tenants);
    telemetry.watch(&monitor);
    telemetry.attach("log", Filter::all(), |_| ()).unwrap();

    let _ = breaker.call_blocking(|| Err::<(), _>("connection refused"));
    let _ = ramping.call_blocking(|| Err::<(), _>("connection refused"));
    tokio::time::sleep(NANOSECOND).await;
    ramping.call_blocking(|| Ok::<_, ()>(())).unwrap();
    ramping.set_mode_for(Mode::Shadow, "trying", HOUR);
    let _ = retry.call_blocking(|_| Err::<(), _>("connection refused"));
    let _ = hedge
        .call(|_| async { Err::<(), _>("connection refused") })
        .await;
    drop(pool.checkout().await.unwrap());
    monitor.check_now().await;
    telemetry.flush(Duration::from_secs(60));
    Traffic {
        _breakers: [breaker, ramping],
        _retry: retry,
        _hedge: hedge,
        _pool: pool,
        _hosts: hosts,
        _tenants: tenants,
        _monitor: monitor,
    }
}
