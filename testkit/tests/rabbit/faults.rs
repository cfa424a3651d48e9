//! What a node does when it is asked, and what it does when it is broken.

use std::io::ErrorKind;

use steadfast_testkit::{Fault, FaultProxy, RabbitNode};

use crate::support::{declare, hand_shake, publish};

#[tokio::test]
async fn answers_amqp_http_and_rabbitmqctl() {
    let node = RabbitNode::start().await.unwrap();
    assert_eq!(hand_shake(node.addr()), Ok(1));
    let port = node.addr().port();
    assert_eq!(
        node.uri(),
        format!("amqp://guest:guest@127.0.0.1:{port}/%2f")
    );

    declare(&node, "orders").await;
    for sent in 0..3 {
        assert_eq!(node.queue_depth("orders").await, Ok(sent));
        publish(&node, "orders").await;
    }
    assert_eq!(node.queue_depth("orders").await, Ok(3));
    assert_eq!(node.consumer_count("orders").await, Ok(0));
    let missing = node.queue_depth("missing").await.unwrap_err();
    assert_eq!(
        missing.to_string(),
        "rabbitmq node, asked for queue missing: NOT_FOUND - no queue 'missing' in vhost '/'"
    );

    let queues = node.ctl(&["--silent", "list_queues", "name", "messages"]);
    assert_eq!(queues.await.unwrap(), "orders\t3\n");
    let nonsense = node.ctl(&["frobnicate"]).await.unwrap_err();
    assert!(
        nonsense.to_string().contains("'frobnicate' not found"),
        "{nonsense}"
    );
    let (status, _) = node.management("GET", "/api/nothing", "").await.unwrap();
    assert_eq!(status, 404);
}

#[tokio::test]
async fn is_found_where_it_was_with_what_it_had_after_a_crash_and_after_a_stop() {
    let node = RabbitNode::start().await.unwrap();
    let uri = node.uri();
    declare(&node, "orders").await;
    publish(&node, "orders").await;

    node.kill9();
    assert!(!node.is_running());
    assert_eq!(hand_shake(node.addr()), Err(ErrorKind::ConnectionRefused));
    assert!(node.queue_depth("orders").await.is_err());
    node.restart().await.unwrap();
    assert_eq!(node.queue_depth("orders").await, Ok(1));

    node.stop_graceful().await;
    assert!(!node.is_running());
    assert_eq!(hand_shake(node.addr()), Err(ErrorKind::ConnectionRefused));
    node.restart().await.unwrap();
    assert_eq!(node.queue_depth("orders").await, Ok(1));
    assert_eq!(node.uri(), uri);
    assert!(
        node.log().contains("SIGTERM received"),
        "it was told to stop, not killed"
    );
}

#[tokio::test]
async fn frozen_it_takes_connections_and_says_nothing() {
    let node = RabbitNode::start().await.unwrap();
    node.freeze();
    assert!(node.is_running());
    assert_eq!(hand_shake(node.addr()), Err(ErrorKind::WouldBlock));
    node.thaw();
    node.wait_ready().await.unwrap();
    assert_eq!(hand_shake(node.addr()), Ok(1));

    node.freeze();
    node.stop_graceful().await;
    assert!(!node.is_running());
}

#[tokio::test]
#[should_panic = "not running"]
async fn a_dead_node_cannot_be_frozen() {
    let node = RabbitNode::start().await.unwrap();
    node.kill9();
    node.freeze();
}

#[tokio::test]
async fn raises_and_clears_the_memory_alarm() {
    let node = RabbitNode::start().await.unwrap();
    let alarms = "/api/health/checks/alarms";
    assert_eq!(node.management("GET", alarms, "").await.unwrap().0, 200);
    node.memory_alarm(true).await.unwrap();
    assert_eq!(node.management("GET", alarms, "").await.unwrap().0, 503);
    node.memory_alarm(false).await.unwrap();
    assert_eq!(node.management("GET", alarms, "").await.unwrap().0, 200);
}

#[tokio::test]
async fn works_behind_the_fault_proxy() {
    let node = RabbitNode::start().await.unwrap();
    let proxy = FaultProxy::start(node.addr()).await;
    assert!(
        node.uri_through(proxy.addr())
            .contains(&proxy.addr().to_string())
    );
    assert_eq!(hand_shake(proxy.addr()), Ok(1));
    proxy.set(Fault::Stall);
    assert_eq!(hand_shake(proxy.addr()), Err(ErrorKind::WouldBlock));
    proxy.heal();
    node.kill9();
    assert_eq!(hand_shake(proxy.addr()), Err(ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn several_nodes_live_side_by_side() {
    let (one, two) = tokio::join!(RabbitNode::start(), RabbitNode::start());
    let (one, two) = (one.unwrap(), two.unwrap());
    declare(&one, "only-here").await;
    assert_eq!(one.queue_depth("only-here").await, Ok(0));
    assert!(two.queue_depth("only-here").await.is_err());
    one.kill9();
    assert_eq!(hand_shake(two.addr()), Ok(1));
}
