//! Over TLS, with certificates checked: the same answers as without.

use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};
use steadfast_amqp::lapin::tcp::OwnedTLSConfig;
use steadfast_amqp::{AmqpError, Message, PublishError, RefusedKind};
use steadfast_testkit::RabbitNode;

use crate::support::{brisk, declare, take_all};

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_connection_gives_the_same_answers() {
    let node = RabbitNode::start().await.unwrap();
    let distrusting = brisk("distrusting", &node).uri(node.tls_uri());
    let error = distrusting.connect().await.unwrap_err();
    let kind = RefusedKind::Tls;
    assert!(
        matches!(error, AmqpError::Refused { kind: k, .. } if k == kind),
        "{error:?}"
    );

    let trusting = OwnedTLSConfig {
        identity: None,
        cert_chain: Some(node.tls_authority().to_owned()),
    };
    let connection = brisk("trusting", &node)
        .uri(node.tls_uri())
        .tls(trusting)
        .connect()
        .await
        .unwrap();
    assert!(connection.endpoint().unwrap().is_tls());
    declare(&connection, "secret", &[]).await;
    let publisher = connection.publisher();
    let publishes = (0..1_000).map(|number| {
        let queue = if number % 3 == 0 { "nowhere" } else { "secret" };
        let publishing = publisher.publish(Message::new("", queue, number.to_string()));
        publishing.map(move |result| (number, result))
    });
    let mut results = stream::iter(publishes).buffer_unordered(256);
    while let Some((number, result)) = results.next().await {
        match (number % 3, result) {
            (0, Err(PublishError::Returned(message))) => {
                assert_eq!(message.body, number.to_string().into_bytes());
            }
            (1 | 2, Ok(_)) => {}
            (_, other) => panic!("{number}: {other:?}"),
        }
    }
    assert_eq!(take_all(&connection, "secret").await.len(), 666);
    assert!(connection.close(Duration::from_secs(5)).await.is_clean());
}
