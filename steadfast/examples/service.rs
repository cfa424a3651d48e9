//! A web service on axum that calls four things which fail now and then, with everything under one
//! supervisor:
//!
//! ```text
//! cargo run -p steadfast --example service --features full
//! ```
//!
//! It prints where it listens and where its dashboard is. Then, for instance:
//!
//! ```text
//! curl -X POST localhost:PORT/orders/lamp      the warehouse over HTTP, an event over AMQP
//! curl -X POST localhost:PORT/payments/7       an operation of its own, through a policy
//! curl         localhost:PORT/advice/lamp      a language model
//! curl -X POST localhost:PORT/trouble/on       from now on, all of them fail
//! kill -TERM PID                               an end in good order
//! ```

#![allow(clippy::print_stdout, reason = "an example shows itself")]

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use steadfast::amqp::{Message, Publisher, ResilientConnection};
use steadfast::config::{self, Loader};
use steadfast::http::reqwest::Method;
use steadfast::migrate::{Kind, resilient_http_request, with_llm_request};
use steadfast::policy::Policy;
use steadfast::supervisor::Supervisor;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;

    let loader = loader(address);
    println!("{}", config::describe(&loader.load()?));
    let supervisor = start(loader, listener).await?;
    println!("service http://{address}");
    if let Some(dashboard) = supervisor.dashboard_addr() {
        println!("dashboard http://{dashboard}/resilience");
    }
    let report = supervisor.run_until_signal().await?;
    println!("{report}");
    Ok(())
}

/// Starts everything, or nothing.
pub(crate) async fn start(
    loader: Loader,
    listener: TcpListener,
) -> Result<Supervisor, Box<dyn Error>> {
    let supervisor = Supervisor::builder().loader(loader).start().await?;
    supervisor.install_global();
    serve(&supervisor, listener)?;
    Ok(supervisor)
}

/// The file beside this one or that of `STEADFAST_CONFIG`, and the environment. The warehouse is a part of
/// this program.
pub(crate) fn loader(address: SocketAddr) -> Loader {
    let beside = || {
        PathBuf::from(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/examples/service.toml"
        ))
    };
    let file = std::env::var_os("STEADFAST_CONFIG").map_or_else(beside, PathBuf::from);
    let warehouse = format!("http://{address}/warehouse/");
    Loader::new()
        .file(file)
        .variables([("STEADFAST_HTTP_CLIENTS__WAREHOUSE__BASE_URL", warehouse)])
        .env()
}

/// What the handlers share.
#[derive(Clone)]
struct Shop {
    payments: Policy,
    events: Option<Publisher>,
    /// Whether what the shop calls fails.
    trouble: Arc<AtomicBool>,
}

/// Starts the server as a task of the supervisor: it is restarted if it falls over, and the first to stop.
fn serve(supervisor: &Supervisor, listener: TcpListener) -> Result<(), Box<dyn Error>> {
    let events = supervisor.amqp();
    let shop = Shop {
        payments: supervisor.policy("payments")?,
        events: events.map(ResilientConnection::publisher),
        trouble: Arc::default(),
    };
    let router = Router::new()
        .route("/orders/{item}", post(order))
        .route("/payments/{id}", post(pay))
        .route("/advice/{item}", get(advise))
        .route("/trouble/{on}", post(trouble))
        .route("/warehouse/{item}", get(stock))
        .with_state(shop);
    let listener = Arc::new(listener);
    supervisor.tasks().spawn("server", move |stop| {
        let (listener, router) = (Arc::clone(&listener), router.clone());
        async move {
            let stopped = async move { stop.stopped().await };
            let server = axum::serve(Shared(listener), router);
            let _ = server.with_graceful_shutdown(stopped).await;
        }
    })?;
    Ok(())
}

/// HTTP with breakers, bulkheads, retries and deadlines, then a message that is confirmed or told to be lost.
async fn order(State(shop): State<Shop>, Path(item): Path<String>) -> Result<String, Failed> {
    let stock = resilient_http_request("warehouse", Method::GET, item.as_str()).await?;
    if !stock.status().is_success() {
        let status = stock.status().as_u16();
        return Err(Failed::new(
            StatusCode::BAD_GATEWAY,
            format!("the warehouse said {status}"),
        ));
    }
    let Some(events) = &shop.events else {
        return Ok(format!("{item}: ordered\n"));
    };
    let event = Message::new("", "orders", item.clone().into_bytes());
    // Whoever ordered need not wait for a broker that is away.
    match events
        .publish(event.deadline(Duration::from_millis(500)))
        .await
    {
        Ok(_) => Ok(format!("{item}: ordered\n")),
        Err(error) => Ok(format!("{item}: ordered, not announced: {error}\n")),
    }
}

/// Any operation at all, through the parts of the file that are called `payments`.
async fn pay(State(shop): State<Shop>, Path(id): Path<u64>) -> Result<String, Failed> {
    let trouble = &shop.trouble;
    let paid = shop
        .payments
        .call(|_attempt| async move { fragile(trouble, "the bank") })
        .await;
    match paid {
        Ok(()) => Ok(format!("payment {id}: done\n")),
        Err(error) => Err(
            Failed::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
                .retry_after(error.retry_after()),
        ),
    }
}

/// A place among a few, a breaker and retries.
async fn advise(State(shop): State<Shop>, Path(item): Path<String>) -> Result<String, Failed> {
    let trouble = &shop.trouble;
    with_llm_request(|_attempt| async move { fragile(trouble, "the model") }).await?;
    Ok(format!("buy the {item}\n"))
}

/// The warehouse, which is a service of its own in the real world.
async fn stock(State(shop): State<Shop>, Path(item): Path<String>) -> Response {
    match fragile(&shop.trouble, "the warehouse") {
        Ok(()) => format!("{item}: 3\n").into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    }
}

async fn trouble(State(shop): State<Shop>, Path(on): Path<String>) -> StatusCode {
    shop.trouble.store(on == "on", Ordering::Relaxed);
    StatusCode::NO_CONTENT
}

fn fragile(trouble: &AtomicBool, who: &str) -> io::Result<()> {
    if trouble.load(Ordering::Relaxed) {
        return Err(io::Error::other(format!("{who} is in trouble")));
    }
    Ok(())
}

/// What a caller is told: which status, why, and when to come again.
struct Failed {
    status: StatusCode,
    why: String,
    retry_after: Option<Duration>,
}

impl Failed {
    fn new(status: StatusCode, why: String) -> Self {
        Self {
            status,
            why,
            retry_after: None,
        }
    }

    fn retry_after(mut self, retry_after: Option<Duration>) -> Self {
        self.retry_after = retry_after;
        self
    }
}

impl<E: Error + 'static> From<steadfast::migrate::Error<E>> for Failed {
    fn from(error: steadfast::migrate::Error<E>) -> Self {
        let status = match error.kind() {
            Kind::Unavailable | Kind::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
            Kind::TimedOut => StatusCode::GATEWAY_TIMEOUT,
            Kind::Failed => StatusCode::BAD_GATEWAY,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string()).retry_after(error.retry_after())
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let mut headers = HeaderMap::new();
        if let Some(after) = self.retry_after {
            // Whole seconds, rounded up: never too early.
            let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        (self.status, headers, format!("{}\n", self.why)).into_response()
    }
}

/// A listener that outlives the server on it, so that a server that is restarted has the same address.
struct Shared(Arc<TcpListener>);

impl axum::serve::Listener for Shared {
    type Io = tokio::net::TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            match self.0.accept().await {
                Ok(accepted) => return accepted,
                // Out of file descriptors, most likely: some will be free again.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}
