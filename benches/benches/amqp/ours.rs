//! The same through steadfast-amqp.

use std::collections::VecDeque;
use std::hint::black_box;

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use steadfast_amqp::{Message, PublishHandle, Publisher, ResilientConnection};

use crate::bare::share;
use crate::{BODY, QUEUE};

pub(crate) struct Ours {
    connection: ResilientConnection,
    publisher: Publisher,
}

fn message() -> Message {
    Message::new("", QUEUE, BODY)
}

impl Ours {
    pub(crate) async fn connect(uri: &str) -> Self {
        let connection = ResilientConnection::builder("ratios")
            .uri(uri)
            .connect()
            .await
            .expect("a connection");
        let publisher = connection.publisher();
        Self {
            connection,
            publisher,
        }
    }

    async fn publish(publisher: &Publisher) {
        let published = publisher.publish(message()).await.expect("it is confirmed");
        assert_eq!(published.attempts, 1);
    }

    pub(crate) async fn one_by_one(&self, times: u64) {
        for _ in 0..times {
            Self::publish(&self.publisher).await;
        }
    }

    /// By `send`; the oldest is waited for when there are so many in flight.
    pub(crate) async fn sent(&self, times: u64, in_flight: usize) {
        let mut window: VecDeque<PublishHandle> = VecDeque::with_capacity(in_flight);
        for _ in 0..times {
            if window.len() == in_flight
                && let Some(oldest) = window.pop_front()
            {
                oldest.await.expect("it is confirmed");
            }
            window.push_back(self.publisher.send(message()).await.expect("there is room"));
        }
        for handle in window {
            handle.await.expect("it is confirmed");
        }
    }

    /// By `publish`, so many at once in one task.
    pub(crate) async fn at_once(&self, times: u64, in_flight: usize) {
        let mut window = FuturesUnordered::new();
        for _ in 0..times {
            if window.len() == in_flight {
                window.next().await;
            }
            window.push(Self::publish(&self.publisher));
        }
        while window.next().await.is_some() {}
    }

    pub(crate) async fn tasks(&self, times: u64, count: u64) {
        let tasks = (0..count).map(|number| {
            let (publisher, mine) = (self.publisher.clone(), share(times, count, number));
            tokio::spawn(async move {
                for _ in 0..mine {
                    Self::publish(&publisher).await;
                }
            })
        });
        for task in join_all(tasks).await {
            task.expect("it does not panic");
        }
    }

    /// A warm channel, checked out and given back.
    pub(crate) async fn checkouts(&self, times: u64) {
        for _ in 0..times {
            let channel = self.connection.get_channel("ratios").await;
            drop(black_box(channel.expect("a channel")));
        }
    }
}
