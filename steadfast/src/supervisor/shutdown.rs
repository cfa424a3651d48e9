//! The end: in order, and in time.

mod course;
mod report;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::watch;
#[cfg(feature = "http")]
use tokio::time::sleep;

use self::course::Course;
pub use self::report::{ShutdownReport, Step};
use super::{Shared, Supervisor, health};
use steadfast_telemetry::NoticeLevel;

impl Supervisor {
    /// Brings everything to an end, within `shutdown.grace`, in this order:
    ///
    /// 1. *readiness*: the service says that it is not ready.
    /// 2. *intake*: the [tasks](Self::tasks) of the program and the dashboard stop.
    /// 3. *bulkheads*: nobody gets in any more, and those who are in finish.
    /// 4. *amqp*: what was published is confirmed, and the connection closed.
    /// 5. *http*: requests under way finish.
    /// 6. *tasks*: the supervisor's own tasks and the health checks stop.
    /// 7. *telemetry*: handlers hear what is left, and what is to be exported is.
    ///
    /// Each step has its share of the time and what the ones before it have left; what is not finished by then
    /// is cut off and is in the report. Shutting down again waits for the same end.
    ///
    /// # Cancel safety
    /// Dropping the future does not stop the shutdown.
    pub async fn shutdown(&self) -> ShutdownReport {
        let mut over = self.shared.begin_shutdown();
        loop {
            if let Some(report) = &*over.borrow_and_update() {
                return ShutdownReport::clone(report);
            }
            if over.changed().await.is_err() {
                // Only with its runtime does the task end without a word.
                return ShutdownReport::aborted();
            }
        }
    }

    /// The same at once: what a step cannot finish without waiting is cut off. Also hurries a shutdown that is
    /// under way.
    ///
    /// # Cancel safety
    /// Dropping the future does not stop the shutdown.
    pub async fn shutdown_now(&self) -> ShutdownReport {
        self.shared.hurry.cancel();
        self.shutdown().await
    }

    /// Whether it is shutting down, or has shut down.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.shared.is_stopping()
    }
}

impl Shared {
    pub(super) fn begin_shutdown(self: &Arc<Self>) -> watch::Receiver<Option<Arc<ShutdownReport>>> {
        let begin = || {
            self.stopping.cancel();
            let (tell, over) = watch::channel(None);
            let shared = Arc::clone(self);
            tokio::spawn(async move {
                let report = shared.end().await;
                // Whoever is told may take the supervisor for gone.
                drop(shared);
                tell.send_replace(Some(Arc::new(report)));
            });
            over
        };
        self.ending.get_or_init(begin).clone()
    }

    async fn end(&self) -> ShutdownReport {
        let mut course = Course::new(self.grace(), self.hurry.clone());
        self.about.stops();
        let name = self.about.service();
        let text = format!("shutting down within {:?}", course.grace());
        self.about
            .notice("shutdown", name, NoticeLevel::Info, &text);

        let unready = async |_| {
            let registered = self.monitor.register(health::shutdown());
            // Whoever is changing settings has done so before anything is closed; nobody does afterwards.
            drop(self.turn.lock().await);
            registered
                .err()
                .map(|error| error.to_string())
                .into_iter()
                .collect()
        };
        course.step("readiness", INTAKE, unready, Vec::new).await;
        let intake = async |left| self.stop_intake(left).await;
        course
            .step("intake", INTAKE, intake, || self.left_of_intake())
            .await;
        self.set()
            .whole()
            .bulkheads
            .values()
            .for_each(crate::bulkhead::Bulkhead::close);
        let drain = async |left| self.drain(left).await;
        course.step("bulkheads", DRAIN, drain, || self.busy()).await;
        #[cfg(feature = "amqp")]
        if let Some(connection) = &self.amqp {
            let close = async |left| course::close_amqp(connection, left).await;
            let cut = || vec!["the connection was not closed in time".to_owned()];
            course.step("amqp", AMQP, close, cut).await;
        }
        #[cfg(feature = "http")]
        {
            let finish = async |_| self.requests_finish().await;
            course
                .step("http", HTTP, finish, || self.requests_left())
                .await;
        }
        let stop = async |left| self.stop_own(left).await;
        let cut = || vec!["not stopped in time, and aborted".to_owned()];
        course.step("tasks", TASKS, stop, cut).await;
        // Aborts what was cut off.
        self.own.abort();
        self.tasks.abort();
        self.report();
        let flush = async |left| self.flush(left).await;
        let cut = || vec!["not everything was told in time".to_owned()];
        course.step("telemetry", TELEMETRY, flush, cut).await;
        course.report()
    }

    async fn stop_intake(&self, left: Duration) -> Vec<String> {
        #[cfg(feature = "dashboard")]
        let dashboard = async {
            match &self.dashboard {
                Some(dashboard) => {
                    dashboard.end();
                    self.own.stop_one(super::server::TASK, left).await
                }
                None => None,
            }
        };
        #[cfg(not(feature = "dashboard"))]
        let dashboard = async { None::<bool> };
        let (tasks, dashboard) = tokio::join!(self.tasks.stop(left), dashboard);
        let late = tasks.late.into_iter();
        let mut late: Vec<_> = late
            .map(|name| format!("task {name} was aborted"))
            .collect();
        if dashboard == Some(false) {
            late.push("connections to the dashboard were cut".to_owned());
        }
        late
    }

    /// Only if the step itself is cut off, which hurry does.
    fn left_of_intake(&self) -> Vec<String> {
        self.tasks.abort();
        vec!["tasks were aborted".to_owned()]
    }

    async fn drain(&self, left: Duration) -> Vec<String> {
        let set = self.set().whole();
        let closing = set.bulkheads.iter().map(|(name, bulkhead)| async move {
            let busy = bulkhead.close_and_wait(left).await.err()?.busy();
            Some(format!("{name}: {busy} places were still in use"))
        });
        join_all(closing).await.into_iter().flatten().collect()
    }

    fn busy(&self) -> Vec<String> {
        let set = self.set().whole();
        let busy = set.bulkheads.iter().filter_map(|(name, bulkhead)| {
            let busy = bulkhead.snapshot().busy;
            (busy > 0).then(|| format!("{name}: {busy} places were still in use"))
        });
        busy.collect()
    }

    #[cfg(feature = "http")]
    async fn requests_finish(&self) -> Vec<String> {
        while !self.requests_left().is_empty() {
            sleep(LOOK).await;
        }
        Vec::new()
    }

    #[cfg(feature = "http")]
    fn requests_left(&self) -> Vec<String> {
        let set = self.set().whole();
        let left = set.clients.iter().filter_map(|(name, client)| {
            let requests = client.snapshot().in_flight;
            (requests > 0).then(|| format!("{name}: {requests} requests were under way"))
        });
        left.collect()
    }

    async fn stop_own(&self, left: Duration) -> Vec<String> {
        let runner = self.runner.lock().take();
        let checks = async {
            if let Some(runner) = runner {
                runner.stop().await;
            }
        };
        let (tasks, ()) = tokio::join!(self.own.stop(left), checks);
        let late = tasks.late.into_iter();
        late.map(|name| format!("task {name} was aborted"))
            .collect()
    }

    async fn flush(&self, left: Duration) -> Vec<String> {
        // What is exported has its half of the time, however slow a handler is.
        #[cfg(feature = "otlp")]
        let share = if self.otlp.is_some() { left / 2 } else { left };
        #[cfg(not(feature = "otlp"))]
        let share = left;
        let telemetry = self.telemetry.clone();
        let flushing = tokio::task::spawn_blocking(move || telemetry.flush(share));
        let mut late = Vec::new();
        if !flushing.await.unwrap_or(false) {
            late.push("handlers of events were not through".to_owned());
        }
        #[cfg(feature = "otlp")]
        if let Some(otlp) = &self.otlp {
            if let Err(undelivered) = otlp.shutdown(left - share).await {
                late.push(undelivered.to_string());
            }
        }
        late
    }
}

/// How often requests under way are counted.
#[cfg(feature = "http")]
const LOOK: Duration = Duration::from_millis(10);

/// By which share of the grace, in percent, a step is over.
const INTAKE: u32 = 40;
const DRAIN: u32 = 65;
#[cfg(feature = "amqp")]
const AMQP: u32 = 80;
#[cfg(feature = "http")]
const HTTP: u32 = 90;
const TASKS: u32 = 95;
const TELEMETRY: u32 = 100;
