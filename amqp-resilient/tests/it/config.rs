//! Settings, good and bad.

use std::time::Duration;

use proptest::prelude::*;
use steadfast_amqp::{AmqpError, ConfigError, Queue, ResilientConnection, Topology};

fn fields(error: &ConfigError) -> Vec<&'static str> {
    error.fields().iter().map(|field| field.field).collect()
}

fn refused(uri: &str) -> ConfigError {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let _runtime = runtime.enter();
    ResilientConnection::builder("test")
        .uri(uri)
        .connect_lazy()
        .unwrap_err()
}

#[tokio::test]
async fn every_bad_field_is_named_at_once() {
    let error = ResilientConnection::builder("")
        .uri("http://user:secret@host/")
        .connect_timeout(Duration::ZERO)
        .heartbeat(Duration::from_millis(1500))
        .base_backoff(Duration::ZERO)
        .max_backoff(Duration::ZERO)
        .failure_threshold(0)
        .open_for(Duration::ZERO)
        .max_channels(0)
        .checkout_timeout(Duration::ZERO)
        .channel_timeout(Duration::ZERO)
        .topology_timeout(Duration::ZERO)
        .topology(
            Topology::new()
                .queue(Queue::new(""))
                .queue(Queue::new("amq.mine")),
        )
        .connect_lazy()
        .unwrap_err();
    assert_eq!(
        fields(&error),
        [
            "name",
            "uri",
            "connect_timeout",
            "heartbeat",
            "base_backoff",
            "failure_threshold",
            "open_for",
            "max_channels",
            "checkout_timeout",
            "channel_timeout",
            "topology_timeout",
            "topology",
            "topology",
        ]
    );
    let text = error.to_string();
    assert!(text.starts_with(
        "amqp connection \"\" is misconfigured: name = \"\" (must not be empty); uri"
    ));
    assert!(!text.contains("secret"), "{text}");
    assert!(text.ends_with(
        "topology = queue \"\" (must have a name); topology = queue \"amq.mine\" (must not begin with \
         \"amq.\", which the broker keeps for itself)"
    ));
}

#[tokio::test]
async fn a_cap_below_the_base_and_an_endless_heartbeat_are_refused() {
    let error = ResilientConnection::builder("test")
        .base_backoff(Duration::from_secs(2))
        .max_backoff(Duration::from_secs(1))
        .heartbeat(Duration::from_secs(65_536))
        .max_channels(65_536)
        .connect_lazy()
        .unwrap_err();
    assert_eq!(fields(&error), ["heartbeat", "max_backoff", "max_channels"]);
    assert!(
        error
            .to_string()
            .contains("max_backoff = 1s (must be at least base_backoff)")
    );
}

#[tokio::test]
async fn connect_reports_bad_settings_too() {
    let error = ResilientConnection::builder("test")
        .uri("nonsense")
        .connect()
        .await
        .unwrap_err();
    assert!(matches!(&error, AmqpError::Config(config) if fields(config) == ["uri"]));
    assert!(error.is_permanent());
}

#[tokio::test]
async fn a_publisher_names_every_bad_field_too() {
    let connection = ResilientConnection::builder("test").connect_lazy().unwrap();
    let error = connection
        .publisher_builder("")
        .deadline(Duration::ZERO)
        .confirm_timeout(Duration::ZERO)
        .max_in_flight(0)
        .buffer_messages(usize::MAX)
        .buffer_bytes(0)
        .build()
        .unwrap_err();
    let every_one = [
        "name",
        "deadline",
        "confirm_timeout",
        "max_in_flight",
        "buffer_messages",
        "buffer_bytes",
    ];
    assert_eq!(fields(&error), every_one);
    assert!(
        error
            .to_string()
            .starts_with("amqp publisher \"\" is misconfigured")
    );
    let error = connection
        .publisher_builder("p")
        .max_in_flight(10)
        .buffer_messages(9)
        .build()
        .unwrap_err();
    assert_eq!(fields(&error), ["buffer_messages"]);
}

#[tokio::test]
async fn settings_beyond_all_clocks_are_taken_as_they_are() {
    let connection = ResilientConnection::builder("test")
        .uri("amqp://127.0.0.1:1")
        .connect_timeout(Duration::MAX)
        .max_backoff(Duration::MAX)
        .open_for(Duration::MAX)
        .checkout_timeout(Duration::MAX)
        .channel_timeout(Duration::MAX)
        .topology_timeout(Duration::MAX)
        .topology(Topology::new().queue(Queue::new("q")))
        .failure_threshold(1)
        .connect_lazy()
        .unwrap();
    connection.get_channel("work").await.unwrap_err();
    let report = connection.close(Duration::MAX).await;
    assert!(report.is_clean());
}

#[test]
fn addresses_that_cannot_be_meant_are_refused() {
    for uri in [
        "",
        "broker",
        "amqp:broker",
        "http://broker",
        "amqp://broker:port",
        "amqp://broker:99999",
        "amqp://[::1",
        "amqp://broker?heartbeat=often",
        "amqp://broker?heartbeat=0",
        "amqp://broker?connection_timeout=0",
        "amqp://broker?cacertfile=/etc/ca.pem",
        "amqp://broker/%ff",
    ] {
        let error = refused(uri);
        assert_eq!(fields(&error), ["uri"], "{uri}");
    }
    let vhost = "v".repeat(256);
    assert_eq!(fields(&refused(&format!("amqp://broker/{vhost}"))), ["uri"]);
}

#[cfg(not(any(feature = "rustls", feature = "native-tls", feature = "openssl")))]
#[test]
fn tls_is_refused_where_it_is_not_built_in_rather_than_left_out() {
    let error = refused("amqps://user:secret@broker");
    assert!(
        error
            .to_string()
            .contains("must be amqp:// unless one of the features")
    );
}

#[tokio::test]
async fn an_endpoint_is_shown_without_credentials() {
    for (uri, shown) in [
        ("amqp://u:hunter2@broker", "amqp://broker:5672/%2f"),
        (
            "amqp://u:hunter2@broker:1234/shop",
            "amqp://broker:1234/shop",
        ),
        (
            "amqp://u:hunter2@[::1]:1234/a%2fb",
            "amqp://[::1]:1234/a%2fb",
        ),
        (
            "amqp://u:hunter2@[2001:DB8::1]",
            "amqp://[2001:db8::1]:5672/%2f",
        ),
        (
            "amqp://broker/?heartbeat=3&frame_max=4096",
            "amqp://broker:5672/",
        ),
    ] {
        let builder = ResilientConnection::builder("test").uri(uri);
        assert!(!format!("{builder:?}").contains("hunter2"));
        let connection = builder.connect_lazy().unwrap();
        assert_eq!(connection.endpoint().unwrap().to_string(), shown, "{uri}");
        assert!(!format!("{connection:?}").contains("hunter2"));
        assert!(!format!("{:?}", connection.snapshot()).contains("hunter2"));
    }
}

proptest! {
    #[test]
    fn no_error_about_an_address_shows_the_password(
        before in "[a-z@:/?#]{0,6}",
        password in "[A-Z]{8}[A-Z:/?#@%]{0,6}",
        after in "[a-z:/?#]{0,12}",
    ) {
        let uri = format!("amqp://{before}:{password}@{after}");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _runtime = runtime.enter();
        let builder = ResilientConnection::builder("test").uri(&uri);
        let secret = &password[..8];
        let shown = format!("{builder:?}");
        prop_assert!(!shown.contains(secret), "{}", shown);
        if let Err(error) = builder.connect_lazy() {
            let shown = error.to_string();
            prop_assert!(!shown.contains(secret), "{}", shown);
        }
    }
}
