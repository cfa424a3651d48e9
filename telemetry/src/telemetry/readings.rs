//! What is read at once: a snapshot, the history, the text for Prometheus.

use super::Telemetry;
use crate::history::History;
use crate::snapshot::{ComponentId, ComponentSnapshot, Snapshot};

impl Telemetry {
    /// What all watched components are, have counted, and say of themselves. Reads each of them once, and
    /// waits for nothing. In the order in which they were watched.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::new(&self.inner.registry, &self.inner.dispatcher)
    }

    /// What the components of this name are, whatever their kind, as in a [snapshot](Self::snapshot); none if there is
    /// none. Reads no other component.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(feature = "breaker")] {
    /// use steadfast_breaker::CircuitBreaker;
    /// use steadfast_telemetry::Telemetry;
    ///
    /// let breaker = CircuitBreaker::builder("payments").build().unwrap();
    /// let telemetry = Telemetry::new();
    /// telemetry.watch(&breaker);
    /// assert_eq!(telemetry.components_named("payments")[0].id.kind, "circuit_breaker");
    /// assert!(telemetry.components_named("stock").is_empty());
    /// # }
    /// ```
    #[must_use]
    pub fn components_named(&self, name: &str) -> Vec<ComponentSnapshot> {
        ComponentSnapshot::named(&self.inner.registry, name)
    }

    /// Whether a [history](Self::history) is kept: whether [`Builder::history`](crate::Builder::history) made room for
    /// one.
    #[must_use]
    pub fn keeps_history(&self) -> bool {
        self.inner.recorder.has_room()
    }

    /// What the watched components were like in the last five minutes, and in the last hour. Empty unless
    /// [`Builder::history`](crate::Builder::history) made room for it. Copies what there is: of many components it is much; see
    /// [`history_of`](Self::history_of).
    ///
    /// # Examples
    /// ```
    /// use steadfast_telemetry::Telemetry;
    ///
    /// let telemetry = Telemetry::builder().history(500).build().unwrap();
    /// for component in telemetry.history().components {
    ///     for series in component.series {
    ///         let last_minute = series.seconds.iter().rev().take(60);
    ///         println!("{} {}: {:?}", component.id.name, series.metric, last_minute);
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn history(&self) -> History {
        self.inner.recorder.history(|_| true)
    }

    /// The history of the components that are chosen.
    #[must_use]
    pub fn history_of(&self, chosen: &[ComponentId]) -> History {
        self.inner.recorder.history(|id| chosen.contains(id))
    }
}

#[cfg(feature = "prometheus")]
impl Telemetry {
    /// The same metrics in Prometheus' text format, read now. Serve it as
    /// [`PROMETHEUS_CONTENT_TYPE`](crate::PROMETHEUS_CONTENT_TYPE).
    ///
    /// Dots become underscores, counters end in `_total`, seconds in `_seconds`. Needs no meter
    /// provider: the first call sets up a private one. It has room for 10 000 series of each
    /// metric; what is beyond shows up as one series with `otel_metric_overflow="true"`.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(feature = "breaker")] {
    /// # use steadfast_breaker::CircuitBreaker;
    /// # use steadfast_telemetry::Telemetry;
    /// let breaker = CircuitBreaker::builder("payments").build().unwrap();
    /// let telemetry = Telemetry::new();
    /// telemetry.watch(&breaker);
    ///
    /// let line = r#"resilience_circuit_breaker_state{resilience_name="payments",resilience_state="closed"} 1"#;
    /// assert!(telemetry.export_prometheus_metrics().contains(line));
    /// # }
    /// ```
    #[must_use]
    pub fn export_prometheus_metrics(&self) -> String {
        let exposition = &self.inner.exposition;
        let exposition =
            exposition.get_or_init(|| crate::prometheus::Exposition::new(&self.inner.registry));
        exposition.text()
    }
}
