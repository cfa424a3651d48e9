//! Starting everything, or nothing.

use std::sync::{Arc, OnceLock};

use parking_lot::{Mutex, RwLock};
use steadfast_health::Monitor;
use steadfast_telemetry::Telemetry;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::about::About;
use super::builder::Builder;
use super::error::{Problem, StartError};
use super::file::Contents;
use super::plan::Plan;
use super::set::Set;
use super::snapshot::Snapshot;
use super::tasks::Tasks;
use super::telling::Telling;
use super::{Running, Shared, Supervisor, clock, file, health, reload, reporter, switches};
use crate::config::Config;

impl Builder {
    /// Starts everything.
    ///
    /// # Errors
    /// [`StartError`], with the parts that could not be started. What was started before is taken down again.
    ///
    /// # Panics
    /// Outside a tokio runtime with a timer, and with I/O for the AMQP connection and the dashboard.
    ///
    /// # Cancel safety
    /// Dropping the future takes down what was started.
    pub async fn start(mut self) -> Result<Supervisor, StartError> {
        let (config, contents) = self.load().await?;
        let plan = Plan::of(&config);
        let none = Set {
            #[cfg(feature = "http")]
            finish: self.http.clone(),
            ..Set::default()
        };
        let set = none.build(&plan).map_err(StartError::new)?;
        let about = Arc::new(About::new(&config.service.name, plan.switches));
        let Telling {
            telemetry,
            #[cfg(feature = "otlp")]
            otlp,
        } = Telling::start(&config)?;
        let monitor = monitor(&config)?;
        #[cfg(feature = "amqp")]
        let amqp = connect(&config, self.amqp.take())?;
        #[cfg(feature = "dashboard")]
        let dashboard = {
            let shown = super::server::Shown {
                telemetry: &telemetry,
                monitor: &monitor,
                set: &set,
                #[cfg(feature = "amqp")]
                amqp: amqp.as_ref(),
            };
            super::server::Served::bind(&config, &shown).await?
        };

        let tasks = Tasks::new(self.restarts);
        let own = Tasks::new(self.restarts);
        telemetry.watch(&about);
        telemetry.watch(&monitor);
        telemetry.watch(&own);
        telemetry.watch(&tasks);
        watch(&telemetry, &set);
        let checks = &config.health.checks;
        let mut problems = health::register(&monitor, &set, checks);
        let more = [
            (health::SWITCHES, health::switches(&about)),
            (health::TASKS, health::tasks([own.clone(), tasks.clone()])),
        ];
        for (name, check) in more {
            problems.extend(health::add(&monitor, name, check, checks).err());
        }
        #[cfg(feature = "amqp")]
        if let Some(connection) = &amqp {
            telemetry.watch(connection);
            let name = format!("amqp/{}", connection.name());
            let check = connection.health_check();
            problems.extend(health::add(&monitor, &name, check, checks).err());
        }
        if !problems.is_empty() {
            return Err(StartError::new(problems));
        }
        switches::turn(&set, true, plan.switches.breakers);
        about.tell_switches();

        let interval = config.telemetry.report_interval;
        let snapshot = Snapshot {
            at: clock::wall(),
            telemetry: telemetry.snapshot(),
            health: monitor.get_health(),
            tasks: Vec::new(),
            switched_off: plan.switches.off(),
            needs_restart: Vec::new(),
            retired: Vec::new(),
            stopping: false,
        };
        let config = Arc::new(config);
        let shared = Arc::new(Shared {
            set: RwLock::new(Arc::new(set)),
            running: Mutex::new(Running {
                json: Arc::new(reload::written(&config)),
                whole: Arc::clone(&config),
                config,
                plan: Arc::new(plan),
            }),
            turn: tokio::sync::Mutex::new(()),
            origin: self.origin.take(),
            about,
            runner: Mutex::new(Some(monitor.start())),
            monitor,
            telemetry,
            #[cfg(feature = "otlp")]
            otlp,
            #[cfg(feature = "amqp")]
            amqp,
            #[cfg(feature = "dashboard")]
            dashboard,
            tasks,
            own,
            snapshots: watch::Sender::new(Arc::new(snapshot)),
            report_every: watch::Sender::new(interval),
            stopping: CancellationToken::new(),
            ending: OnceLock::new(),
            hurry: CancellationToken::new(),
        });
        let supervisor = Supervisor { shared };
        supervisor.spawn_own(&self, contents)?;
        Ok(supervisor)
    }

    /// The settings to start with, and what was in the files before they were read.
    async fn load(&mut self) -> Result<(Config, Option<Contents>), StartError> {
        let Some(origin) = &self.origin else {
            return Ok((self.config.take().unwrap_or_default(), None));
        };
        let contents = Contents::of(&origin.files).await;
        let config = match self.config.take() {
            Some(config) => config,
            None => {
                let loaded = origin.load().await;
                let (config, _) = loaded.map_err(|error| Problem::new("config", error))?;
                config
            }
        };
        Ok((config, Some(contents)))
    }
}

impl Supervisor {
    /// Spawns the supervisor's own tasks: those that were spawned first are stopped last.
    fn spawn_own(&self, builder: &Builder, contents: Option<Contents>) -> Result<(), StartError> {
        let own = &self.shared.own;
        let shared = self.downgrade();
        let every = self.shared.report_every.subscribe();
        let report = move |stop| reporter::run(shared.clone(), every.clone(), stop);
        own.spawn("reporter", report)
            .map_err(|error| Problem::new("reporter", error))?;
        #[cfg(feature = "dashboard")]
        if let Some(serve) = self
            .shared
            .dashboard
            .as_ref()
            .and_then(super::server::Served::server)
        {
            own.spawn(super::server::TASK, serve)
                .map_err(|error| Problem::new("dashboard", error))?;
        }
        let (Some(origin), Some(every)) = (&self.shared.origin, builder.watch) else {
            return Ok(());
        };
        let Some(contents) = contents.filter(|_| !origin.files.is_empty()) else {
            return Ok(());
        };
        let shared = self.downgrade();
        let files = Arc::clone(&origin.files);
        let loaded = Arc::new(Mutex::new(contents));
        let watch = move |stop| {
            file::watch(
                shared.clone(),
                Arc::clone(&files),
                Arc::clone(&loaded),
                every,
                stop,
            )
        };
        let spawned = own.spawn("config", watch);
        spawned.map_err(|error| Problem::new("config", error).into())
    }
}

fn monitor(config: &Config) -> Result<Monitor, StartError> {
    let mut builder = Monitor::builder(config.service.name.as_str())
        .service_id(config.service.name.as_str())
        .config(config.health.monitor.clone());
    if let Some(version) = &config.service.version {
        builder = builder.version(version.as_str());
    }
    let built = builder.build();
    Ok(built.map_err(|error| Problem::new("health", error))?)
}

#[cfg(feature = "amqp")]
fn connect(
    config: &Config,
    change: Option<super::builder::AmqpHook>,
) -> Result<Option<crate::amqp::ResilientConnection>, StartError> {
    let Some(settings) = &config.amqp else {
        return Ok(None);
    };
    let builder = settings.builder();
    let builder = match change {
        Some(change) => change(builder),
        None => builder,
    };
    // It connects in the background: a broker that is down is for readiness to tell.
    let connected = builder.connect_lazy();
    let connection = connected.map_err(|error| Problem::new("amqp", error))?;
    Ok(Some(connection))
}

/// Watches every component of a set.
pub(super) fn watch(telemetry: &Telemetry, set: &Set) {
    for breaker in set.breakers.values() {
        telemetry.watch(breaker);
    }
    for retry in set.retries.values() {
        telemetry.watch(retry);
    }
    for bulkhead in set.bulkheads.values() {
        telemetry.watch(bulkhead);
    }
    #[cfg(feature = "http")]
    for client in set.clients.values() {
        telemetry.watch(client);
    }
}
