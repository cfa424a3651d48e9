//! Passwords that are rotated while connections are up.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use steadfast_amqp::{AmqpError, Credentials, Message, Purpose, RefusedKind};
use steadfast_testkit::RabbitNode;

use crate::support::{brisk, declare, until};

/// A scene of the story of a healthy broker. Of two endpoints, one is nobody's.
pub(crate) async fn a_rotated_password_heals_and_is_refreshed(node: &RabbitNode) {
    node.ctl(&["add_user", "rotated", "new"]).await.unwrap();
    node.ctl(&["set_permissions", "rotated", ".*", ".*", ".*"])
        .await
        .unwrap();
    let password = Arc::new(Mutex::new("old"));
    let current = Arc::clone(&password);
    let nowhere = "amqp://127.0.0.1:1/%2f".to_owned();
    let connection = brisk("rotation", node)
        .uris([nowhere, node.uri()])
        .shuffle(false)
        .credentials(move || {
            let password = *current.lock();
            let credentials = Credentials::password("rotated", password);
            async { Ok(credentials.valid_for(Duration::from_secs(2))) }
        })
        .connect_lazy()
        .unwrap();
    until("the broker has refused", Duration::from_secs(20), || {
        connection.snapshot().totals.failed > 0
    })
    .await;
    let error = connection.snapshot().last_error.unwrap();
    let AmqpError::Connect { others, .. } = &*error else {
        panic!("one was down, so it is worth another attempt: {error:?}");
    };
    let kind = RefusedKind::Auth;
    assert!(matches!(others[0], AmqpError::Refused { kind: k, .. } if k == kind));

    *password.lock() = "new";
    let connected = || connection.state().is_connected();
    until("it is let in", Duration::from_secs(20), connected).await;
    declare(&connection, "rotation", &[]).await;
    let refreshed = || connection.snapshot().totals.secrets_refreshed >= 2;
    let took = until("it was refreshed twice", Duration::from_secs(20), refreshed).await;
    println!("F13: refreshed twice in {took:.2?}, with secrets that are good for 2 s");
    connection
        .publisher()
        .publish(Message::new("", "rotation", "x"))
        .await
        .unwrap();
    let snapshot = connection.snapshot();
    assert_eq!(
        (snapshot.totals.lost, snapshot.totals.refreshes_failed),
        (0, 0)
    );
    connection.get_channel(Purpose::Admin).await.unwrap();
}
