//! Being told of requests.

use std::sync::{Arc, Mutex};

use reqwest::{Method, StatusCode};
use steadfast_http::{Finished, Observer};
use steadfast_testkit::{HttpUpstream, Reply};

use crate::support::{dead_end, quick};

#[derive(Default)]
struct Log(Mutex<Vec<Finished>>);

impl Observer for Log {
    fn finished(&self, finished: &Finished) {
        self.0.lock().unwrap().push(finished.clone());
    }
}

#[tokio::test]
async fn hears_how_each_request_ended() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(503)]);
    let (dead, _held) = dead_end().await;
    let log = Arc::new(Log::default());
    let client = quick().observer(Arc::clone(&log)).build().unwrap();
    client.get(upstream.url("/secret")).send().await.unwrap();
    let _ = client.post(format!("http://{dead}/")).send().await;
    let _ = client.get("not a url").send().await;

    let heard = log.0.lock().unwrap();
    assert_eq!(heard.len(), 2);
    assert_eq!(&*heard[0].name, "test");
    assert_eq!(*heard[0].authority, upstream.addr().to_string());
    assert_eq!(heard[0].method, Method::GET);
    assert_eq!(heard[0].attempts, 2);
    assert_eq!(heard[0].status, Some(StatusCode::OK));
    assert_eq!(heard[0].error_type, None);
    assert_eq!(heard[1].method, Method::POST);
    assert_eq!(heard[1].status, None);
    assert_eq!(heard[1].error_type, Some("connect"));
}

#[tokio::test]
async fn that_panics_hurts_nobody() {
    struct Panics;

    impl Observer for Panics {
        fn finished(&self, _: &Finished) {
            panic!("an observer of the test");
        }
    }

    let upstream = HttpUpstream::start().await;
    let log = Arc::new(Log::default());
    let client = quick()
        .observer(Panics)
        .observer(Arc::clone(&log))
        .build()
        .unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "ok");
    assert_eq!(log.0.lock().unwrap().len(), 1);
    assert_eq!(client.snapshot().totals.observer_panics, 1);
}
