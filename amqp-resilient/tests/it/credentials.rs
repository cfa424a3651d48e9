//! Code that says who connects.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use steadfast_amqp::{
    AmqpError, ConnectionState, Credentials, HookError, Purpose, RefusedKind, ResilientConnection,
};
use steadfast_breaker::State as BreakerState;

use crate::broker::{FakeBroker, Welcome, until};
use crate::support::{paused_now, quick};

#[tokio::test]
async fn the_provider_is_asked_at_every_attempt_and_replaces_what_the_address_says() {
    let broker = FakeBroker::start().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let connection = quick(broker.uri())
        .credentials(move || {
            let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
            async move { Ok(Credentials::password("app", format!("p@ss/{number}"))) }
        })
        .connect()
        .await
        .unwrap();
    assert_eq!(broker.logins(), ["app:p@ss/1"]);
    broker.hang_up();
    until("it is back", || {
        connection.epoch().is_some_and(|it| it.number() == 2)
    })
    .await;
    assert_eq!(broker.logins(), ["app:p@ss/2"]);
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    assert_eq!(connection.snapshot().secret_expires_in, None);
}

#[tokio::test]
async fn the_provider_is_asked_once_for_all_endpoints_of_an_attempt() {
    let nodes = [FakeBroker::start().await, FakeBroker::start().await];
    nodes[0].welcome(Welcome::Refuse(403));
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let _connection = quick("amqp://replaced")
        .uris(nodes.iter().map(FakeBroker::uri))
        .shuffle(false)
        .credentials(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            async { Ok(Credentials::token("a.b.c")) }
        })
        .connect()
        .await
        .unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert_eq!(nodes[0].logins(), [":a.b.c"]);
    assert_eq!(nodes[1].logins(), [":a.b.c"]);
}

/// F13.
#[tokio::test]
async fn a_wrong_password_is_put_right_without_a_restart() {
    let broker = FakeBroker::start().await;
    broker.set_password("new");
    let password = Arc::new(Mutex::new("old"));
    let current = Arc::clone(&password);
    let connection = quick(broker.uri())
        .max_backoff(Duration::from_millis(500))
        .credentials(move || {
            let password = *current.lock();
            async move { Ok(Credentials::password("app", password)) }
        })
        .connect_lazy()
        .unwrap();
    let error = connection.get_channel(Purpose::Admin).await.unwrap_err();
    let kind = RefusedKind::Auth;
    assert!(
        matches!(error, AmqpError::Refused { kind: k, .. } if k == kind),
        "{error:?}"
    );
    assert!(!format!("{error:?} {error}").contains("old"));
    assert_eq!(connection.state(), ConnectionState::Refused { kind });
    // No more than one attempt in four fifths of the longest backoff.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(broker.logins().len(), 1);

    *password.lock() = "new";
    until("it has healed", || connection.state().is_connected()).await;
    connection.get_channel(Purpose::Admin).await.unwrap();
    assert_eq!(broker.logins().last().unwrap(), "app:new");
}

async fn has_failed(connection: &ResilientConnection) -> Arc<AmqpError> {
    until("two attempts have failed", || {
        connection.snapshot().totals.failed > 1
    })
    .await;
    connection.snapshot().last_error.unwrap()
}

#[tokio::test]
async fn a_provider_that_fails_fails_the_attempt_and_nobody_is_dialed() {
    let broker = FakeBroker::start().await;
    let works = Arc::new(Mutex::new(false));
    let working = Arc::clone(&works);
    let connection = quick(broker.uri())
        .credentials(move || {
            let works = *working.lock();
            async move {
                if works {
                    Ok(Credentials::password("app", "secret"))
                } else {
                    Err(HookError::from("vault is sealed"))
                }
            }
        })
        .failure_threshold(2)
        .connect_lazy()
        .unwrap();
    let error = has_failed(&connection).await;
    assert_eq!(
        error.to_string(),
        "credentials provider failed: vault is sealed"
    );
    assert_eq!(
        std::error::Error::source(&*error).unwrap().to_string(),
        "vault is sealed"
    );
    assert!(error.is_retryable() && !error.is_permanent());
    assert_eq!(error.error_type(), "credentials");
    assert_eq!(broker.accepted(), 0);
    assert_eq!(connection.snapshot().totals.refused, 0);
    assert_ne!(
        connection.breaker().state(),
        BreakerState::Closed,
        "it counts as a failure"
    );
    *works.lock() = true;
    until("there is a connection", || {
        connection.state().is_connected()
    })
    .await;
}

#[tokio::test]
async fn a_provider_that_panics_fails_the_attempt() {
    let broker = FakeBroker::start().await;
    let builder = quick(broker.uri()).credentials(|| -> std::future::Ready<_> { panic!("early") });
    let connection = builder.connect_lazy().unwrap();
    let error = has_failed(&connection).await;
    assert_eq!(error.to_string(), "credentials provider panicked: early");
    let builder = quick(broker.uri()).credentials(|| async { panic!("late") });
    let connection = builder.connect_lazy().unwrap();
    let error = has_failed(&connection).await;
    assert_eq!(error.to_string(), "credentials provider panicked: late");
    assert_eq!(broker.accepted(), 0);
}

/// Nothing is dialed, so that time can be virtual.
#[tokio::test(start_paused = true)]
async fn a_provider_that_hangs_is_given_up_with_the_connect_timeout() {
    let builder = quick("amqp://127.0.0.1:1").credentials(pending);
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
    assert_eq!(
        last.to_string(),
        "credentials provider did not end within 7.0s"
    );
    assert!(
        began.elapsed() <= Duration::from_millis(14_500),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn a_connect_that_is_dropped_while_the_provider_is_asked_leaves_nothing() {
    /// Counts the questions that are open.
    struct Open(Arc<AtomicUsize>);
    impl Drop for Open {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    let broker = FakeBroker::start().await;
    let open = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&open);
    let builder = quick(broker.uri()).credentials(move || {
        asked.fetch_add(1, Ordering::SeqCst);
        let open = Open(Arc::clone(&asked));
        async move {
            let _open = open;
            pending().await
        }
    });
    let connecting = tokio::spawn(builder.connect());
    until("it is asked", || open.load(Ordering::SeqCst) == 1).await;
    connecting.abort();
    until("nobody is asked any more", || {
        open.load(Ordering::SeqCst) == 0
    })
    .await;
    until("the provider is gone", || Arc::strong_count(&open) == 1).await;
    assert_eq!(broker.accepted(), 0);
}

#[test]
fn no_secret_is_shown() {
    let credentials = Credentials::password("app", "hunter2").valid_for(Duration::from_secs(1));
    let shown = format!("{credentials:?}");
    assert!(
        shown.contains("app") && !shown.contains("hunter2"),
        "{shown}"
    );
}

/// What a provider fails with: an error that looks at the connection as it goes.
#[derive(Debug)]
struct Curious(Arc<Mutex<Option<ResilientConnection>>>);

impl std::fmt::Display for Curious {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("curious")
    }
}

impl std::error::Error for Curious {}

impl Drop for Curious {
    fn drop(&mut self) {
        let connection = self.0.lock().clone();
        let _ = connection.map(|connection| connection.snapshot());
    }
}

#[tokio::test]
async fn an_error_of_the_providers_may_look_at_the_connection_when_it_is_dropped() {
    let broker = FakeBroker::start().await;
    let slot: Arc<Mutex<Option<ResilientConnection>>> = Arc::default();
    let own = Arc::clone(&slot);
    let connection = quick(broker.uri())
        .resolver({
            let own = Arc::clone(&slot);
            move || std::future::ready(Err(Curious(Arc::clone(&own)).into()))
        })
        .credentials(move || std::future::ready(Err(Curious(Arc::clone(&own)).into())))
        .connect_lazy()
        .unwrap();
    *slot.lock() = Some(connection.clone());
    until("it has failed often", || {
        connection.snapshot().totals.failed > 4
    })
    .await;
    slot.lock().take();
    connection.close(Duration::ZERO).await;
}
