//! Steadfast's side: everything from one file, under one supervisor, with the dashboard live all along.

use std::error::Error;
use std::net::SocketAddr;

use steadfast::config::Loader;
use steadfast::supervisor::Supervisor;

const FILE: &str = include_str!("demo.toml");

/// The HTTP client of the file.
pub(crate) const CLIENT: &str = "storm";

/// Starts all that is in the file. Without a broker there is no connection to one.
pub(crate) async fn start(broker: Option<&str>) -> Result<Supervisor, Box<dyn Error>> {
    let mut loader = Loader::new();
    loader = match broker {
        Some(uri) => loader
            .text("demo.toml", FILE)
            .variables([("STEADFAST_AMQP__URI", uri)]),
        None => loader.text("demo.toml", without_amqp()),
    };
    Ok(Supervisor::builder()
        .config(loader.load()?.into_config())
        // As bare reqwest is here: the peers are all on this machine.
        .http(|_, builder| {
            let builder = builder.reqwest(reqwest::Client::builder().no_proxy());
            builder.redirect(reqwest::redirect::Policy::none())
        })
        .start()
        .await?)
}

/// The file but for its section on the broker.
fn without_amqp() -> String {
    let sections = FILE.split("\n\n");
    let kept: Vec<_> = sections
        .filter(|text| !text.starts_with("[amqp]"))
        .collect();
    kept.join("\n\n")
}

/// What the dashboard's API has said while the storm went on.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    /// How often it was asked.
    pub(crate) asked: usize,
    /// How often it answered.
    pub(crate) answered: usize,
    /// How often it showed an open circuit breaker.
    pub(crate) open: usize,
}

impl Seen {
    pub(crate) fn count(&mut self, showed: Option<Showed>) {
        self.asked += 1;
        let Some(showed) = showed else { return };
        self.answered += 1;
        self.open += usize::from(showed.open);
    }
}

/// What the dashboard showed at one time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Showed {
    /// Whether there was an open circuit breaker.
    open: bool,
}

/// Asks the dashboard's API, as the page does.
pub(crate) struct Watcher {
    client: reqwest::Client,
    url: String,
}

impl Watcher {
    pub(crate) fn new(dashboard: SocketAddr) -> reqwest::Result<Self> {
        Ok(Self {
            client: reqwest::Client::builder().no_proxy().build()?,
            url: format!("http://{dashboard}/resilience/api/snapshot"),
        })
    }

    /// What it shows now; `None` if it does not answer.
    pub(crate) async fn look(&self) -> Option<Showed> {
        let snapshot = self.snapshot().await?;
        let rows = snapshot["components"].as_array()?;
        let open = rows
            .iter()
            .any(|row| row["kind"] == "circuit_breaker" && row["state"] == "open");
        Some(Showed { open })
    }

    async fn snapshot(&self) -> Option<serde_json::Value> {
        let answer = self.client.get(&self.url).send().await.ok()?;
        let text = answer.error_for_status().ok()?.text().await.ok()?;
        serde_json::from_str(&text).ok()
    }
}
