//! Circuit breakers and health checks.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use steadfast_breaker::CircuitBreaker;
use steadfast_health::{Check, Monitor, Outcome};

/// Breakers with traffic of their own.
pub(crate) const BUSY: [&str; 4] = ["payments", "stock", "mail", "search"];

/// Names that would be markup if anybody took them for it.
const ODD: [&str; 2] = ["<img src=x onerror=alert(1)>", "a/b \"c\" & d'e"];

/// Breakers that are there unless another number is asked for.
pub(crate) const NAMED: usize = BUSY.len() + ODD.len();

pub(crate) fn breakers(count: usize) -> Result<HashMap<String, CircuitBreaker>, Box<dyn Error>> {
    let named = BUSY.iter().chain(&ODD).map(|name| (*name).to_owned());
    let numbered = (0..).map(|number| format!("shard-{number:03}"));
    let mut breakers = HashMap::new();
    for name in named.chain(numbered).take(count) {
        let breaker = CircuitBreaker::builder(name.as_str())
            .failure_threshold(5)
            .failure_rate(0.5)
            .min_calls(20)
            .open_for(Duration::from_secs(10))
            .build()?;
        breakers.insert(name, breaker);
    }
    Ok(breakers)
}

pub(crate) fn monitor(database: &Arc<AtomicBool>) -> Result<Monitor, Box<dyn Error>> {
    let monitor = Monitor::builder("playground")
        .interval(Duration::from_secs(2))
        .build()?;
    let database = Arc::clone(database);
    monitor.register(Check::new("database", move || {
        let is_well = database.load(Ordering::Relaxed);
        async move {
            if is_well {
                Outcome::healthy()
            } else {
                Outcome::unhealthy("connection refused by 10.0.0.7:5432")
            }
        }
    }))?;
    monitor.register(
        Check::new("cache", || async {
            Outcome::degraded("cold").detail("hit_rate", 0.2)
        })
        .optional(),
    )?;
    monitor.register(Check::new("disk <b>", || async { Outcome::healthy() }).liveness(true))?;
    Ok(monitor)
}
