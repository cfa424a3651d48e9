//! A server with everything on its page, and traffic that makes it move: for looking at the page, and for the
//! browser tests, which drive it.
//!
//! ```sh
//! cargo run -p steadfast-dashboard --features http,amqp --example playground -- 4000 --components 500 --nest /resilience
//! ```
//! With `--clients` there are an HTTP client with a server of its own and an AMQP connection whose broker is not
//! there.
//!
//! Whoever sends the header or cookie `operator=NAME` may change things; the others may look, unless `--auth` asks
//! them for it, too.
//!
//! | `POST` | does |
//! |---|---|
//! | `/play/call?name=payments&ok=1` | one call through a breaker; says `passed`, `failed` or `rejected` |
//! | `/play/trip?name=payments` | fails calls until the breaker opens |
//! | `/play/heal?name=payments` | resets the breaker |
//! | `/play/outage?name=payments&on=1` | the traffic's calls fail from now on, or no more |
//! | `/play/fill?on=1` | takes all places of the bulkhead `reports`, or gives them back |
//! | `/play/check?ok=0` | the health check `database` fails from now on, or no more |
//! | `/play/upstream?up=0` | the server of the HTTP client hangs up on every request from now on, or no more |
//! | `/play/budget?calls=N` | so many calls that fail and ask one after the other for a retry of the budget |
//! | `/play/quiet?on=1` | the traffic pauses, or goes on |
//! | `/play/flood?events=N` | so many entries of the log at once |
//! | `/play/stop` | ends the pages and the server |

#![expect(
    clippy::print_stdout,
    reason = "whoever starts it reads the address there"
)]
#![allow(
    clippy::manual_is_multiple_of,
    reason = "this crate is for a Rust without it; the browser tests, which build it as well, are not"
)]

mod arguments;
mod clients;
mod components;
mod play;
mod routes;
mod sign_in;
mod traffic;

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn;
use steadfast_bulkhead::Bulkhead;
use steadfast_dashboard::{Controls, Dashboard};
use steadfast_retry::{Budget, Retry};
use steadfast_telemetry::{Notice, NoticeLevel, Telemetry};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Notify};

use self::arguments::Arguments;
use self::clients::Clients;
use self::components::{breakers, monitor};
use self::play::Playground;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::read()?;
    // Kept for as long as the server runs; the dashboard keeps no telemetry alive.
    let telemetry = Telemetry::builder().history(1000).build()?;
    let breakers = breakers(arguments.components)?;
    breakers
        .values()
        .for_each(|breaker| telemetry.watch(breaker));
    let reports = Bulkhead::builder("reports")
        .max_concurrent(8)
        .max_waiting(4)
        .checkout_timeout(Duration::from_millis(500))
        .hold_times(true)
        .build()?;
    let uploads = Bulkhead::builder("uploads").max_concurrent(64).build()?;
    let budget = Budget::builder("shared").build()?;
    telemetry.watch(&budget);
    let retry = Retry::builder("payments")
        .max_attempts(3)
        .budget(budget)
        .build()?;
    telemetry.watch(&reports);
    telemetry.watch(&uploads);
    telemetry.watch(&retry);

    let database = Arc::new(AtomicBool::new(true));
    let monitor = monitor(&database)?;
    telemetry.watch(&monitor);
    let runner = monitor.start();

    let clients = if arguments.clients {
        Some(Clients::start(&telemetry).await?)
    } else {
        None
    };

    let mut controls = breakers
        .values()
        .fold(Controls::new(sign_in::operators_only), Controls::breaker)
        .bulkhead(&reports)
        .bulkhead(&uploads)
        .monitor(&monitor);
    if let Some(clients) = &clients {
        controls = clients.controlled(controls);
    }
    let dashboard = Dashboard::builder(&telemetry)
        .health(&monitor)
        .service("playground")
        .version("1.2.3")
        .max_stream_age(arguments.max_age)
        .controls(controls)
        .build()?;
    dashboard.tell(&Notice::new(
        "task",
        "playground",
        NoticeLevel::Info,
        "it has begun",
    ));

    let playground = Arc::new(Playground {
        breakers,
        outages: components::BUSY
            .map(|name| (name, AtomicBool::new(false)))
            .into(),
        retry,
        reports,
        hog: Mutex::default(),
        database,
        clients,
        quiet: AtomicBool::new(arguments.quiet),
        turns: AtomicU64::new(0),
        dashboard: dashboard.clone(),
        stop: Notify::new(),
    });
    tokio::spawn(traffic::run(Arc::clone(&playground)));

    let listener = TcpListener::bind(("127.0.0.1", arguments.port)).await?;
    println!("http://{}{}", listener.local_addr()?, arguments.nest);
    let app = app(&arguments, &dashboard, Arc::clone(&playground));
    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            tokio::select! {
                () = playground.stop.notified() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            playground.dashboard.shutdown();
        })
        .await?;
    runner.stop().await;
    Ok(())
}

fn app(arguments: &Arguments, dashboard: &Dashboard, playground: Arc<Playground>) -> Router {
    let pages = dashboard.router::<()>();
    let mut app = if arguments.nest.is_empty() {
        pages
    } else {
        Router::new().nest_service(&arguments.nest, pages)
    };
    if arguments.auth {
        app = app.layer(from_fn(sign_in::signed_in));
    }
    app.merge(routes::play(playground))
}
