//! Faults of all kinds in any order, on both connections, and what is left when they are over.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use steadfast_amqp::{
    AmqpError, Binding, ConnectionState, Credentials, Exchange, HookError, Message, Observer,
    Purpose, Queue, ResilientConnection, StateChange, Topology,
};
use tokio::time::timeout;

use crate::broker::{Command, FakeBroker, OnSecret, Reply, Welcome, until};
use crate::support::quick;

/// How code of the user's behaves.
async fn behave(mood: &AtomicU8) -> Result<(), HookError> {
    match mood.load(Ordering::SeqCst) {
        1 => Err("not now".into()),
        2 => panic!("out of order"),
        3 => std::future::pending().await,
        _ => Ok(()),
    }
}

/// Keeps what changes, and whether each change begins where the last one of its connection ended.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<StateChange>>>);

impl Observer for Heard {
    fn state_changed(&self, change: &StateChange) {
        self.0.lock().push(change.clone());
    }
}

impl Heard {
    fn of(&self, name: &str) -> Vec<StateChange> {
        let heard = self.0.lock();
        heard
            .iter()
            .filter(|it| &*it.name == name)
            .cloned()
            .collect()
    }
}

/// What each change must be, whatever happened.
fn hold(changes: &[StateChange]) {
    let mut last = ConnectionState::Disconnected;
    let mut epoch = 0;
    for change in changes {
        assert_eq!(change.from, last, "{changes:#?}");
        assert_ne!(change.to, last);
        assert_ne!(last, ConnectionState::Closed, "it is for good");
        if let ConnectionState::Connected { epoch: of } = change.to {
            let unblocked = change.from.is_blocked();
            assert_eq!(of.number(), epoch + u64::from(!unblocked));
            epoch = of.number();
        }
        if let ConnectionState::Blocked { epoch: of, .. } = change.to {
            assert_eq!(of.number(), epoch);
        }
        let down = matches!(
            change.to,
            ConnectionState::Disconnected | ConnectionState::Refused { .. }
        );
        assert!(change.error.is_some() || !down, "{change:?}");
        let ends = matches!(
            change.to,
            ConnectionState::Draining | ConnectionState::Closed
        );
        assert!(change.error.is_none() || down || ends, "{change:?}");
        last = change.to.clone();
    }
}

fn topology() -> Topology {
    Topology::new()
        .exchange(Exchange::topic("orders"))
        .queue(Queue::new("invoices"))
        .queue(Queue::server_named("replies"))
        .bind(Binding::queue("replies", "orders"))
}

async fn storm(mut seed: u32) {
    let mut draw = move |below: u32| {
        seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        (seed >> 16) % below
    };
    let brokers = [FakeBroker::start().await, FakeBroker::start().await];
    let uris = [brokers[0].uri(), brokers[1].uri()];
    let (resolver, provider) = (Arc::new(AtomicU8::new(0)), Arc::new(AtomicU8::new(0)));
    let heard = Heard::default();
    let connection = quick("amqp://127.0.0.1:1")
        .uris(uris.clone())
        .connect_timeout(Duration::from_millis(100))
        .channel_timeout(Duration::from_millis(100))
        .topology_timeout(Duration::from_millis(200))
        .checkout_timeout(Duration::from_millis(500))
        .resolver({
            let mood = Arc::clone(&resolver);
            move || {
                let (mood, uris) = (Arc::clone(&mood), uris.to_vec());
                async move { behave(&mood).await.map(|()| uris) }
            }
        })
        .credentials({
            let mood = Arc::clone(&provider);
            move || {
                let mood = Arc::clone(&mood);
                async move {
                    behave(&mood).await?;
                    let life = Duration::from_millis(1_300);
                    Ok(Credentials::password("guest", "guest").valid_for(life))
                }
            }
        })
        .topology(topology())
        .observer(heard.clone())
        .connect_lazy()
        .unwrap();
    let mut down = [false; 2];
    for _ in 0..40 {
        let at = draw(2) as usize;
        let broker = &brokers[at];
        match draw(16) {
            0 => brokers[at].hang_up(),
            1 | 2 if down[at] => {
                broker.come_up().await;
                down[at] = false;
            }
            1 => {
                broker.go_down().await;
                down[at] = true;
            }
            2 => broker.freeze(),
            3 => broker.welcome(Welcome::Silence),
            4 => broker.welcome(Welcome::Refuse(403)),
            5 => broker.welcome(Welcome::HangUp),
            6 => broker.welcome(Welcome::Accept),
            7 => broker.command(Command::Block),
            8 => broker.command(Command::Unblock),
            9 => broker.command(Command::Close([200, 320, 541][draw(3) as usize])),
            10 => resolver.store(draw(4) as u8, Ordering::SeqCst),
            11 => provider.store(draw(4) as u8, Ordering::SeqCst),
            12 => broker.on_secret([OnSecret::Nothing, OnSecret::Take][draw(2) as usize]),
            13 => {
                let replies = [
                    Reply::Ok,
                    Reply::Nothing,
                    Reply::CloseChannel(406),
                    Reply::CloseConnection(503),
                    Reply::HangUp,
                ];
                let reply = replies[draw(5) as usize];
                broker.on_declare(move |_| reply);
            }
            14 => broker.hang_up_on(["test", "test/consume"][draw(2) as usize]),
            _ => {
                let purpose = [Purpose::Consume, Purpose::Admin][draw(2) as usize].clone();
                let checkout = timeout(Duration::from_secs(2), connection.get_channel(purpose));
                let _ = checkout.await.expect("a checkout has a deadline");
            }
        }
        tokio::time::sleep(Duration::from_millis(u64::from(draw(60)))).await;
    }

    // Now all is well.
    resolver.store(0, Ordering::SeqCst);
    provider.store(0, Ordering::SeqCst);
    for (broker, down) in brokers.iter().zip(down) {
        broker.welcome(Welcome::Accept);
        broker.on_declare(|_| Reply::Ok);
        broker.on_secret(OnSecret::Take);
        if down {
            broker.come_up().await;
        }
        broker.command(Command::Unblock);
        // Those that are frozen notice after two heartbeats; of these tests, that is not the point.
        broker.hang_up();
    }
    for connection in [connection.clone(), connection.consuming()] {
        wait_usable(&connection).await;
    }
    let publisher = connection.publisher();
    let published = publisher.publish(Message::new("", "q", "x"));
    timeout(Duration::from_secs(10), published)
        .await
        .unwrap()
        .unwrap();
    for name in ["test", "test/consume"] {
        hold(&heard.of(name));
    }
    let report = connection.close(Duration::from_secs(5)).await;
    assert!(report.is_clean(), "{report}");
    for name in ["test", "test/consume"] {
        let changes = heard.of(name);
        hold(&changes);
        assert_eq!(changes.last().unwrap().to, ConnectionState::Closed);
    }
    until("nothing is left", || {
        brokers.iter().all(|it| it.live() == 0)
    })
    .await;
}

/// Within a moment, as it says of itself that it is down.
async fn wait_usable(connection: &ResilientConnection) {
    for _ in 0..500 {
        match connection.get_channel("any").await {
            Ok(_) => return,
            Err(AmqpError::Closed) => panic!("nobody has closed it"),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    panic!("{:#?}", connection.snapshot());
}

#[tokio::test]
async fn whatever_went_wrong_both_connections_come_back_and_leave_nothing() {
    for seed in 0..4 {
        storm(seed).await;
    }
}
