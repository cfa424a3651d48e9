//! Secrets that run out. When they are refreshed is tested in virtual time, beside the code; here, that they
//! are.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use steadfast_amqp::{Builder, Credentials, HookError, Observer, SecretRefresh};

use crate::broker::{Command, FakeBroker, OnSecret, until};
use crate::support::quick;

/// A provider of numbered tokens that are good for this long.
fn tokens(life: Duration, broker: &FakeBroker) -> (Builder, Arc<Provider>) {
    let provider = Arc::new(Provider::default());
    let asked = Arc::clone(&provider);
    let builder = quick(broker.uri()).credentials(move || {
        let number = asked.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let fails = *asked.fails.lock();
        async move {
            if fails {
                return Err(HookError::from("no tokens left"));
            }
            Ok(Credentials::token(format!("token-{number}")).valid_for(life))
        }
    });
    (builder, provider)
}

#[derive(Default)]
struct Provider {
    asked: AtomicUsize,
    fails: Mutex<bool>,
}

impl Provider {
    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<SecretRefresh>>>);

impl Observer for Heard {
    fn secret_refreshed(&self, refresh: &SecretRefresh) {
        self.0.lock().push(refresh.clone());
    }
}

/// Refreshed after one second, which is as soon as it gets.
const SHORT: Duration = Duration::from_millis(1_250);

#[tokio::test]
async fn the_broker_is_given_a_new_secret_on_the_same_connection() {
    let broker = FakeBroker::start().await;
    let heard = Heard::default();
    let (builder, provider) = tokens(SHORT, &broker);
    let connection = builder.observer(heard.clone()).connect().await.unwrap();
    assert_eq!(broker.logins(), [":token-1"]);
    let expires_in = connection.snapshot().secret_expires_in.unwrap();
    assert!(
        expires_in > Duration::from_millis(500) && expires_in <= SHORT,
        "{expires_in:?}"
    );
    until("it was refreshed twice", || heard.0.lock().len() == 2).await;
    assert_eq!(broker.secrets(), ["token-2", "token-3"]);
    assert_eq!(provider.asked(), 3);
    let heard = heard.0.lock().clone();
    assert!(
        heard
            .iter()
            .all(|it| it.error.is_none() && &*it.name == "test")
    );
    assert!(heard[0].expires_in.is_some_and(|it| it <= SHORT));
    assert_eq!(heard[0].epoch, connection.epoch().unwrap());
    let snapshot = connection.snapshot();
    assert_eq!(snapshot.totals.secrets_refreshed, 2);
    assert_eq!((snapshot.totals.lost, snapshot.totals.attempts), (0, 1));
    assert!(snapshot.secret_error.is_none());
}

#[tokio::test]
async fn a_provider_that_fails_is_asked_again_and_the_failure_is_seen() {
    let broker = FakeBroker::start().await;
    let heard = Heard::default();
    let (builder, provider) = tokens(SHORT, &broker);
    let connection = builder.observer(heard.clone()).connect().await.unwrap();
    *provider.fails.lock() = true;
    until("it failed twice", || heard.0.lock().len() >= 2).await;
    let error = connection.snapshot().secret_error.unwrap();
    assert_eq!(
        error.to_string(),
        "credentials provider failed: no tokens left"
    );
    assert!(heard.0.lock().iter().all(|it| it.error.is_some()));
    #[cfg(feature = "health")]
    {
        let monitor = steadfast_health::Monitor::builder("test").build().unwrap();
        monitor.register(connection.health_check()).unwrap();
        let look = monitor.check_now().await;
        assert_eq!(
            look.components[0].status,
            steadfast_health::Status::Degraded
        );
        let message = look.components[0].message.clone().unwrap_or_default();
        let expected = "secret was not refreshed: credentials provider failed: no tokens left";
        assert_eq!(&*message, expected);
    }
    *provider.fails.lock() = false;
    until("the broker has a new one", || broker.secrets().len() == 1).await;
    until("that is known", || {
        connection.snapshot().secret_error.is_none()
    })
    .await;
    let totals = connection.snapshot().totals;
    assert!(totals.refreshes_failed >= 2 && totals.secrets_refreshed == 1);
    assert_eq!(totals.lost, 0);
}

#[tokio::test]
async fn a_broker_that_does_not_answer_is_asked_again() {
    let broker = FakeBroker::start().await;
    broker.on_secret(OnSecret::Nothing);
    let heard = Heard::default();
    let (builder, _) = tokens(SHORT, &broker);
    let builder = builder
        .observer(heard.clone())
        .channel_timeout(Duration::from_millis(100));
    let connection = builder.connect().await.unwrap();
    until("two were given up", || heard.0.lock().len() >= 2).await;
    let error = heard.0.lock()[0].error.clone().unwrap();
    assert_eq!(error.error_type(), "secret_timeout");
    assert!(error.is_retryable());
    assert!(broker.secrets().len() >= 2);
    assert_eq!(connection.snapshot().totals.lost, 0);
}

#[tokio::test]
async fn a_broker_that_closes_over_a_secret_gets_a_new_connection_with_a_new_one() {
    let broker = FakeBroker::start().await;
    broker.on_secret(OnSecret::CloseConnection(403));
    let (builder, provider) = tokens(SHORT, &broker);
    let connection = builder.connect().await.unwrap();
    until("there is a new connection", || {
        connection.epoch().is_some_and(|epoch| epoch.number() == 2)
    })
    .await;
    assert_eq!(broker.secrets(), ["token-2"]);
    assert_eq!(broker.logins().last().unwrap(), ":token-3");
    assert_eq!(provider.asked(), 3);
}

#[tokio::test]
async fn nothing_is_sent_on_a_blocked_connection_until_the_alarm_is_over() {
    let broker = FakeBroker::start().await;
    let heard = Heard::default();
    let (builder, provider) = tokens(SHORT, &broker);
    let connection = builder.observer(heard.clone()).connect().await.unwrap();
    broker.command(Command::Block);
    until("it is blocked", || connection.state().is_blocked()).await;
    until("a refresh has failed", || heard.0.lock().len() >= 2).await;
    let error = heard.0.lock()[0].error.clone().unwrap();
    assert_eq!(error.error_type(), "blocked");
    assert_eq!(provider.asked(), 1);
    assert_eq!(broker.secrets().len(), 0);
    broker.command(Command::Unblock);
    until("the broker has a new one", || broker.secrets().len() == 1).await;
    assert_eq!(broker.secrets(), ["token-2"]);
}

#[tokio::test]
async fn a_lost_connection_is_not_refreshed_and_the_next_one_is() {
    let broker = FakeBroker::start().await;
    let (builder, provider) = tokens(SHORT, &broker);
    let connection = builder.connect().await.unwrap();
    broker.go_down().await;
    until("the loss is noticed", || {
        connection.snapshot().totals.lost == 1
    })
    .await;
    assert_eq!(connection.snapshot().secret_expires_in, None);
    tokio::time::sleep(SHORT).await;
    assert_eq!(broker.secrets().len(), 0);
    broker.come_up().await;
    until("the next one was refreshed", || {
        connection.snapshot().totals.secrets_refreshed == 1
    })
    .await;
    assert_eq!(broker.secrets().len(), 1);
    drop(connection);
    until("the connection is gone", || broker.live() == 0).await;
    let asked = provider.asked();
    tokio::time::sleep(SHORT).await;
    assert_eq!(provider.asked(), asked, "nobody is left to refresh for");
}

#[tokio::test]
async fn nothing_is_sent_when_the_alarm_came_while_the_provider_was_asked() {
    let broker = Arc::new(FakeBroker::start().await);
    let heard = Heard::default();
    let asked = Arc::new(AtomicUsize::new(0));
    let alarmed = Arc::clone(&broker);
    let connection = quick(broker.uri())
        .one_connection(true)
        .credentials(move || {
            let number = asked.fetch_add(1, Ordering::SeqCst) + 1;
            let broker = Arc::clone(&alarmed);
            async move {
                if number == 2 {
                    broker.command(Command::Block);
                    // Until it has come: a while, on a machine that has other things to do.
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                Ok(Credentials::token(format!("token-{number}")).valid_for(SHORT))
            }
        })
        .observer(heard.clone())
        .connect()
        .await
        .unwrap();
    until("a refresh has ended", || !heard.0.lock().is_empty()).await;
    let error = heard.0.lock()[0].error.clone().unwrap();
    assert_eq!(error.error_type(), "blocked", "{error}");
    broker.command(Command::Unblock);
    until("the broker has one", || !broker.secrets().is_empty()).await;
    assert_ne!(broker.secrets()[0], "token-2", "that one was given up");
    assert_eq!(connection.snapshot().totals.lost, 0);
}
