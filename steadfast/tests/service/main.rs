//! The example of a service does what it says.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on is to stop")]

use std::error::Error;
use std::net::Ipv4Addr;
use std::time::Duration;

use serde_json::Value;
use steadfast::config::Loader;
use steadfast::http::reqwest::{self, StatusCode};
use tokio::net::TcpListener;

#[expect(dead_code, reason = "an example has a main")]
#[path = "../../examples/service.rs"]
mod example;

struct Caller {
    http: reqwest::Client,
    service: String,
    dashboard: String,
}

impl Caller {
    async fn post(&self, path: &str) -> reqwest::Response {
        let url = format!("{}{path}", self.service);
        self.http.post(url).send().await.unwrap()
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        let url = format!("{}{path}", self.service);
        self.http.get(url).send().await.unwrap()
    }

    /// What the dashboard shows.
    async fn shown(&self) -> Value {
        let url = format!("{}/api/snapshot", self.dashboard);
        let answer = self.http.get(url).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    /// Waits for it to show this component in this state. What it shows is up to a second old.
    async fn sees(&self, id: &str, state: &str) {
        for _ in 0..100 {
            if self.state(id).await == state {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{id} is not shown as {state}: {:#}", self.shown().await);
    }

    async fn state(&self, id: &str) -> String {
        let shown = self.shown().await;
        let rows = shown["components"].as_array().unwrap();
        let row = rows.iter().find(|row| row["id"] == id);
        let row = row.unwrap_or_else(|| panic!("no {id} in {shown:#}"));
        row["state"].as_str().unwrap().to_owned()
    }
}

/// All of it in one: there is one supervisor of a process.
#[tokio::test(flavor = "multi_thread")]
async fn the_service_works_fails_and_recovers_and_its_dashboard_shows_it()
-> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let service = listener.local_addr()?;
    // Nobody listens on port 9: there is no broker.
    let loader: Loader = example::loader(service).variables([
        ("STEADFAST_AMQP__URI", "amqp://127.0.0.1:9/%2f"),
        ("STEADFAST_CIRCUIT_BREAKERS__PAYMENTS__TIMEOUT", "100ms"),
    ]);
    let supervisor = example::start(loader, listener).await?;
    let dashboard = supervisor.dashboard_addr().unwrap();
    let caller = Caller {
        http: reqwest::Client::builder().no_proxy().build()?,
        service: format!("http://{service}"),
        dashboard: format!("http://{dashboard}/resilience"),
    };

    // The broker is away, and orders are taken all the same.
    let ordered = caller.post("/orders/lamp").await;
    assert_eq!(ordered.status(), StatusCode::OK);
    let text = ordered.text().await?;
    assert!(text.starts_with("lamp: ordered, not announced: "), "{text}");
    assert_eq!(caller.post("/payments/7").await.status(), StatusCode::OK);
    assert_eq!(caller.get("/advice/lamp").await.status(), StatusCode::OK);
    caller.sees("circuit_breaker/payments/1", "closed").await;

    caller.post("/trouble/on").await;
    for _ in 0..3 {
        let paid = caller.post("/payments/7").await;
        assert_eq!(paid.status(), StatusCode::SERVICE_UNAVAILABLE);
        let advised = caller.get("/advice/lamp").await;
        assert!(advised.status().is_server_error());
    }
    let refused = caller.get("/advice/lamp").await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers().contains_key("retry-after"));
    let why = refused.text().await?;
    assert!(
        why.contains("circuit breaker llm_requests is open"),
        "{why}"
    );
    caller.sees("circuit_breaker/llm_requests/1", "open").await;
    let ordered = caller.post("/orders/lamp").await;
    assert_eq!(ordered.status(), StatusCode::BAD_GATEWAY);

    caller.post("/trouble/off").await;
    let mut tries = 0;
    while caller.post("/payments/7").await.status() != StatusCode::OK {
        tries += 1;
        assert!(tries < 200, "the breaker of payments does not close");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }

    let report = supervisor.shutdown().await;
    assert!(report.is_clean(), "{report}");
    let gone = caller
        .http
        .get(format!("{}/advice/lamp", caller.service))
        .send()
        .await;
    assert!(gone.is_err(), "the server is gone");
    Ok(())
}
