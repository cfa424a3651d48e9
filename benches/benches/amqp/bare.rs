//! lapin, as an application that knows it well would use it.

use std::collections::VecDeque;

use futures_util::future::join_all;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, PublisherConfirm};

use crate::{BODY, QUEUE, arguments};

pub(crate) struct Bare {
    connection: Connection,
    /// In confirm mode.
    channels: Vec<Channel>,
}

impl Bare {
    pub(crate) async fn connect(uri: &str) -> Self {
        let connection = Connection::connect(uri, ConnectionProperties::default())
            .await
            .expect("a connection");
        let mut channels = Vec::new();
        for _ in 0..20 {
            let channel = connection.create_channel().await.expect("a channel");
            let options = ConfirmSelectOptions::default();
            channel.confirm_select(options).await.expect("confirms");
            channels.push(channel);
        }
        let options = QueueDeclareOptions::durable();
        channels[0]
            .queue_declare(QUEUE.into(), options, arguments())
            .await
            .expect("a queue");
        Self {
            connection,
            channels,
        }
    }

    async fn begin(channel: &Channel) -> PublisherConfirm {
        let options = BasicPublishOptions {
            mandatory: true,
            immediate: false,
        };
        let properties = BasicProperties::default().with_delivery_mode(2);
        channel
            .basic_publish("".into(), QUEUE.into(), options, &BODY, properties)
            .await
            .expect("it is sent")
    }

    async fn end(confirm: PublisherConfirm) {
        assert!(confirm.await.expect("an answer").is_ack());
    }

    pub(crate) async fn one_by_one(&self, times: u64) {
        for _ in 0..times {
            Self::end(Self::begin(&self.channels[0]).await).await;
        }
    }

    /// Through one channel; the oldest is waited for when there are so many in flight.
    pub(crate) async fn pipelined(&self, times: u64, in_flight: usize) {
        let mut window = VecDeque::with_capacity(in_flight);
        for _ in 0..times {
            if window.len() == in_flight
                && let Some(oldest) = window.pop_front()
            {
                Self::end(oldest).await;
            }
            window.push_back(Self::begin(&self.channels[0]).await);
        }
        for confirm in window {
            Self::end(confirm).await;
        }
    }

    /// Through all channels, a task and one message in flight on each.
    pub(crate) async fn channels(&self, times: u64) {
        let count = self.channels.len() as u64;
        let tasks = self.channels.iter().enumerate().map(|(number, channel)| {
            let (channel, mine) = (channel.clone(), share(times, count, number as u64));
            tokio::spawn(async move {
                for _ in 0..mine {
                    Self::end(Self::begin(&channel).await).await;
                }
            })
        });
        for task in join_all(tasks).await {
            task.expect("it does not panic");
        }
    }

    /// What a channel costs without a pool.
    pub(crate) async fn opened(&self, times: u64) {
        for _ in 0..times {
            let channel = self.connection.create_channel().await.expect("a channel");
            channel.close(200, "".into()).await.expect("it is open");
        }
    }
}

/// One task's share of the work.
pub(crate) fn share(times: u64, tasks: u64, number: u64) -> u64 {
    times / tasks + u64::from(number < times % tasks)
}
