//! The server states a time before which it does not want to be asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, UNIX_EPOCH};

use futures_util::future::join_all;
use parking_lot::Mutex;
use steadfast_benches::{Cell, clock};
use steadfast_testkit::{HttpUpstream, Reply};
use tokio::time::sleep;

use crate::clients::{Client, Kind};
use crate::support::{millis, until, wall};

const SECOND: Duration = Duration::from_secs(1);
/// Clocks are read one after the other.
const GRAIN: Duration = Duration::from_millis(1);

fn busy(retry_after: String) -> Reply {
    Reply::status(503).header("retry-after", retry_after)
}

pub(super) async fn seconds(kind: Kind) -> Cell {
    let upstream = HttpUpstream::start().await;
    upstream.script([busy("1".to_owned())]);
    let asked = ask(&kind.client(), &upstream).await;
    let received = upstream.requests();
    let stated = received.first().map(|first| first.at + SECOND);
    second(&upstream, stated, asked)
}

pub(super) async fn date(kind: Kind) -> Cell {
    let upstream = HttpUpstream::start().await;
    let (now, wall) = (clock::now(), wall());
    // Whole seconds, the next but one.
    let since = wall
        .duration_since(UNIX_EPOCH)
        .expect("a clock that is set");
    let date = UNIX_EPOCH + Duration::from_secs(since.as_secs() + 2);
    upstream.script([busy(httpdate::fmt_http_date(date))]);
    let stated = now + date.duration_since(wall).expect("it is to come");
    let asked = ask(&kind.client(), &upstream).await;
    second(&upstream, Some(stated), asked)
}

async fn ask(client: &Client, upstream: &HttpUpstream) -> bool {
    let answer = client.read(&upstream.url("/")).await;
    answer.is_ok_and(|(status, _)| status == 200)
}

/// How long before or after the stated moment the second request came.
fn second(upstream: &HttpUpstream, stated: Option<Instant>, answered: bool) -> Cell {
    let received = upstream.requests();
    let (Some(second), Some(stated)) = (received.get(1), stated) else {
        return Cell::new("no 2nd", false);
    };
    let early = stated.saturating_duration_since(second.at);
    if early > GRAIN {
        return Cell::new(format!("{:.2} s early", early.as_secs_f64()), false);
    }
    let late = second.at.saturating_duration_since(stated);
    let right = received.len() == 2 && answered && late <= SECOND;
    Cell::new(format!("{:.2} s after", late.as_secs_f64()), right)
}

pub(super) async fn beyond(kind: Kind) -> Cell {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| busy("3600".to_owned()));
    let began = clock::now();
    let answer = kind.client().read(&upstream.url("/")).await;
    let took = began.elapsed();
    let count = upstream.request_count();
    let returned = answer.is_ok_and(|(status, _)| status == 503);
    let figure = format!("{count} sent, {:.2} s", took.as_secs_f64());
    Cell::new(figure, returned && count == 1 && took < SECOND)
}

/// One caller gets the 429; the others come a quarter of a second later.
pub(super) async fn crowd(kind: Kind) -> Cell {
    let upstream = HttpUpstream::start().await;
    let stated = Arc::new(Mutex::new(None));
    let early = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&early);
    upstream.respond_with(move |received, before| {
        let stated = *stated.lock().get_or_insert(received.at + SECOND);
        if received.at >= stated {
            return Reply::ok("again");
        }
        if before > 0 {
            counted.fetch_add(1, Ordering::Relaxed);
        }
        Reply::status(429).header("retry-after", "1")
    });
    let client = kind.client();
    let (first, url) = (client.clone(), upstream.url("/"));
    let first = tokio::spawn(async move { first.read(&url).await });
    until(|| upstream.request_count() > 0).await;
    sleep(millis(250)).await;
    let url = upstream.url("/");
    let mut answers = join_all((0..50).map(|_| client.read(&url))).await;
    answers.extend(first.await);
    let answered = |answer: &Result<_, _>| matches!(answer, Ok((status, _)) if *status == 200);
    let answered = answers.iter().filter(|answer| answered(answer)).count();
    let early = early.load(Ordering::Relaxed);
    let figure = format!("{early} early, {answered} answered");
    Cell::new(figure, early == 0 && answered == 51)
}
