//! Running checks because somebody asks, with or without a runner.

use futures_util::future::join_all;
use tokio::sync::watch;

use crate::board::Step;
use crate::monitor::Monitor;
use crate::snapshot::Report;

impl Monitor {
    /// Runs every check now, all of them at the same time but each after those it depends on, and
    /// reports. Works with and without a runner. A check that is already being run is not run again:
    /// its result serves both. One whose dependencies turn out bad is not run.
    ///
    /// Waits at most for three times the longest timeout of a check, or as much for each check of a
    /// chain of dependencies.
    ///
    /// # Panics
    /// Outside a tokio runtime, or in one without its timer enabled, if there is a check.
    ///
    /// # Cancel safety
    /// Dropping the future drops the runs it has begun, counted as abandoned; whoever waited for
    /// one of them runs the check itself. Do not keep it without polling it: until it is dropped,
    /// nobody else can run the checks it has begun, and they become unknown.
    pub async fn check_now(&self) -> Report {
        let plan = self.shared.plan();
        self.run(&plan).await;
        self.get_health()
    }

    /// Runs one check now, after all those that it [depends on](crate::Check::depends_on), and no other, and reports; in
    /// all else as [`check_now`](Self::check_now). `None` if there is no check of that name: nothing was run then.
    ///
    /// # Panics
    /// As [`check_now`](Self::check_now).
    ///
    /// # Cancel safety
    /// As [`check_now`](Self::check_now).
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use steadfast_health::{Check, Monitor, Outcome, Status};
    ///
    /// let monitor = Monitor::builder("orders").build()?;
    /// for name in ["cache", "database"] {
    ///     monitor.register(Check::new(name, async || Outcome::healthy()))?;
    /// }
    /// let report = monitor.check_one("database").await.expect("there is one");
    /// assert_eq!(report.component("database").unwrap().status, Status::Healthy);
    /// assert_eq!(report.component("cache").unwrap().status, Status::Unknown); // was not run
    /// assert!(monitor.check_one("mail").await.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn check_one(&self, name: &str) -> Option<Report> {
        let plan = self.shared.plan_of(name)?;
        self.run(&plan).await;
        Some(self.get_health())
    }

    async fn run(&self, plan: &[Step]) {
        // Whether each step is over. A future that held those before it would have them polled and
        // dropped one within the other, as deep as the chain of dependencies is long.
        let over: Vec<_> = plan.iter().map(|_| watch::Sender::new(false)).collect();
        let runs = plan.iter().zip(&over).map(|(step, is_over)| {
            let over = &over;
            async move {
                for place in &step.after {
                    // The sender lives as long as all runs, so this cannot fail.
                    let _ = over[*place].subscribe().wait_for(|over| *over).await;
                }
                self.shared.check(&step.component).await;
                is_over.send_replace(true);
            }
        });
        join_all(runs).await;
    }
}
