//! Publishing under the model checker's eyes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use steadfast_amqp::ResilientConnection;
use steadfast_benches::clock;
use steadfast_benches::model::{Model, Told};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use crate::broker::body_of;
use crate::clients::{Client, Mail};
use crate::findings::Failure;

/// What a task publishes next: where to, and within which time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    /// The index of the queue in the model.
    pub(crate) queue: u8,
    pub(crate) deadline: Duration,
}

/// How the messages are published.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) model: Arc<Model>,
    /// How long after its deadline a message is given up on, and called hung.
    pub(crate) slack: Duration,
    /// Bytes of a body beside its number.
    pub(crate) filling: usize,
    /// Between two messages of a task.
    pub(crate) pause: Duration,
    errors: Arc<Mutex<BTreeMap<String, u64>>>,
}

impl Load {
    pub(crate) fn on(model: &Arc<Model>, slack: Duration) -> Self {
        Self {
            model: Arc::clone(model),
            slack,
            filling: 100,
            pause: Duration::ZERO,
            errors: Arc::default(),
        }
    }

    /// Publishes one message and enters the answer. `None` if the book is full.
    pub(crate) async fn publish(&self, client: &Client, order: Order) -> Option<Told> {
        let number = self.model.begin(order.queue)?;
        let mail = Mail {
            exchange: "",
            key: self.model.name_of(order.queue),
            body: body_of(number, self.filling),
            deadline: order.deadline,
        };
        let began = clock::now();
        let limit = order.deadline + self.slack;
        let Ok(answer) = timeout(limit, client.publish(&mail)).await else {
            self.model.told(number, Told::Hung, self.slack);
            return Some(Told::Hung);
        };
        let overrun = began.elapsed().saturating_sub(order.deadline);
        let told = answer.told;
        self.model.told(number, told, overrun);
        if let Some(error) = &answer.error {
            self.count(error);
            client.recover(answer).await;
        }
        Some(told)
    }

    /// So many tasks that publish until the book is full. What each publishes is up to `order`, which is
    /// given the numbers of the task and of its message.
    pub(crate) fn start(
        &self,
        clients: &[Client],
        tasks: usize,
        order: impl Fn(usize, usize) -> Option<Order> + Send + Clone + 'static,
    ) -> Tasks {
        let mut set = JoinSet::new();
        for task in 0..tasks {
            let (load, client) = (self.clone(), clients[task % clients.len()].clone());
            let order = order.clone();
            set.spawn(async move {
                let mut message = 0;
                while let Some(next) = order(task, message) {
                    if load.publish(&client, next).await.is_none() {
                        return;
                    }
                    message += 1;
                    if !load.pause.is_zero() {
                        sleep(load.pause).await;
                    }
                }
            });
        }
        Tasks { set }
    }

    fn count(&self, error: &str) {
        let mut errors = self.errors.lock();
        // Errors with a number in them are not to fill the memory.
        if errors.len() < 20 || errors.contains_key(error) {
            *errors.entry(error.to_owned()).or_default() += 1;
        }
    }

    /// The errors that clients gave, and how often.
    pub(crate) fn errors(&self) -> String {
        let errors = self.errors.lock();
        let errors = errors
            .iter()
            .map(|(error, count)| format!("{count} x {error}"));
        errors.collect::<Vec<_>>().join(", ")
    }
}

/// Tasks that publish; dropped, they are aborted.
pub(crate) struct Tasks {
    set: JoinSet<()>,
}

impl Tasks {
    /// Waits for them. Those that are not done in time are aborted, and their messages have no answer.
    pub(crate) async fn end(mut self, at_most: Duration) -> Result<(), Failure> {
        let all = async {
            while let Some(task) = self.set.join_next().await {
                task?;
            }
            Ok(())
        };
        timeout(at_most, all).await.unwrap_or(Ok(()))
    }
}

/// A caller who asks for a channel again and again, and remembers the longest time that it took.
pub(crate) struct Asker {
    worst: Arc<Mutex<Duration>>,
    task: JoinHandle<()>,
}

impl Asker {
    pub(crate) fn start(connection: &ResilientConnection) -> Self {
        let worst = Arc::new(Mutex::new(Duration::ZERO));
        let (connection, longest) = (connection.clone(), Arc::clone(&worst));
        let task = tokio::spawn(async move {
            loop {
                let began = clock::now();
                // What comes of it is not the question.
                drop(connection.get_channel("work").await);
                {
                    let mut longest = longest.lock();
                    *longest = longest.max(began.elapsed());
                }
                sleep(Duration::from_millis(50)).await;
            }
        });
        Self { worst, task }
    }

    pub(crate) fn worst(&self) -> Duration {
        *self.worst.lock()
    }
}

impl Drop for Asker {
    fn drop(&mut self) {
        self.task.abort();
    }
}
