//! The handle, and its routes.

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::Response;
use axum::routing::{any, get, post};
use steadfast_health::Monitor;
use steadfast_telemetry::{Notice, Telemetry};

use crate::builder::{Builder, Settings};
use crate::controls::{self, Desk, LiveControls};
use crate::hub::Hub;
use crate::{api, hosts, page, reply, sse};

/// A dashboard of one process: a cheap handle, all clones of which are one.
///
/// It keeps neither telemetry nor components alive. It ends with the last handle and router.
#[derive(Clone)]
pub struct Dashboard {
    hub: Arc<Hub>,
}

impl Dashboard {
    /// The dashboard of what this telemetry watches and this monitor checks, with the default settings: nothing can
    /// be changed from it.
    ///
    /// Give the telemetry a [history](steadfast_telemetry::Builder::history), or charts and rates begin empty.
    #[must_use]
    pub fn new(telemetry: &Telemetry, health: &Monitor) -> Self {
        let settings = Settings {
            service: health.name().to_owned(),
            ..Settings::default()
        };
        Self::start(telemetry, Some(health.clone()), None, settings)
    }

    /// Starts building a dashboard with other settings.
    pub fn builder(telemetry: &Telemetry) -> Builder {
        Builder::new(telemetry)
    }

    pub(crate) fn start(
        telemetry: &Telemetry,
        monitor: Option<Monitor>,
        desk: Option<Arc<Desk>>,
        settings: Settings,
    ) -> Self {
        Self {
            hub: Hub::new(telemetry, monitor, desk, settings),
        }
    }

    /// The routes, to mount anywhere or to serve alone. They are open to everybody: put a layer that signs people in
    /// around them.
    ///
    /// Mount it by `nest_service`: the page is there with and without a slash at the end of its path then. By `nest` it is
    /// in one of the forms only, which is axum's doing: at `nest("/resilience", ..)` without a slash, at
    /// `nest("/resilience/", ..)` with one. Everything else is there in any case, also below a path with parameters.
    ///
    /// # Examples
    /// ```
    /// use axum::Router;
    /// use axum::routing::get;
    /// use steadfast_dashboard::Dashboard;
    /// use steadfast_health::Monitor;
    /// use steadfast_telemetry::Telemetry;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (telemetry, health) = (Telemetry::new(), Monitor::builder("orders").build()?);
    /// let dashboard = Dashboard::new(&telemetry, &health);
    /// let app: Router = Router::new()
    ///     .route("/orders", get(|| async { "none yet" }))
    ///     .nest_service("/resilience", dashboard.router::<()>());
    /// # drop(app);
    /// # Ok(())
    /// # }
    /// ```
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        let control = match self.hub.desk {
            Some(_) => post(controls::post).fallback(api::post_only),
            None => any(api::no_controls),
        };
        Router::new()
            .route("/", get(page::index))
            .route("/assets/{file}", get(page::asset))
            .route("/api/snapshot", get(api::snapshot))
            .route("/api/history", get(api::history))
            .route("/api/events", get(api::events))
            .route("/api/components/{name}", get(api::components))
            .route("/api/stream", get(sse::stream))
            .route("/api/control", control)
            .route("/metrics", get(api::metrics))
            .route("/health", any(api::health))
            .route("/health/{probe}", any(api::health))
            .layer(from_fn_with_state(Arc::clone(&self.hub), listen))
            .layer(from_fn_with_state(Arc::clone(&self.hub), hosts::check))
            .layer(map_response(reply::harden))
            .with_state(Arc::clone(&self.hub))
    }

    /// Puts around routes of your own the check of [hosts](crate::Builder::hosts) that [those](Self::router) of the
    /// dashboard have: for what is beside it and belongs to it, such as a page that signs people in.
    ///
    /// # Examples
    /// ```
    /// use axum::Router;
    /// use axum::routing::get;
    /// use steadfast_dashboard::Dashboard;
    /// use steadfast_telemetry::Telemetry;
    ///
    /// let telemetry = Telemetry::new();
    /// let dashboard = Dashboard::builder(&telemetry).hosts(["ops.example.com"]).build()?;
    /// let beside = Router::new().route("/sign-in", get(|| async { "who are you?" }));
    /// let app: Router = dashboard
    ///     .only_for_hosts(beside)
    ///     .nest_service("/resilience", dashboard.router::<()>());
    /// # drop(app);
    /// # Ok::<_, steadfast_dashboard::ConfigError>(())
    /// ```
    pub fn only_for_hosts<S: Clone + Send + Sync + 'static>(&self, routes: Router<S>) -> Router<S> {
        routes.layer(from_fn_with_state(Arc::clone(&self.hub), hosts::check))
    }

    /// Ends all live pages at once, and lets no other begin; everything else goes on being answered. Call it when the
    /// server is told to stop: a server that waits for its connections would wait for every page that is open.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn run(app: axum::Router, dashboard: steadfast_dashboard::Dashboard) -> std::io::Result<()> {
    /// # async fn told_to_stop() {}
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:4000").await?;
    /// axum::serve(listener, app)
    ///     .with_graceful_shutdown(async move {
    ///         told_to_stop().await;
    ///         dashboard.shutdown();
    ///     })
    ///     .await
    /// # }
    /// ```
    pub fn shutdown(&self) {
        self.hub.close();
    }

    /// Whether live pages have been ended: by [`shutdown`](Self::shutdown), or as the telemetry is gone.
    #[must_use]
    pub fn is_shut_down(&self) -> bool {
        self.hub.is_closed()
    }

    /// How many pages are live.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.hub.watchers()
    }

    /// The controls, to add components to and to take them out while the dashboard is in use; `None` if it was built
    /// without [any](crate::Builder::controls).
    #[must_use]
    pub fn controls(&self) -> Option<LiveControls> {
        self.hub.live_controls()
    }

    /// Puts a notice of the application's into the log of this dashboard, and nowhere else. It tells of what is watched
    /// by itself, of notices too; this is for what no component of telemetry's says.
    ///
    /// # Examples
    /// ```
    /// use steadfast_dashboard::Dashboard;
    /// use steadfast_telemetry::{Notice, NoticeLevel, Telemetry};
    ///
    /// let telemetry = Telemetry::new();
    /// let dashboard = Dashboard::builder(&telemetry).build()?;
    /// dashboard.tell(&Notice::new("reload", "orders.toml", NoticeLevel::Info, "retry.max_attempts is 5 now"));
    /// # Ok::<_, steadfast_dashboard::ConfigError>(())
    /// ```
    pub fn tell(&self, notice: &Notice) {
        self.hub.announce(notice);
    }

    #[cfg(test)]
    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }
}

/// A dashboard that was built outside of any runtime begins to listen at the first request.
async fn listen(State(hub): State<Arc<Hub>>, request: Request, next: Next) -> Response {
    hub.listen();
    next.run(request).await
}

impl fmt::Debug for Dashboard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dashboard").field("hub", &self.hub).finish()
    }
}
