//! A service that Prometheus scrapes: `/metrics` over a plain listener, and components that have
//! something to tell.
//!
//! ```console
//! cargo run -p steadfast-telemetry --features prometheus --example prometheus
//! curl http://127.0.0.1:9464/metrics
//! ```
//!
//! `payments` works, `inventory` is down and its circuit breaker open, and `search` has too few places for
//! its callers. Load the rules and the dashboard from `ops/` to see it.

use std::io;
use std::time::Duration;

use steadfast_breaker::CircuitBreaker;
use steadfast_bulkhead::{Bulkhead, Pool};
use steadfast_health::{Check, Monitor, Outcome};
use steadfast_retry::{Budget, Retry};
use steadfast_telemetry::{Filter, PROMETHEUS_CONTENT_TYPE, Telemetry};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let telemetry = Telemetry::new();
    // Events are made, and counted, only while somebody wants to hear of them.
    telemetry.attach("idle", Filter::all(), |_event| ())?;
    let shop = Shop::open(&telemetry)?;
    let listener = TcpListener::bind(("127.0.0.1", 9464)).await?;
    tokio::spawn(serve(listener, telemetry));
    loop {
        shop.serve_customers().await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Answers `GET /metrics` until the task is dropped. In a service with a web framework this is one route.
pub(crate) async fn serve(listener: TcpListener, telemetry: Telemetry) {
    while let Ok((stream, _)) = listener.accept().await {
        let telemetry = telemetry.clone();
        tokio::spawn(async move {
            let patience = Duration::from_secs(10);
            // A scraper that went away or says nothing is no business of ours.
            let _ = tokio::time::timeout(patience, answer(stream, &telemetry)).await;
        });
    }
}

async fn answer(stream: TcpStream, telemetry: &Telemetry) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut request = String::new();
    stream.read_line(&mut request).await?;
    let mut header = String::from("more");
    while !header.trim_end().is_empty() {
        header.clear();
        stream.read_line(&mut header).await?;
    }
    let (status, text) = match request.split_whitespace().nth(1) {
        Some("/metrics") => ("200 OK", telemetry.export_prometheus_metrics()),
        _ => ("404 Not Found", String::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {PROMETHEUS_CONTENT_TYPE}\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        text.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(text.as_bytes()).await?;
    stream.shutdown().await
}

/// One component of every kind.
#[derive(Debug)]
pub(crate) struct Shop {
    payments: CircuitBreaker,
    inventory: CircuitBreaker,
    retry: Retry,
    search: Bulkhead,
    connections: Pool<u32, &'static str>,
    monitor: Monitor,
}

impl Shop {
    /// Builds the components and lets telemetry watch them.
    ///
    /// # Errors
    /// What a builder says of settings that break its rules.
    pub(crate) fn open(telemetry: &Telemetry) -> Result<Self, Box<dyn std::error::Error>> {
        let budget = Budget::builder("shop").min_per_second(0.0).build()?;
        let shop = Self {
            payments: CircuitBreaker::builder("payments")
                .failure_rate(0.5)
                .min_calls(1)
                .slow_call_duration(Duration::from_secs(1))
                .slow_call_rate(0.5)
                .build()?,
            inventory: CircuitBreaker::builder("inventory")
                .failure_threshold(3)
                .open_for(Duration::from_secs(3600))
                .build()?,
            retry: Retry::builder("inventory")
                .max_attempts(2)
                .base_backoff(Duration::from_millis(1))
                .budget(budget)
                .build()?,
            search: Bulkhead::builder("search")
                .max_concurrent(2)
                .max_waiting(0)
                .build()?,
            connections: Pool::builder("connections", || async { Ok(7) })
                .max_concurrent(4)
                .build()?,
            monitor: Monitor::builder("shop").build()?,
        };
        let inventory = shop.inventory.clone();
        shop.monitor.register(Check::new("inventory", move || {
            let is_open = inventory.state() == steadfast_breaker::State::Open;
            async move {
                if is_open {
                    Outcome::unhealthy("the circuit breaker is open")
                } else {
                    Outcome::healthy()
                }
            }
        }))?;
        telemetry.watch(&shop.payments);
        telemetry.watch(&shop.inventory);
        telemetry.watch(&shop.retry);
        telemetry.watch(&shop.search);
        telemetry.watch(&shop.connections);
        telemetry.watch(&shop.monitor);
        Ok(shop)
    }

    /// What happens in a moment of a bad day.
    pub(crate) async fn serve_customers(&self) {
        for _ in 0..20 {
            let _ = self.payments.call(|| async { Ok::<_, ()>(()) }).await;
        }
        for _ in 0..3 {
            let down = |_| async { self.inventory.call(|| async { Err::<(), _>("down") }).await };
            let _ = self.retry.call(down).await;
        }
        let places = [(); 3].map(|()| self.search.try_acquire());
        drop(places);
        drop(self.connections.checkout().await);
        self.monitor.check_now().await;
    }
}
