//! What others see of a connection: health checks and telemetry.

#[cfg(feature = "health")]
mod health {
    use std::time::Duration;

    use steadfast_amqp::Condition;
    use steadfast_health::{Monitor, Status};

    use crate::broker::{Command, FakeBroker, Welcome, until};
    use crate::support::connected;

    #[tokio::test]
    async fn the_check_follows_the_connection() {
        let broker = FakeBroker::start().await;
        let connection = connected(&broker).await;
        let monitor = Monitor::builder("test").build().unwrap();
        monitor.register(connection.health_check()).unwrap();
        let look = async || {
            let report = monitor.check_now().await;
            let component = &report.components[0];
            assert_eq!(&*component.name, "amqp/test");
            (
                component.status,
                component.message.clone().unwrap_or_default(),
            )
        };
        assert_eq!(look().await.0, Status::Healthy);
        let health = connection.health();
        assert_eq!(
            (health.condition, health.message),
            (Condition::Healthy, None)
        );
        assert_eq!(health.epoch.map(|epoch| epoch.number()), Some(1));

        broker.command(Command::Block);
        until("it is blocked", || connection.state().is_blocked()).await;
        let (status, message) = look().await;
        assert_eq!(status, Status::Degraded);
        assert_eq!(
            &*message,
            "broker has blocked the connection: low on memory"
        );
        let health = connection.health();
        assert_eq!(health.condition, Condition::Degraded);
        assert_eq!(health.message.as_deref(), Some(&*message));
        assert!(health.state.is_blocked());

        broker.welcome(Welcome::Refuse(403));
        broker.hang_up();
        until("it is refused", || connection.snapshot().totals.refused > 0).await;
        let (status, message) = look().await;
        assert_eq!(status, Status::Unhealthy);
        assert!(
            message.contains("not connected for") && message.contains("credentials"),
            "{message}"
        );
        let health = connection.health();
        assert_eq!(
            (health.condition, health.epoch),
            (Condition::Unhealthy, None)
        );
        assert!(health.last_error.unwrap().is_permanent());

        connection.close(Duration::ZERO).await;
        assert_eq!(look().await.0, Status::Unknown);
        assert_eq!(connection.health().condition, Condition::Closed);
        drop(connection);
        assert_eq!(look().await.0, Status::Unknown);
    }
}

#[cfg(feature = "telemetry")]
mod telemetry {
    use std::sync::Arc;
    use std::time::Duration;

    use parking_lot::Mutex;
    use steadfast_amqp::{Binding, Exchange, Message, Purpose, Queue, Topology};
    use steadfast_telemetry::{AmqpState, ComponentId, Detail, EventKind, Filter, Note, Telemetry};

    use crate::broker::{Answer, Command, FakeBroker, Reply, Welcome, until};
    use crate::support::{connected, quick};

    #[tokio::test]
    async fn every_change_of_state_is_an_event() {
        let broker = FakeBroker::start().await;
        let connection = quick(broker.uri()).connect_lazy().unwrap();
        let telemetry = Telemetry::new();
        telemetry.watch(&connection);
        let events = Arc::new(Mutex::new(Vec::new()));
        let taken = Arc::clone(&events);
        let filter = Filter::kinds([EventKind::AmqpConnection]);
        telemetry
            .attach("test", filter, move |event| {
                if let Detail::AmqpConnection(event) = event.detail() {
                    taken.lock().push(event.clone());
                }
            })
            .unwrap();
        let seen = |state| events.lock().iter().any(|event| event.state == state);
        until("it is connected", || connection.state().is_connected()).await;
        broker.command(Command::Block);
        until("it is blocked", || seen(AmqpState::Blocked)).await;
        broker.hang_up();
        until("it is lost", || seen(AmqpState::Disconnected)).await;
        connection.close(Duration::from_secs(1)).await;
        until("it is closed", || seen(AmqpState::Closed)).await;

        for event in events.lock().iter() {
            assert_eq!(&*event.name, "test");
            let endpoint = event.endpoint.as_deref().unwrap();
            assert!(broker.uri().contains(endpoint), "{endpoint}");
            assert!(!event.to_string().contains("guest"), "{event}");
            match event.state {
                AmqpState::Blocked => assert_eq!(event.reason.as_deref(), Some("low on memory")),
                AmqpState::Disconnected => assert!(event.reason.is_some()),
                _ => {}
            }
        }
    }

    #[tokio::test]
    async fn what_the_topology_lacks_is_a_metric() {
        let broker = FakeBroker::start().await;
        broker.on_declare(|request| match request {
            "queue invoices" => Reply::CloseChannel(406),
            _ => Reply::Ok,
        });
        let topology = Topology::new()
            .queue(Queue::new("invoices"))
            .exchange(Exchange::topic("orders"))
            .bind(Binding::queue("invoices", "orders").routing_key("a"))
            .bind(Binding::queue("invoices", "orders").routing_key("b"));
        let builder = quick(broker.uri()).topology(topology);
        let connection = builder.connect().await.unwrap();
        let telemetry = Telemetry::new();
        telemetry.watch(&connection);
        let lacking = |outcome: &str, count: u32| {
            let labels = format!("resilience_name=\"test\",resilience_outcome=\"{outcome}\"");
            let line = format!("amqp_resilient_topology_failed{{{labels}}} {count}");
            telemetry.export_prometheus_metrics().contains(&line)
        };
        assert!(lacking("failed", 1) && lacking("skipped", 2));

        broker.on_declare(|_| Reply::Ok);
        broker.hang_up();
        until("all of it is there", || lacking("failed", 0)).await;
        assert!(lacking("skipped", 0));
    }

    #[tokio::test]
    async fn the_snapshot_says_why_there_is_no_connection_and_when_again_but_no_password() {
        const HOUR: Duration = Duration::from_secs(3600);
        for (welcome, state) in [
            (Welcome::Refuse(403), "refused"),
            (Welcome::HangUp, "disconnected"),
        ] {
            let broker = FakeBroker::start().await;
            broker.welcome(welcome);
            let builder = quick(broker.uri_for("app", "hunter2"));
            let builder = builder.max_backoff(HOUR).base_backoff(HOUR);
            let connection = builder.connect_lazy().unwrap();
            let telemetry = Telemetry::new();
            telemetry.watch(&connection);
            until("an attempt has failed", || {
                connection.snapshot().retry_in.is_some()
            })
            .await;

            let snapshot = telemetry.snapshot();
            let id = ComponentId::new("amqp_connection", "test");
            let mut components = snapshot.components.iter();
            let told = components.find(|one| one.id == id).unwrap();
            let text = |key| match told.notes.get(key) {
                Some(Note::Text(text)) => &**text,
                other => panic!("{key}: {other:?}"),
            };
            assert_eq!(text("state"), state);
            let error = connection.snapshot().last_error.unwrap();
            assert_eq!(text("last_error"), error.to_string());
            match told.notes.get("retry_in_seconds") {
                Some(Note::Number(seconds)) => {
                    assert!(*seconds > 0.0 && *seconds <= 3600.0, "{seconds}");
                }
                other => panic!("{other:?}"),
            }
            // Whatever is told of whatever belongs to it.
            let all = format!("{snapshot:?}");
            assert!(all.contains(text("last_error")));
            assert!(!all.contains("hunter2"), "{all}");
        }
    }

    #[tokio::test]
    async fn a_refused_attempt_is_not_a_failed_one_too() {
        let broker = FakeBroker::start().await;
        broker.welcome(Welcome::Refuse(403));
        let minute = Duration::from_secs(60);
        let builder = quick(broker.uri()).max_backoff(minute);
        let connection = builder.connect_lazy().unwrap();
        let telemetry = Telemetry::new();
        telemetry.watch(&connection);
        until("it is refused", || connection.snapshot().totals.refused > 0).await;
        let text = telemetry.export_prometheus_metrics();
        for (outcome, count) in [("connected", 0), ("failed", 0), ("refused", 1)] {
            let labels = format!("resilience_name=\"test\",resilience_outcome=\"{outcome}\"");
            let line = format!("amqp_resilient_reconnects_total{{{labels}}} {count}");
            assert!(text.contains(&line), "no {line} in\n{text}");
        }
    }

    #[tokio::test]
    async fn counts_and_states_are_metrics() {
        let broker = FakeBroker::start().await;
        let connection = connected(&broker).await;
        let telemetry = Telemetry::new();
        telemetry.watch(&connection);
        let publisher = connection.publisher();
        publisher.publish(Message::new("", "q", "x")).await.unwrap();
        broker.on_publish(|_, _| Answer::Nack);
        publisher
            .publish(Message::new("", "q", "x"))
            .await
            .unwrap_err();
        // Pools that come later are watched too.
        let channel = connection.get_channel(Purpose::Admin).await.unwrap();
        drop(connection.get_channel(Purpose::Consume).await.unwrap());

        let text = telemetry.export_prometheus_metrics();
        let value = |series: &str| {
            let (name, labels) = series.split_once(' ').unwrap_or((series, ""));
            let line = text.lines().find(|line| {
                line.starts_with(&format!("{name}{{"))
                    && labels.split(' ').all(|label| line.contains(label))
            });
            let line = line.unwrap_or_else(|| panic!("no {series} in\n{text}"));
            line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
        };
        for (series, expected) in [
            (
                "amqp_resilient_connection_state resilience_state=\"connected\"",
                1.0,
            ),
            (
                "amqp_resilient_connection_state resilience_state=\"refused\"",
                0.0,
            ),
            (
                "amqp_resilient_reconnects_total resilience_outcome=\"connected\"",
                1.0,
            ),
            (
                "amqp_resilient_secret_refreshes_total resilience_outcome=\"refreshed\"",
                0.0,
            ),
            ("amqp_resilient_publish_confirmed_total", 1.0),
            ("amqp_resilient_publish_nacked_total", 1.0),
            ("amqp_resilient_publish_in_flight", 0.0),
            ("amqp_resilient_blocked", 0.0),
            (
                "amqp_resilient_channel_pool_in_use amqp_resilient_pool=\"admin\"",
                1.0,
            ),
            (
                "amqp_resilient_channel_pool_in_use amqp_resilient_pool=\"publisher\"",
                1.0,
            ),
            (
                "resilience_bulkhead_in_flight resilience_name=\"test/admin\"",
                1.0,
            ),
            (
                "resilience_circuit_breaker_state resilience_name=\"test\" resilience_state=\"closed\"",
                1.0,
            ),
        ] {
            assert_eq!(value(series), expected, "{series}");
        }
        drop((channel, publisher, connection));
        until("it is gone", || {
            !telemetry
                .export_prometheus_metrics()
                .contains("resilience_name=\"test\"")
        })
        .await;
    }
}
