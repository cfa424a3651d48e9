//! Several endpoints: which one is tried when, and what becomes of an attempt.

mod resolving;

use std::time::Duration;

use steadfast_amqp::{AmqpError, Builder, ConnectStep, ConnectionState, Purpose, RefusedKind};
use steadfast_breaker::State as BreakerState;

use crate::broker::{FakeBroker, Welcome, until};
use crate::support::{now, quick};

/// Three nodes, in the order in which they are tried.
async fn cluster() -> [FakeBroker; 3] {
    [
        FakeBroker::start().await,
        FakeBroker::start().await,
        FakeBroker::start().await,
    ]
}

fn to(nodes: &[FakeBroker]) -> Builder {
    let uris = nodes.iter().map(FakeBroker::uri);
    quick("amqp://replaced").uris(uris).shuffle(false)
}

fn accepted(nodes: &[FakeBroker]) -> Vec<usize> {
    nodes.iter().map(FakeBroker::accepted).collect()
}

#[tokio::test]
async fn the_first_endpoint_that_takes_it_has_the_connection() {
    let nodes = cluster().await;
    nodes[0].go_down().await;
    nodes[1].welcome(Welcome::Refuse(403));
    let connection = to(&nodes).connect().await.unwrap();
    assert_eq!(accepted(&nodes), [0, 1, 1]);
    let endpoint = connection.endpoint().unwrap();
    assert!(
        nodes[2]
            .uri()
            .contains(&format!("{}:{}", endpoint.host(), endpoint.port()))
    );
    let snapshot = connection.snapshot();
    assert_eq!(snapshot.endpoint, Some(endpoint));
    assert_eq!((snapshot.totals.attempts, snapshot.totals.failed), (1, 0));
    assert_eq!(connection.breaker().snapshot().totals.failure, 0);
}

#[tokio::test]
async fn after_a_loss_the_next_endpoint_is_tried_first_and_so_round_and_round() {
    let nodes = cluster().await;
    let connection = to(&nodes).connect().await.unwrap();
    for lost in 0..4_u64 {
        let at = usize::try_from(lost).unwrap() % 3;
        assert_eq!(nodes.iter().position(|node| node.live() == 1), Some(at));
        nodes[at].hang_up();
        until("there is a new connection", || {
            connection
                .epoch()
                .is_some_and(|epoch| epoch.number() == lost + 2)
        })
        .await;
        until("the lost one is gone", || nodes[at].live() == 0).await;
    }
    assert_eq!(accepted(&nodes), [2, 2, 1]);
}

#[tokio::test]
async fn a_connection_fails_over_while_its_node_is_down() {
    let nodes = cluster().await;
    let connection = to(&nodes).connect().await.unwrap();
    nodes[0].go_down().await;
    nodes[1].go_down().await;
    until("the third node has it", || nodes[2].live() == 1).await;
    connection.get_channel(Purpose::Admin).await.unwrap();
    nodes[0].come_up().await;
    nodes[2].go_down().await;
    until("it is back at the first", || nodes[0].live() == 1).await;
}

#[tokio::test]
async fn an_attempt_in_which_all_refused_is_a_refusal_that_names_one_and_counts_the_others() {
    let nodes = cluster().await;
    for node in &nodes {
        node.welcome(Welcome::Refuse(403));
    }
    let connection = to(&nodes)
        .max_backoff(Duration::from_secs(60))
        .connect_lazy()
        .unwrap();
    let error = connection.get_channel(Purpose::Admin).await.unwrap_err();
    let AmqpError::Refused {
        endpoint,
        kind,
        others,
        ..
    } = &error
    else {
        panic!("{error:?}");
    };
    assert_eq!(*kind, RefusedKind::Auth);
    assert!(nodes[2].uri().contains(&endpoint.port().to_string()));
    assert_eq!(others.len(), 2);
    assert!(error.is_permanent());
    let text = error.to_string();
    assert!(
        text.starts_with(&format!("broker refused the credentials ({endpoint}): ")),
        "{text}"
    );
    assert!(text.ends_with("; 2 other endpoints failed too"), "{text}");
    assert_eq!(connection.state(), ConnectionState::Refused { kind: *kind });
    assert_eq!(
        connection.breaker().snapshot().totals.failure,
        1,
        "one attempt, one failure"
    );
    assert_eq!(accepted(&nodes), [1, 1, 1]);
}

#[tokio::test]
async fn an_attempt_in_which_one_refused_and_one_was_down_is_worth_another() {
    let nodes = cluster().await;
    nodes[0].go_down().await;
    nodes[1].welcome(Welcome::Refuse(403));
    nodes[2].welcome(Welcome::RefuseVhost(530));
    let connection = to(&nodes).connect_lazy().unwrap();
    until("two attempts have failed", || {
        connection.snapshot().totals.failed >= 2
    })
    .await;
    let snapshot = connection.snapshot();
    assert_eq!(snapshot.totals.refused, 0);
    let error = snapshot.last_error.unwrap();
    let AmqpError::Connect {
        endpoint, others, ..
    } = &*error
    else {
        panic!("{error:?}");
    };
    assert!(nodes[0].uri().contains(&endpoint.port().to_string()));
    assert!(error.is_retryable() && !error.is_permanent());
    assert!(
        error
            .to_string()
            .ends_with("; 2 other endpoints failed too"),
        "{error}"
    );
    let kinds: Vec<_> = others.iter().map(AmqpError::error_type).collect();
    assert_eq!(kinds, ["refused_auth", "refused_vhost"]);
    nodes[1].welcome(Welcome::Accept);
    until("there is a connection", || {
        connection.state().is_connected()
    })
    .await;
}

#[tokio::test]
async fn one_failure_of_the_breaker_is_one_round_of_the_endpoints() {
    let nodes = cluster().await;
    for node in &nodes {
        node.welcome(Welcome::HangUp);
    }
    let builder = to(&nodes)
        .failure_threshold(2)
        .open_for(Duration::from_secs(60));
    let connection = builder.connect_lazy().unwrap();
    until("the breaker is open", || {
        connection.breaker().state() == BreakerState::Open
    })
    .await;
    assert_eq!(connection.snapshot().totals.attempts, 2);
    assert_eq!(accepted(&nodes), [2, 2, 2]);
    // And it is told why it opened.
    let errors = connection.breaker().snapshot().last_errors;
    let last = connection.snapshot().last_error.unwrap();
    let [error] = &errors[..] else {
        panic!("one class of error: {errors:?}");
    };
    assert_eq!(&*error.class, last.error_type());
    assert_eq!(&*error.message, last.to_string());
    assert_eq!(error.count, 2);
}

#[tokio::test]
async fn every_endpoint_has_a_connect_timeout_of_its_own() {
    let nodes = cluster().await;
    nodes[0].welcome(Welcome::Silence);
    nodes[1].welcome(Welcome::Silence);
    let began = now();
    let builder = to(&nodes).connect_timeout(Duration::from_millis(300));
    let connection = builder.connect_lazy().unwrap();
    until("the third one has it", || connection.state().is_connected()).await;
    assert!(
        began.elapsed() >= Duration::from_millis(600),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(connection.snapshot().totals.attempts, 1);
    until("what was given up is gone", || {
        nodes[0].live() + nodes[1].live() == 0
    })
    .await;

    nodes[2].welcome(Welcome::Silence);
    let builder = to(&nodes).connect_timeout(Duration::from_millis(100));
    let connection = builder.connect_lazy().unwrap();
    until("an attempt has failed", || {
        connection.snapshot().totals.failed >= 1
    })
    .await;
    let error = connection.snapshot().last_error.unwrap();
    let AmqpError::ConnectTimeout { step, .. } = &*error else {
        panic!("{error:?}");
    };
    assert_eq!(*step, ConnectStep::Handshake);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn endpoints_that_say_nothing_cost_no_thread() {
    if !crate::support::is_alone("endpoints::endpoints_that_say_nothing_cost_no_thread") {
        return;
    }
    let nodes = cluster().await;
    for node in &nodes {
        node.welcome(Welcome::Silence);
    }
    let builder = to(&nodes).connect_timeout(Duration::from_millis(50));
    let connection = builder.failure_threshold(100).connect_lazy().unwrap();
    until("twelve handshakes were given up", || {
        connection.snapshot().totals.failed >= 4
    })
    .await;
    assert!(nodes.iter().map(FakeBroker::live).sum::<usize>() <= 2);
    drop(connection);
    until("the last thread has ended", || {
        crate::support::lapin_threads() == 0
    })
    .await;
}

#[tokio::test]
async fn the_shuffled_order_is_kept_from_round_to_round() {
    let nodes = cluster().await;
    let connection = to(&nodes).shuffle(true).connect().await.unwrap();
    let at = || nodes.iter().position(|node| node.live() == 1);
    let mut order = Vec::new();
    for epoch in 2..=7 {
        until("it is at one node", || {
            nodes.iter().map(FakeBroker::live).sum::<usize>() == 1
        })
        .await;
        let here = at().unwrap();
        order.push(here);
        nodes[here].hang_up();
        until("there is a new connection", || {
            connection.epoch().is_some_and(|now| now.number() == epoch)
        })
        .await;
    }
    assert_eq!(order[..3], order[3..]);
    order.truncate(3);
    order.sort_unstable();
    assert_eq!(order, [0, 1, 2]);
}

#[tokio::test]
async fn users_may_differ_from_endpoint_to_endpoint() {
    let nodes = cluster().await;
    nodes[0].set_password("other");
    let uris = [nodes[0].uri_for("a", "one"), nodes[1].uri_for("b", "two")];
    quick("amqp://replaced")
        .uris(uris)
        .shuffle(false)
        .connect()
        .await
        .unwrap();
    assert_eq!(nodes[0].logins(), ["a:one"]);
    assert_eq!(nodes[1].logins(), ["b:two"]);
}

#[tokio::test]
async fn every_bad_address_is_named_with_its_place_and_without_its_password() {
    let uris = [
        "amqp://good",
        "amqp://u:secret@bad?heartbeat=0",
        "http://u:secret@bad",
        "amqp://bad/shop?password=a@secret",
        "amqp://bad?heartbeat=0#a@secret",
    ];
    let error = quick("amqp://good").uris(uris).connect_lazy().unwrap_err();
    let fields = error.fields();
    assert_eq!(
        fields.iter().map(|it| it.field).collect::<Vec<_>>(),
        ["uris"; 4]
    );
    assert_eq!(fields[0].value, "[1] \"amqp://***@bad\"");
    assert_eq!(fields[1].value, "[2] \"***\"");
    assert_eq!(fields[2].value, "[3] \"amqp://***\"");
    assert_eq!(fields[3].value, "[4] \"amqp://***\"");
    assert!(!error.to_string().contains("secret"), "{error}");

    let error = quick("amqp://good")
        .uris([""; 0])
        .connect_lazy()
        .unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("uris = [] (must name at least one address)"),
        "{error}"
    );
}

#[tokio::test]
async fn the_address_that_was_given_last_counts() {
    let connection = quick("amqp://a")
        .uris(["amqp://b", "amqp://c"])
        .uri("amqp://d");
    assert!(!format!("{connection:?}").contains("amqp://b"));
    let connection = connection.connect_lazy().unwrap();
    assert_eq!(connection.endpoint().unwrap().host(), "d");
}
