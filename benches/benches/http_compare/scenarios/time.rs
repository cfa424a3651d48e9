//! When a call has to be over.

use steadfast_benches::{Cell, clock};
use steadfast_testkit::{HttpUpstream, Reply};

use crate::clients::{Kind, Limits};
use crate::support::millis;

pub(super) async fn no_answer(kind: Kind) -> Cell {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::stall());
    let total = millis(1000);
    let client = kind.with(&Limits {
        attempt_timeout: Some(millis(400)),
        total_timeout: Some(total),
        ..Limits::default()
    });
    let began = clock::now();
    let failed = client.get(&upstream.url("/")).await.is_err();
    let took = began.elapsed();
    let late = took.saturating_sub(total);
    let was_sent = upstream.request_count() > 0;
    let right = was_sent && failed && late <= millis(250);
    Cell::new(format!("{:.2} s late", late.as_secs_f64()), right)
}
