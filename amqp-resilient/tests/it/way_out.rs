//! The way out to lapin.

use std::time::Duration;

use crate::broker::FakeBroker;
use crate::support::quick;

#[tokio::test]
async fn the_present_connection_is_lent_and_none_while_there_is_none() {
    let broker = FakeBroker::start_down().await;
    let connection = quick(broker.uri()).connect_lazy().unwrap();
    assert_eq!(connection.with_connection(|_| "lent"), None);
    broker.come_up().await;
    let patience = Duration::from_secs(5);
    connection.wait_connected(patience).await.unwrap();
    // The connection may be asked from within.
    let lent = connection.with_connection(|lapin| {
        let epoch = connection.with_connection(|_| connection.epoch()).flatten();
        (lapin.status().connected(), epoch)
    });
    assert_eq!(lent, Some((true, connection.epoch())));

    let report = connection.close(Duration::from_secs(1)).await;
    assert_eq!(connection.with_connection(|_| "lent"), None, "{report:?}");
}
