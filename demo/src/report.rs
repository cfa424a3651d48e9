//! What a run measured, and the table at the end.

use std::fmt::Write as _;
use std::time::Duration;

use crate::service::Seen;

/// The HTTP half of a run.
#[derive(Debug, Default, Clone)]
pub(crate) struct Http {
    pub(crate) requests: usize,
    pub(crate) succeeded: usize,
    /// Time from the planned moment to the answer or the error, sorted.
    pub(crate) latencies: Vec<Duration>,
    /// Whole requests that the upstreams received.
    pub(crate) reached: usize,
    pub(crate) posts: usize,
    /// The most often that any one POST reached its upstream.
    pub(crate) most_posts: usize,
    /// From the end of the outage to the first success against the upstream that was out.
    pub(crate) recovered: Option<Duration>,
}

/// The AMQP half of a run.
#[derive(Debug, Default, Clone)]
pub(crate) struct Amqp {
    pub(crate) messages: usize,
    pub(crate) confirmed: usize,
    /// Told to the caller as not confirmed.
    pub(crate) failed: usize,
    /// Confirmed, but not in the queue.
    pub(crate) lost: usize,
    /// In the queue more than once.
    pub(crate) duplicated: usize,
    /// From the broker's readiness to the first confirm.
    pub(crate) recovered: Option<Duration>,
}

/// One run: bare, or with Steadfast.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) http: Http,
    pub(crate) amqp: Option<Amqp>,
    /// What its dashboard showed, if it has one.
    pub(crate) dashboard: Option<Seen>,
}

impl Http {
    fn percentile(&self, percent: usize) -> Option<Duration> {
        let rank = (self.latencies.len() * percent).div_ceil(100);
        self.latencies.get(rank.checked_sub(1)?).copied()
    }
}

/// The table of both runs side by side.
pub(crate) fn table(bare: &Run, steadfast: &Run) -> String {
    let mut table = Table::default();
    table.row("", &"bare", &"Steadfast");
    let (b, s) = (&bare.http, &steadfast.http);
    table.head("HTTP: reqwest alone, steadfast-http");
    table.row("requests", &b.requests, &s.requests);
    table.row(
        "success rate",
        &percent(b.succeeded, b.requests),
        &percent(s.succeeded, s.requests),
    );
    table.row("p50", &millis(b.percentile(50)), &millis(s.percentile(50)));
    table.row("p99", &millis(b.percentile(99)), &millis(s.percentile(99)));
    table.row("reached the upstreams", &b.reached, &s.reached);
    table.row(
        "load amplification",
        &times(b.reached, b.requests),
        &times(s.reached, s.requests),
    );
    table.row("POSTs sent", &b.posts, &s.posts);
    table.row("most often one POST arrived", &b.most_posts, &s.most_posts);
    table.row(
        "time to recover",
        &millis(b.recovered),
        &millis(s.recovered),
    );
    if let (Some(b), Some(s)) = (&bare.amqp, &steadfast.amqp) {
        table.head("AMQP: lapin alone (auto-recovery on), steadfast-amqp");
        table.row("messages", &b.messages, &s.messages);
        table.row("confirmed", &b.confirmed, &s.confirmed);
        table.row("errors to the caller", &b.failed, &s.failed);
        table.row("confirmed but lost", &b.lost, &s.lost);
        table.row("duplicated", &b.duplicated, &s.duplicated);
        table.row(
            "time to recover",
            &millis(b.recovered),
            &millis(s.recovered),
        );
    }
    if let Some(seen) = &steadfast.dashboard {
        let Seen {
            asked,
            answered,
            open,
        } = seen;
        let told = format!("asked {asked} times, answered {answered}, a breaker open in {open}");
        table.head(&format!("The dashboard: {told}"));
    }
    table.text
}

/// What Steadfast promises and this run broke; empty when all is well.
pub(crate) fn broken_promises(run: &Run) -> Vec<String> {
    let mut broken = Vec::new();
    if run.http.most_posts > 1 {
        broken.push(format!("a POST was sent {} times", run.http.most_posts));
    }
    if run.http.recovered.is_none() {
        broken.push("HTTP did not recover from the outage".to_owned());
    }
    if let Some(amqp) = &run.amqp {
        if amqp.lost > 0 {
            broken.push(format!("{} confirmed messages were lost", amqp.lost));
        }
        if amqp.confirmed + amqp.failed != amqp.messages {
            broken.push("a publish ended in neither a confirm nor an error".to_owned());
        }
        if amqp.recovered.is_none() {
            broken.push("AMQP did not recover from the broker's death".to_owned());
        }
    }
    if let Some(seen) = &run.dashboard {
        if seen.answered < seen.asked {
            broken.push(format!(
                "the dashboard answered {} of {} times",
                seen.answered, seen.asked
            ));
        }
        if seen.open == 0 {
            broken.push("the dashboard never showed the outage".to_owned());
        }
    }
    broken
}

#[derive(Debug, Default)]
struct Table {
    text: String,
}

impl Table {
    fn head(&mut self, title: &str) {
        let _ = writeln!(self.text, "\n{title}");
    }

    fn row(
        &mut self,
        label: &str,
        bare: &dyn std::fmt::Display,
        steadfast: &dyn std::fmt::Display,
    ) {
        let _ = writeln!(
            self.text,
            "  {label:<30} {:>14} {:>14}",
            bare.to_string(),
            steadfast.to_string()
        );
    }
}

fn percent(part: usize, whole: usize) -> String {
    format!("{:.1} %", 100.0 * part as f64 / whole.max(1) as f64)
}

fn times(part: usize, whole: usize) -> String {
    format!("x{:.2}", part as f64 / whole.max(1) as f64)
}

fn millis(duration: Option<Duration>) -> String {
    duration.map_or_else(|| "never".to_owned(), |d| format!("{} ms", d.as_millis()))
}
