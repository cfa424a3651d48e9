//! Code that names the endpoints.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use steadfast_amqp::{AmqpError, Builder, HookError, HookFailure, ResilientConnection};

use crate::broker::{FakeBroker, Welcome, until};
use crate::support::{paused_now, quick};

/// What the resolver answers, to be changed at will, and how often it was asked.
#[derive(Clone, Default)]
struct Answers {
    uris: Arc<Mutex<Option<Vec<String>>>>,
    asked: Arc<AtomicUsize>,
}

impl Answers {
    fn are(&self, uris: impl IntoIterator<Item = String>) {
        *self.uris.lock() = Some(uris.into_iter().collect());
    }

    fn fail(&self) {
        *self.uris.lock() = None;
    }

    fn to(&self, builder: Builder) -> Builder {
        let answers = self.clone();
        builder.shuffle(false).resolver(move || {
            answers.asked.fetch_add(1, Ordering::SeqCst);
            let uris = answers.uris.lock().clone();
            async move { uris.ok_or_else(|| HookError::from("nobody knows")) }
        })
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// No address of the builder's own.
fn quick_without_uri() -> Builder {
    ResilientConnection::builder("test")
        .connect_timeout(Duration::from_secs(5))
        .base_backoff(Duration::from_millis(10))
        .max_backoff(Duration::from_millis(50))
        .open_for(Duration::from_millis(50))
}

async fn has_failed(connection: &ResilientConnection) -> Arc<AmqpError> {
    until("an attempt has failed", || {
        connection.snapshot().totals.failed > 0
    })
    .await;
    connection.snapshot().last_error.unwrap()
}

#[tokio::test]
async fn it_is_asked_at_every_attempt_and_its_answer_counts() {
    let (here, there) = (FakeBroker::start().await, FakeBroker::start().await);
    let answers = Answers::default();
    answers.are([here.uri()]);
    let connection = answers.to(quick_without_uri()).connect().await.unwrap();
    assert_eq!(answers.asked(), 1);
    assert_eq!(here.live(), 1);

    answers.are([there.uri()]);
    here.hang_up();
    until("it has moved", || there.live() == 1).await;
    assert_eq!(answers.asked(), 2);
    assert_eq!(here.accepted(), 1);
    until("it is up", || connection.state().is_connected()).await;
    let port = connection.endpoint().unwrap().port().to_string();
    assert!(there.uri().contains(&port));
}

#[tokio::test]
async fn the_endpoints_stay_as_they_were_when_it_cannot_tell() {
    let broker = FakeBroker::start().await;
    let answers = Answers::default();
    answers.are([broker.uri()]);
    let connection = answers.to(quick_without_uri()).connect().await.unwrap();
    assert!(connection.snapshot().resolver_error.is_none());
    for (epoch, text) in [
        (2, "resolver of endpoints failed: nobody knows"),
        (3, "must name at least one address"),
        (4, "[1] \"amqp://***@bad\""),
    ] {
        match epoch {
            2 => answers.fail(),
            3 => answers.are([]),
            _ => answers.are([broker.uri(), "amqp://u:secret@bad?x=y".to_owned()]),
        }
        broker.hang_up();
        until("it is back", || {
            connection.epoch().is_some_and(|now| now.number() == epoch)
        })
        .await;
        let error = connection.snapshot().resolver_error.unwrap();
        assert!(error.to_string().contains(text), "{error}");
        assert!(!format!("{error:?}").contains("secret"));
    }
    answers.are([broker.uri()]);
    broker.hang_up();
    until("it is back", || {
        connection.epoch().is_some_and(|now| now.number() == 5)
    })
    .await;
    assert!(connection.snapshot().resolver_error.is_none());
}

#[tokio::test]
async fn addresses_of_the_builder_are_for_when_it_has_not_answered_yet() {
    let broker = FakeBroker::start().await;
    let answers = Answers::default();
    let connection = answers.to(quick(broker.uri())).connect().await.unwrap();
    assert!(connection.snapshot().resolver_error.is_some());
}

#[tokio::test]
async fn without_any_endpoint_the_attempt_fails_and_the_next_one_asks_again() {
    let broker = FakeBroker::start().await;
    let answers = Answers::default();
    let connection = answers.to(quick_without_uri()).connect_lazy().unwrap();
    assert_eq!(connection.endpoint(), None);
    let error = has_failed(&connection).await;
    assert!(
        matches!(
            &*error,
            AmqpError::Resolver {
                failure: HookFailure::Failed(_)
            }
        ),
        "{error:?}"
    );
    assert!(error.is_retryable() && !error.is_permanent());
    assert_eq!(error.error_type(), "resolver");
    assert_eq!(connection.snapshot().totals.refused, 0);
    answers.are([broker.uri()]);
    until("there is a connection", || {
        connection.state().is_connected()
    })
    .await;
    assert!(connection.endpoint().is_some());
}

#[tokio::test]
async fn one_that_panics_has_failed_like_any_other() {
    let builder = quick_without_uri().resolver(|| -> std::future::Ready<_> { panic!("early") });
    let connection = builder.connect_lazy().unwrap();
    let error = has_failed(&connection).await;
    assert_eq!(error.to_string(), "resolver of endpoints panicked: early");

    let builder = quick_without_uri().resolver(|| async { panic!("late") });
    let connection = builder.connect_lazy().unwrap();
    let error = has_failed(&connection).await;
    assert_eq!(error.to_string(), "resolver of endpoints panicked: late");
    let report = connection.close(Duration::from_secs(1)).await;
    assert!(report.is_clean());
}

/// Nothing is dialed, so that time can be virtual.
#[tokio::test(start_paused = true)]
async fn one_that_hangs_is_given_up_with_the_connect_timeout() {
    let builder = quick_without_uri().resolver(pending);
    let began = paused_now();
    let error = builder
        .connect_timeout(Duration::from_secs(7))
        .connect()
        .await
        .unwrap_err();
    let AmqpError::Disconnected {
        last: Some(last), ..
    } = &error
    else {
        panic!("{error:?}");
    };
    let failure = HookFailure::TimedOut {
        waited: Duration::from_secs(7),
    };
    assert_eq!(last.to_string(), format!("resolver of endpoints {failure}"));
    assert!(
        began.elapsed() >= Duration::from_secs(28),
        "one for it, three for what it names"
    );
}

#[tokio::test]
async fn an_attempt_spends_three_connect_timeouts_on_what_it_names_and_the_next_goes_on_behind() {
    let mut nodes = Vec::new();
    for _ in 0..5 {
        let node = FakeBroker::start().await;
        node.welcome(Welcome::Silence);
        nodes.push(node);
    }
    let answers = Answers::default();
    answers.are(nodes.iter().map(FakeBroker::uri));
    let builder = quick_without_uri().connect_timeout(Duration::from_millis(100));
    let connection = answers.to(builder).connect_lazy().unwrap();
    has_failed(&connection).await;
    let tried = |nodes: &[FakeBroker]| nodes.iter().filter(|it| it.accepted() > 0).count();
    assert!(tried(&nodes[..3]) == 3 && tried(&nodes[4..]) == 0);
    until("those behind were tried", || tried(&nodes) == 5).await;
    assert!(connection.snapshot().totals.attempts <= 3);
}
