//! A server with a dashboard, and clients of it.

use std::time::Duration;

use axum::Router;
use futures_util::StreamExt;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;
use steadfast_breaker::CircuitBreaker;
use steadfast_dashboard::{Action, Allowed, Builder, Controls, Dashboard, Denied};
use steadfast_telemetry::{Notice, NoticeLevel, Telemetry};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// Long enough for anything that is going to happen on a slow machine.
pub(crate) const LONG: Duration = Duration::from_secs(20);

pub(crate) fn breaker(name: &str) -> CircuitBreaker {
    let builder = CircuitBreaker::builder(name).failure_threshold(3);
    builder.open_for(Duration::from_secs(3600)).build().unwrap()
}

pub(crate) fn fail(breaker: &CircuitBreaker) {
    let _ = breaker.call_blocking(|| Err::<(), _>("refused"));
}

pub(crate) fn trip(breaker: &CircuitBreaker) {
    (0..3).for_each(|_| fail(breaker));
}

/// A dashboard that is served, and the telemetry that it shows.
pub(crate) struct Served {
    pub(crate) telemetry: Telemetry,
    pub(crate) dashboard: Dashboard,
    pub(crate) client: Client,
    origin: String,
    mount: String,
    server: JoinHandle<()>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Served {
    /// Serves the dashboard alone.
    pub(crate) async fn new(build: impl FnOnce(Builder) -> Builder) -> Self {
        Self::with(Telemetry::builder().history(100).build().unwrap(), build).await
    }

    pub(crate) async fn with(telemetry: Telemetry, build: impl FnOnce(Builder) -> Builder) -> Self {
        Self::mounted(telemetry, build, "", |dashboard| dashboard.router()).await
    }

    pub(crate) async fn mounted(
        telemetry: Telemetry,
        build: impl FnOnce(Builder) -> Builder,
        mount: &str,
        app: impl FnOnce(&Dashboard) -> Router,
    ) -> Self {
        let dashboard = build(Dashboard::builder(&telemetry)).build().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let app = app(&dashboard);
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            telemetry,
            dashboard,
            client: Client::builder().no_proxy().build().unwrap(),
            origin,
            mount: mount.to_owned(),
            server,
        }
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{}/{path}", self.origin, self.mount)
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.client.get(self.url(path)).send().await.unwrap()
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        json(self.get(path).await).await
    }

    /// The row of this id, now.
    pub(crate) async fn row(&self, id: &str) -> Value {
        let snapshot = self.json("api/snapshot").await;
        let rows = snapshot["components"].as_array().unwrap();
        let row = rows.iter().find(|row| row["id"] == id);
        row.unwrap_or_else(|| panic!("{id} in {snapshot}")).clone()
    }

    /// Puts a line into the log.
    pub(crate) fn tell(&self, name: &str, text: &str) {
        let notice = Notice::new("task", name, NoticeLevel::Info, text);
        self.dashboard.tell(&notice);
    }

    /// A post of controls as the page sends it.
    pub(crate) fn post(&self, body: &str) -> RequestBuilder {
        let request = self.client.post(self.url("api/control"));
        request
            .header("content-type", "application/json")
            .header("x-resilience-csrf", "1")
            .header("sec-fetch-site", "same-origin")
            .body(body.to_owned())
    }

    /// The status of the answer, and what it says.
    pub(crate) async fn control(&self, body: &str) -> (u16, String) {
        said(self.post(body)).await
    }

    pub(crate) async fn stream(&self) -> Events {
        self.stream_after(None).await
    }

    pub(crate) async fn stream_after(&self, id: Option<u64>) -> Events {
        let mut request = self.client.get(self.url("api/stream"));
        if let Some(id) = id {
            request = request.header("last-event-id", id.to_string());
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        Events::of(response)
    }
}

pub(crate) async fn json(response: Response) -> Value {
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

/// The status, and the one line of the answer: its text, or its error.
pub(crate) async fn said(request: RequestBuilder) -> (u16, String) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let body = json(response).await;
    let line = body.get("text").or_else(|| body.get("error")).unwrap();
    (status, line.as_str().unwrap().to_owned())
}

/// Lets everybody in who says who it is.
pub(crate) fn operators() -> Controls {
    Controls::new(|request: &axum::http::request::Parts, _: &Action| {
        let name = request
            .headers
            .get("operator")
            .and_then(|it| it.to_str().ok());
        match name {
            Some("mallory") => Err(Denied::because("mallory may look and touch nothing")),
            Some("boom") => panic!("a bug of the authoriser's"),
            name => Ok(Allowed::by(name.unwrap_or("alice"))),
        }
    })
}

/// One message of a stream.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) event: String,
    pub(crate) id: Option<u64>,
    pub(crate) data: Value,
    pub(crate) text: String,
}

/// The messages of a stream.
pub(crate) struct Events {
    body: std::pin::Pin<Box<dyn futures_util::Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>,
    read: String,
}

impl Events {
    pub(crate) fn of(response: Response) -> Self {
        Self {
            body: Box::pin(response.bytes_stream()),
            read: String::new(),
        }
    }

    /// The next message; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        loop {
            if let Some((text, rest)) = self.read.split_once("\n\n") {
                let text = text.to_owned();
                self.read = rest.to_owned();
                return Some(message(text));
            }
            let more = timeout(LONG, self.body.next())
                .await
                .expect("nothing comes")?;
            self.read
                .push_str(std::str::from_utf8(&more.unwrap()).unwrap());
        }
    }

    /// The next message of this kind; others are passed over.
    pub(crate) async fn next_of(&mut self, event: &str) -> Message {
        loop {
            let message = self.next().await.expect("the stream has ended");
            if message.event == event {
                return message;
            }
        }
    }

    /// Reads to the end; the last message.
    pub(crate) async fn last(&mut self) -> Message {
        let mut last = None;
        while let Some(message) = self.next().await {
            last = Some(message);
        }
        last.unwrap()
    }
}

fn message(text: String) -> Message {
    let field = |name: &str| {
        let mut lines = text.lines();
        lines.find_map(|line| {
            line.strip_prefix(name)?
                .strip_prefix(": ")
                .map(str::to_owned)
        })
    };
    Message {
        event: field("event").unwrap(),
        id: field("id").map(|id| id.parse().unwrap()),
        data: serde_json::from_str(&field("data").unwrap()).unwrap(),
        text,
    }
}

/// Looks until it is so.
pub(crate) async fn until(mut is_so: impl FnMut() -> bool) {
    timeout(LONG, async {
        while !is_so() {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("it never is so");
}
