//! What can be done to it: `POST /play/..`.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use steadfast_breaker::{CircuitBreaker, Error as BreakerError, State as BreakerState};
use steadfast_telemetry::{Notice, NoticeLevel};

use crate::play::Playground;
use crate::traffic;

type Query = HashMap<String, String>;
type Play = State<Arc<Playground>>;

pub(crate) fn play(playground: Arc<Playground>) -> Router {
    Router::new()
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
        .with_state(playground)
}

impl Playground {
    fn breaker(&self, query: &Query) -> Result<&CircuitBreaker, (StatusCode, &'static str)> {
        let name = query.get("name").map_or("payments", String::as_str);
        let breaker = self.breakers.get(name);
        breaker.ok_or((StatusCode::NOT_FOUND, "no such breaker"))
    }
}

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
    match traffic::call(breaker, fails).await {
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
                let _ = traffic::call(breaker, true).await;
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
        let _ = playground
            .retry
            .call(|_| async { traffic::answer(true) })
            .await;
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
        let text = format!("event {event}");
        let notice = Notice::new("task", "flood", NoticeLevel::Info, text);
        playground.dashboard.tell(&notice);
    }
    "done"
}

async fn stop(State(playground): Play) -> &'static str {
    playground.stop.notify_one();
    "stopping"
}
