//! How many calls are under way.

use futures_util::future::join_all;
use steadfast_benches::Cell;
use steadfast_testkit::{HttpUpstream, Reply};
use tokio::task::JoinSet;

use crate::clients::{Kind, Limits};
use crate::support::{millis, until};

pub(super) async fn slow_bodies(kind: Kind) -> Cell {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::ok(vec![b'x'; 100_000]).slow_body(10_000, millis(30)));
    let client = kind.with(&Limits {
        max_concurrent: Some(8),
        ..Limits::default()
    });
    let url = upstream.url("/");
    let answers = join_all((0..40).map(|_| client.read(&url))).await;
    let answered = answers.iter().filter(|answer| answer.is_ok()).count();
    let peak = upstream.peak_in_flight();
    let right = peak == 8 && answered == 40;
    Cell::new(format!("{peak} at once, {answered} answered"), right)
}

/// Callers that give up while the server keeps silent; then as many as the client has places, which the
/// server answers after half a second. They are at once if the last arrives before the first is answered.
pub(super) async fn dropped(kind: Kind) -> Cell {
    const PLACES: usize = 64;
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::stall());
    let (client, url) = (kind.client(), upstream.url("/"));
    let mut as_meant = true;
    for _ in 0..5 {
        let mut callers = JoinSet::new();
        for _ in 0..100 {
            let (client, url) = (client.clone(), url.clone());
            callers.spawn(async move { client.get(&url).await.is_ok() });
        }
        as_meant &= until(|| upstream.in_flight() >= PLACES as u64).await;
        callers.shutdown().await;
        as_meant &= until(|| upstream.in_flight() == 0).await;
    }
    upstream.forget();
    let answer = millis(500);
    upstream.respond_with(move |_, _| Reply::ok("well").delay(answer));
    let answers = join_all((0..PLACES).map(|_| client.read(&url))).await;
    let answered = answers.iter().filter(|answer| answer.is_ok()).count();
    let received = upstream.requests();
    let at_once = received
        .iter()
        .filter(|request| request.at < received[0].at + answer);
    let at_once = at_once.count();
    let right = as_meant && at_once == PLACES && answered == PLACES;
    Cell::new(format!("{at_once} at once, {answered} answered"), right)
}
