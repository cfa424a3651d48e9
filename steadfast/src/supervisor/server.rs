//! The dashboard's server.

mod connection;
mod sign_in;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use parking_lot::Mutex;
use steadfast_dashboard::{Controls, Dashboard};
use steadfast_health::Monitor;
use steadfast_telemetry::Telemetry;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use self::connection::converse;
use self::sign_in::Guard;
use super::Supervisor;
use super::error::{Problem, StartError};
use super::set::Set;
use super::tasks::Stop;
use crate::config::{Config, DashboardConfig};

/// The task that serves it.
pub(super) const TASK: &str = "dashboard";

/// A dashboard with its address.
pub(super) struct Served {
    dashboard: Dashboard,
    router: Router,
    addr: SocketAddr,
    /// Until the task has it: with that, nobody is accepted any more.
    listener: Mutex<Option<TcpListener>>,
}

/// What the dashboard shows, and what can be changed from it.
pub(super) struct Shown<'s> {
    pub(super) telemetry: &'s Telemetry,
    pub(super) monitor: &'s Monitor,
    pub(super) set: &'s Set,
    #[cfg(feature = "amqp")]
    pub(super) amqp: Option<&'s crate::amqp::ResilientConnection>,
}

impl Served {
    /// Takes the address, if a dashboard is asked for.
    pub(super) async fn bind(
        config: &Config,
        shown: &Shown<'_>,
    ) -> Result<Option<Self>, StartError> {
        let settings = &config.dashboard;
        if !settings.enabled {
            return Ok(None);
        }
        let listener = TcpListener::bind(settings.listen).await.map_err(|error| {
            let what = format!("cannot listen on {}: {error}", settings.listen);
            Problem::new("dashboard.listen", io::Error::new(error.kind(), what))
        })?;
        let addr = listener.local_addr();
        let addr = addr.map_err(|error| Problem::new("dashboard.listen", error))?;
        let guard = settings.controls_token.as_ref().map(Guard::new);
        let mut builder = Dashboard::builder(shown.telemetry)
            .health(shown.monitor)
            .service(config.service.name.as_str())
            .max_streams(settings.max_subscribers)
            .max_stream_age(settings.max_stream_age)
            .events(settings.events);
        if let Some(hosts) = &settings.hosts {
            builder = builder.hosts(hosts);
        }
        if let Some(version) = &config.service.version {
            builder = builder.version(version.as_str());
        }
        if let Some(guard) = &guard {
            builder = builder.controls(shown.controls(guard.clone()));
        }
        let built = builder.build();
        let dashboard = built.map_err(|error| Problem::new("dashboard", error))?;
        let router = route(settings, &dashboard, guard)?;
        Ok(Some(Self {
            dashboard,
            router,
            addr,
            listener: Mutex::new(Some(listener)),
        }))
    }

    /// What is new can be changed from now on, and what is gone no more, if there are controls.
    pub(super) fn go_over(&self, new: &Set, gone: &Set) {
        let Some(controls) = self.dashboard.controls() else {
            return;
        };
        for breaker in gone.breakers.values() {
            controls.remove(breaker);
        }
        for bulkhead in gone.bulkheads.values() {
            controls.remove(bulkhead);
        }
        for breaker in new.breakers.values() {
            controls.add(breaker);
        }
        for bulkhead in new.bulkheads.values() {
            controls.add(bulkhead);
        }
        #[cfg(feature = "http")]
        for client in gone.clients.values() {
            controls.remove(client);
        }
        #[cfg(feature = "http")]
        for client in new.clients.values() {
            controls.add(client);
        }
    }

    /// Ends the pages that are live.
    pub(super) fn end(&self) {
        self.dashboard.shutdown();
    }

    /// Makes what serves it, again and again if it falls over. To be called once.
    pub(super) fn server(&self) -> Option<impl FnMut(Stop) -> ServerFuture + Send + 'static> {
        let listener = Arc::new(self.listener.lock().take()?);
        let router = self.router.clone();
        Some(move |stop| -> ServerFuture {
            Box::pin(serve(Arc::clone(&listener), router.clone(), stop))
        })
    }
}

type ServerFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Supervisor {
    /// The dashboard, if it is enabled.
    #[cfg_attr(docsrs, doc(cfg(feature = "dashboard")))]
    #[must_use]
    pub fn dashboard(&self) -> Option<&Dashboard> {
        let served = self.shared.dashboard.as_ref()?;
        Some(&served.dashboard)
    }

    /// Where the dashboard listens, if it is enabled; with the port that the system chose if port 0 was asked for.
    #[cfg_attr(docsrs, doc(cfg(feature = "dashboard")))]
    #[must_use]
    pub fn dashboard_addr(&self) -> Option<SocketAddr> {
        let served = self.shared.dashboard.as_ref()?;
        Some(served.addr)
    }
}

impl Shown<'_> {
    fn controls(&self, guard: Guard) -> Controls {
        let mut controls = Controls::new(guard).monitor(self.monitor);
        for breaker in self.set.breakers.values() {
            controls = controls.breaker(breaker);
        }
        for bulkhead in self.set.bulkheads.values() {
            controls = controls.bulkhead(bulkhead);
        }
        #[cfg(feature = "http")]
        for client in self.set.clients.values() {
            controls = controls.http_client(client);
        }
        #[cfg(feature = "amqp")]
        if let Some(connection) = self.amqp {
            controls = controls.connection(connection);
        }
        controls
    }
}

fn route(
    settings: &DashboardConfig,
    dashboard: &Dashboard,
    guard: Option<Guard>,
) -> Result<Router, Problem> {
    let path = settings.path.trim_end_matches('/');
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "-._~/".contains(char);
    if !(path.is_empty() || path.starts_with('/')) || !path.chars().all(is_plain) {
        let rule = "must begin with / and have letters, digits, and - . _ ~ only";
        let what = format!("{:?} ({rule})", settings.path);
        return Err(Problem::new("dashboard.path", what));
    }
    let mut router = Router::new();
    if let Some(guard) = guard {
        let home = format!("{path}/");
        let sign_in = get(move |headers| async move { guard.sign_in(&headers, &home) });
        router = router.route(&format!("{path}/sign-in"), sign_in);
        router = dashboard.only_for_hosts(router);
    }
    Ok(if path.is_empty() {
        router.merge(dashboard.router())
    } else {
        // Not `nest`, which does not know the path with a slash at its end.
        router.nest_service(path, dashboard.router::<()>())
    })
}

/// Serves until it is told to stop; then the connections finish what they have begun.
async fn serve(listener: Arc<TcpListener>, router: Router, stop: Stop) {
    let mut connections = JoinSet::new();
    loop {
        let has_room = connections.len() < MOST_CONNECTIONS;
        tokio::select! {
            biased;
            () = stop.stopped() => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept(), if has_room => match accepted {
                Ok((stream, _)) => {
                    let stop = stop.clone();
                    let stopped = async move { stop.stopped().await };
                    connections.spawn(converse(stream, router.clone(), stopped));
                }
                // Out of file descriptors, most likely.
                Err(_) => stop.sleep(AGAIN).await,
            },
        }
    }
    while connections.join_next().await.is_some() {}
}

/// More than its subscribers, for what comes besides.
const MOST_CONNECTIONS: usize = 1024;

/// How long nothing is accepted after that has failed.
const AGAIN: Duration = Duration::from_millis(100);
