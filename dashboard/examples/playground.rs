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

use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, Request, State};
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use steadfast_amqp::ResilientConnection;
use steadfast_breaker::{CircuitBreaker, Error as BreakerError, State as BreakerState};
use steadfast_bulkhead::{Bulkhead, Permit};
use steadfast_dashboard::{Action, Allowed, Controls, Dashboard, Denied, Notice, Severity};
use steadfast_health::{Check, Monitor, Outcome};
use steadfast_http::Client;
use steadfast_retry::{Budget, Retry};
use steadfast_telemetry::Telemetry;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, Notify};
use tokio::time::sleep;

/// Breakers with traffic of their own.
const BUSY: [&str; 4] = ["payments", "stock", "mail", "search"];

/// Names that would be markup if anybody took them for it.
const ODD: [&str; 2] = ["<img src=x onerror=alert(1)>", "a/b \"c\" & d'e"];

struct Playground {
    breakers: HashMap<String, CircuitBreaker>,
    outages: HashMap<&'static str, AtomicBool>,
    retry: Retry,
    reports: Bulkhead,
    hog: Mutex<Vec<Permit>>,
    database: Arc<AtomicBool>,
    clients: Option<Clients>,
    quiet: AtomicBool,
    turns: AtomicU64,
    dashboard: Dashboard,
    stop: Notify,
}

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
        .fold(Controls::new(operators_only), Controls::breaker)
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
    dashboard.tell(Notice::task("playground", "it has begun").severity(Severity::Ok));

    let playground = Arc::new(Playground {
        breakers,
        outages: BUSY.map(|name| (name, AtomicBool::new(false))).into(),
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
    tokio::spawn(traffic(Arc::clone(&playground)));

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

struct Arguments {
    port: u16,
    components: usize,
    nest: String,
    auth: bool,
    clients: bool,
    quiet: bool,
    max_age: Duration,
}

impl Arguments {
    fn read() -> Result<Self, Box<dyn Error>> {
        let mut read = Self {
            port: 0,
            components: BUSY.len() + ODD.len(),
            nest: String::new(),
            auth: false,
            clients: false,
            quiet: false,
            max_age: Duration::from_secs(600),
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--components" => read.components = value()?.parse()?,
                "--nest" => read.nest = value()?,
                "--max-age" => read.max_age = Duration::from_secs(value()?.parse()?),
                "--auth" => read.auth = true,
                "--clients" => read.clients = true,
                "--quiet" => read.quiet = true,
                port => read.port = port.parse().map_err(|_| format!("{port} is no port"))?,
            }
        }
        Ok(read)
    }
}

/// What calls others over the network.
struct Clients {
    http: Client,
    url: String,
    is_up: Arc<AtomicBool>,
    /// Kept: the last handle that is dropped closes it.
    amqp: ResilientConnection,
}

impl Clients {
    async fn start(telemetry: &Telemetry) -> Result<Self, Box<dyn Error>> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/stock", listener.local_addr()?);
        let is_up = Arc::new(AtomicBool::new(true));
        tokio::spawn(upstream(listener, Arc::clone(&is_up)));
        let http = Client::named("inventory")
            .no_proxy()
            .open_for(Duration::from_secs(5))
            .build()?;
        telemetry.watch(&http);
        let amqp = ResilientConnection::builder("orders")
            .uri("amqp://guest:xylophone9@127.0.0.1:1/shop")
            .base_backoff(Duration::from_secs(1))
            .max_backoff(Duration::from_secs(5))
            .connect_lazy()?;
        telemetry.watch(&amqp);
        Ok(Self {
            http,
            url,
            is_up,
            amqp,
        })
    }

    fn controlled(&self, controls: Controls) -> Controls {
        controls.http_client(&self.http).connection(&self.amqp)
    }
}

/// Answers each request on a connection of its own, or hangs up.
async fn upstream(listener: TcpListener, is_up: Arc<AtomicBool>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, is_up.load(Ordering::Relaxed)));
    }
}

async fn serve(mut stream: TcpStream, is_up: bool) -> io::Result<()> {
    // A request of ours comes in one piece; whatever it asks for, the answer is the same.
    let mut request = [0; 4096];
    let read = stream.read(&mut request).await?;
    if is_up && read > 0 {
        sleep(Duration::from_millis(5)).await;
        let answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";
        stream.write_all(answer).await?;
    }
    stream.shutdown().await
}

fn breakers(count: usize) -> Result<HashMap<String, CircuitBreaker>, Box<dyn Error>> {
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

fn monitor(database: &Arc<AtomicBool>) -> Result<Monitor, Box<dyn Error>> {
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

fn app(arguments: &Arguments, dashboard: &Dashboard, playground: Arc<Playground>) -> Router {
    let pages = dashboard.router::<()>();
    let mut app = if arguments.nest.is_empty() {
        pages
    } else {
        Router::new().nest_service(&arguments.nest, pages)
    };
    if arguments.auth {
        app = app.layer(from_fn(signed_in));
    }
    let play = Router::new()
        .route("/play/call", post(call))
        .route("/play/trip", post(trip))
        .route("/play/heal", post(heal))
        .route("/play/outage", post(outage))
        .route("/play/fill", post(fill))
        .route("/play/check", post(check))
        .route("/play/upstream", post(set_upstream))
        .route("/play/budget", post(spend))
        .route("/play/quiet", post(quiet))
        .route("/play/flood", post(flood))
        .route("/play/stop", post(stop))
        .with_state(playground);
    app.merge(play)
}

/// Who is signed in, by a header or a cookie.
fn operator(headers: &HeaderMap) -> Option<String> {
    if let Some(name) = headers.get("operator") {
        return name.to_str().ok().map(str::to_owned);
    }
    let cookies = headers.get(COOKIE)?.to_str().ok()?;
    let mut pairs = cookies
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='));
    let (_, name) = pairs.find(|(key, _)| *key == "operator")?;
    Some(name.to_owned())
}

fn operators_only(request: &Parts, _: &Action) -> Result<Allowed, Denied> {
    match operator(&request.headers) {
        Some(name) => Ok(Allowed::by(name)),
        None => Err(Denied::because("sign in as an operator first")),
    }
}

async fn signed_in(request: Request, next: Next) -> Response {
    match operator(request.headers()) {
        Some(_) => next.run(request).await,
        None => (StatusCode::UNAUTHORIZED, "sign in first").into_response(),
    }
}

async fn traffic(playground: Arc<Playground>) {
    loop {
        sleep(Duration::from_millis(20)).await;
        if !playground.quiet.load(Ordering::Relaxed) {
            playground.turn().await;
        }
    }
}

impl Playground {
    /// A few calls, some of which fail or wait.
    async fn turn(&self) {
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        for (place, name) in (0_u64..).zip(BUSY) {
            let out = self
                .outages
                .get(name)
                .is_some_and(|out| out.load(Ordering::Relaxed));
            let fails = out || (turn + place) % 17 == 0;
            if let Some(breaker) = self.breakers.get(name) {
                let _ = breaker.call(|| async move { answer(fails) }).await;
            }
        }
        let _ = self
            .retry
            .call(|attempt| async move { answer(turn % 11 == 0 && !attempt.is_retry()) })
            .await;
        if let Some(clients) = &self.clients {
            let request = clients.http.get(&clients.url).send();
            tokio::spawn(async move {
                if let Ok(response) = request.await {
                    let _ = response.bytes().await;
                }
            });
        }
        if let Ok(permit) = self.reports.try_acquire() {
            tokio::spawn(async move {
                sleep(Duration::from_millis(20 + turn % 50)).await;
                drop(permit);
            });
        }
    }

    fn breaker(&self, query: &Query) -> Result<&CircuitBreaker, (StatusCode, &'static str)> {
        let name = query.get("name").map_or("payments", String::as_str);
        let breaker = self.breakers.get(name);
        breaker.ok_or((StatusCode::NOT_FOUND, "no such breaker"))
    }
}

fn answer(fails: bool) -> io::Result<&'static str> {
    if fails {
        Err(io::Error::other("connection refused"))
    } else {
        Ok("done")
    }
}

type Query = HashMap<String, String>;
type Play = State<Arc<Playground>>;

fn query(query: Option<String>) -> Query {
    let query = query.unwrap_or_default();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

fn is_on(query: &Query, key: &str) -> bool {
    query.get(key).is_none_or(|value| value != "0")
}

async fn call(State(playground): Play, RawQuery(raw): RawQuery) -> Response {
    let query = query(raw);
    let breaker = match playground.breaker(&query) {
        Ok(breaker) => breaker,
        Err(unknown) => return unknown.into_response(),
    };
    let fails = !is_on(&query, "ok");
    match breaker.call(|| async move { answer(fails) }).await {
        Ok(_) => "passed",
        Err(BreakerError::Rejected(_)) => "rejected",
        Err(_) => "failed",
    }
    .into_response()
}

async fn trip(State(playground): Play, RawQuery(raw): RawQuery) -> Response {
    match playground.breaker(&query(raw)) {
        Ok(breaker) => {
            for _ in 0..1000 {
                if breaker.state() != BreakerState::Closed {
                    break;
                }
                let _ = breaker.call(|| async { answer(true) }).await;
            }
            breaker.state().to_string().into_response()
        }
        Err(unknown) => unknown.into_response(),
    }
}

async fn heal(State(playground): Play, RawQuery(raw): RawQuery) -> Response {
    match playground.breaker(&query(raw)) {
        Ok(breaker) => {
            breaker.reset();
            breaker.state().to_string().into_response()
        }
        Err(unknown) => unknown.into_response(),
    }
}

async fn outage(State(playground): Play, RawQuery(raw): RawQuery) -> Response {
    let query = query(raw);
    let name = query.get("name").map_or("payments", String::as_str);
    match playground.outages.get(name) {
        Some(out) => {
            out.store(is_on(&query, "on"), Ordering::Relaxed);
            "done".into_response()
        }
        None => (StatusCode::NOT_FOUND, "no such breaker").into_response(),
    }
}

async fn fill(State(playground): Play, RawQuery(raw): RawQuery) -> &'static str {
    let mut hog = playground.hog.lock().await;
    if is_on(&query(raw), "on") {
        while let Ok(permit) = playground.reports.try_acquire() {
            hog.push(permit);
        }
        "full"
    } else {
        hog.clear();
        "free"
    }
}

async fn check(State(playground): Play, RawQuery(raw): RawQuery) -> &'static str {
    let is_well = is_on(&query(raw), "ok");
    playground.database.store(is_well, Ordering::Relaxed);
    "done"
}

async fn set_upstream(State(playground): Play, RawQuery(raw): RawQuery) -> Response {
    match &playground.clients {
        Some(clients) => {
            let is_up = is_on(&query(raw), "up");
            clients.is_up.store(is_up, Ordering::Relaxed);
            "done".into_response()
        }
        None => (StatusCode::NOT_FOUND, "start it with --clients").into_response(),
    }
}

async fn spend(State(playground): Play, RawQuery(raw): RawQuery) -> &'static str {
    let query = query(raw);
    let calls = query.get("calls").and_then(|calls| calls.parse().ok());
    for _ in 0..calls.unwrap_or(100_u32) {
        let _ = playground.retry.call(|_| async { answer(true) }).await;
    }
    "done"
}

async fn quiet(State(playground): Play, RawQuery(raw): RawQuery) -> &'static str {
    playground
        .quiet
        .store(is_on(&query(raw), "on"), Ordering::Relaxed);
    "done"
}

async fn flood(State(playground): Play, RawQuery(raw): RawQuery) -> &'static str {
    let query = query(raw);
    let events = query.get("events").and_then(|events| events.parse().ok());
    for event in 0..events.unwrap_or(100_u32) {
        playground
            .dashboard
            .tell(Notice::task("flood", format!("event {event}")));
    }
    "done"
}

async fn stop(State(playground): Play) -> &'static str {
    playground.stop.notify_one();
    "stopping"
}
