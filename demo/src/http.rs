//! The HTTP half: planned requests against a stormy upstream and its healthy neighbour.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use steadfast_testkit::{HttpUpstream, Reply};
use tokio::task::JoinSet;
use tokio::time::sleep_until;

use crate::clock;
use crate::plan::{Method, Plan, Request};
use crate::report::Http;
use crate::storm::{OUTAGE_END, Stormy};

/// How long any request may take, for both clients.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(2);

/// The two clients, behind one face.
#[derive(Clone)]
pub(crate) enum Client {
    Bare(reqwest::Client),
    Steadfast(steadfast::http::Client),
}

impl Client {
    pub(crate) fn bare() -> Result<Self, Box<dyn std::error::Error>> {
        let client = reqwest::Client::builder()
            .timeout(TOTAL_TIMEOUT)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self::Bare(client))
    }

    /// Whether the request was answered with a 2xx, body and all.
    async fn succeeds(&self, method: Method, url: &str, id: u32) -> bool {
        let id = id.to_string();
        let answer = match self {
            Self::Bare(client) => {
                let request = match method {
                    Method::Get => client.get(url),
                    Method::Put => client.put(url).body("put"),
                    Method::Post => client.post(url).body("post"),
                };
                request.header("x-id", id).send().await.ok()
            }
            Self::Steadfast(client) => {
                let request = match method {
                    Method::Get => client.get(url),
                    Method::Put => client.put(url).body("put"),
                    Method::Post => client.post(url).body("post"),
                };
                request.header("x-id", id).send().await.ok()
            }
        };
        match answer {
            Some(answer) if answer.status().is_success() => answer.bytes().await.is_ok(),
            _ => false,
        }
    }
}

/// Counts that the progress line shows while the run goes on.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) succeeded: AtomicUsize,
    pub(crate) failed: AtomicUsize,
}

/// How one request went.
struct Told {
    request: Request,
    succeeded: bool,
    took: Duration,
    /// After the start of the run.
    ended: Duration,
}

/// Sends the plan's requests, each at its moment, and waits for the last answer.
pub(crate) async fn run(
    plan: &Plan,
    client: &Client,
    stormy: &Stormy,
    progress: &Arc<Progress>,
    start: Instant,
) -> Http {
    let healthy = HttpUpstream::start().await;
    healthy.respond_with(|_, _| Reply::ok("done").delay(Duration::from_millis(5)));
    let stormy_url = format!("http://{}/", stormy.proxy.addr());
    let healthy_url = healthy.url("/");
    let mut tasks = JoinSet::new();
    for &request in &plan.requests {
        let (client, progress) = (client.clone(), Arc::clone(progress));
        let url = if request.stormy {
            stormy_url.clone()
        } else {
            healthy_url.clone()
        };
        tasks.spawn(async move {
            let at = start + request.at;
            sleep_until(at.into()).await;
            let succeeded = client.succeeds(request.method, &url, request.id).await;
            let count = if succeeded {
                &progress.succeeded
            } else {
                &progress.failed
            };
            count.fetch_add(1, Ordering::Relaxed);
            let end = clock::now();
            Told {
                request,
                succeeded,
                took: end - at,
                ended: end - start,
            }
        });
    }
    let told = tasks.join_all().await;
    summary(&told, &[&stormy.upstream, &healthy])
}

fn summary(told: &[Told], upstreams: &[&HttpUpstream]) -> Http {
    let mut latencies: Vec<_> = told.iter().map(|told| told.took).collect();
    latencies.sort_unstable();
    let mut posts: HashMap<String, usize> = HashMap::new();
    for received in upstreams.iter().flat_map(|upstream| upstream.requests()) {
        if received.method == "POST" {
            let id = received.header("x-id").unwrap_or_default().to_owned();
            *posts.entry(id).or_default() += 1;
        }
    }
    Http {
        requests: told.len(),
        succeeded: told.iter().filter(|told| told.succeeded).count(),
        latencies,
        reached: upstreams
            .iter()
            .map(|upstream| upstream.request_count())
            .sum(),
        posts: told
            .iter()
            .filter(|told| told.request.method == Method::Post)
            .count(),
        most_posts: posts.into_values().max().unwrap_or(0),
        recovered: told
            .iter()
            .filter(|told| told.request.stormy && told.succeeded && told.ended >= OUTAGE_END)
            .map(|told| told.ended - OUTAGE_END)
            .min(),
    }
}
