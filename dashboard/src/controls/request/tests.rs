//! Bodies that do not come, in virtual time.

use axum::body::Bytes;
use futures_util::{StreamExt, stream};
use steadfast_telemetry::Telemetry;
use tokio::time::sleep;

use super::*;
use crate::{Controls, Dashboard};

fn dashboard(telemetry: &Telemetry) -> Dashboard {
    let controls = Controls::new(|_: &Parts, _: &Action| Ok(Allowed::by("alice")));
    let builder = Dashboard::builder(telemetry).controls(controls);
    builder.build().unwrap()
}

fn request(body: Body) -> Request {
    Request::post("/api/control")
        .header("content-type", "application/json")
        .header("x-resilience-csrf", "1")
        .header("sec-fetch-site", "same-origin")
        .body(body)
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_body_that_trickles_is_not_waited_for() {
    let telemetry = Telemetry::new();
    let dashboard = dashboard(&telemetry);
    let byte = || async { Ok::<_, std::io::Error>(Bytes::from_static(b" ")) };
    let trickle = stream::repeat(()).then(move |()| async move {
        sleep(Duration::from_secs(1)).await;
        byte().await
    });
    for body in [
        Body::from_stream(trickle),
        Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>()),
    ] {
        let response = post(State(Arc::clone(dashboard.hub())), request(body));
        // Much longer than it may take, much shorter than a body of so many seconds.
        let response = timeout(Duration::from_secs(60), response).await.unwrap();
        assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_off_does_nothing() {
    let telemetry = Telemetry::new();
    let dashboard = dashboard(&telemetry);
    let broken = stream::iter([
        Ok(Bytes::from_static(b"{")),
        Err(std::io::Error::other("the connection is gone")),
    ]);
    let request = request(Body::from_stream(broken));
    let response = post(State(Arc::clone(dashboard.hub())), request).await;
    assert!(response.status().is_client_error());
    assert_eq!(dashboard.hub().latest(10).len(), 0);
}
