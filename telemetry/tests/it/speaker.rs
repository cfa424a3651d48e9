//! Somebody who says things, and those who listen.

use std::cell::Cell;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use steadfast_telemetry::{
    AmqpConnection, AmqpState, Event, EventKind, EventSink, EventSinks, Filter, HttpRequest,
    Source, Telemetry,
};

/// Far more than any test takes; only a test that fails waits so long.
pub(crate) const LONG: Duration = Duration::from_secs(60);

#[derive(Default)]
pub(crate) struct Speaker(EventSinks);

impl Speaker {
    pub(crate) fn watched_by(telemetry: &Telemetry) -> Arc<Self> {
        let speaker = Arc::new(Self::default());
        telemetry.watch(&speaker);
        speaker
    }

    pub(crate) fn say(&self, name: &'static str) {
        self.0.push(EventKind::AmqpConnection, || {
            AmqpConnection::new(name, AmqpState::Connected)
        });
    }

    pub(crate) fn is_heard(&self, kind: EventKind) -> bool {
        let asked = Cell::new(false);
        self.0.push(kind, || {
            asked.set(true);
            AmqpConnection::new("asks", AmqpState::Connected)
        });
        asked.get()
    }

    #[cfg(feature = "tracing")]
    pub(crate) fn answered(&self, status: u16, error: Option<&'static str>) {
        self.0.push(EventKind::HttpRequest, || {
            let took = Duration::from_secs(1);
            let request = HttpRequest::new("api", "GET", "example.org:443", 2, took);
            match error {
                Some(error) => request.status(status).error_type(error),
                None => request.status(status),
            }
        });
    }

    #[cfg(feature = "tracing")]
    pub(crate) fn notice(&self, notice: steadfast_telemetry::Notice) {
        self.0.push(EventKind::Notice, || notice.clone());
    }

    pub(crate) fn request(&self, name: &'static str) {
        self.0.push(EventKind::HttpRequest, || {
            HttpRequest::new(name, "GET", "example.org:443", 1, Duration::ZERO)
        });
    }
}

impl Source for Speaker {
    fn name(&self) -> &str {
        "speaker"
    }

    fn watched(&self, sink: EventSink) {
        self.0.add(sink);
    }
}

/// A handler that sends the names of the events it hears, and the other end.
pub(crate) fn listener() -> (impl FnMut(&Event) + Send + 'static, mpsc::Receiver<String>) {
    let (heard, hears) = mpsc::channel();
    let handler = move |event: &Event| heard.send(event.name().to_owned()).unwrap();
    (handler, hears)
}

/// A handler that says when it runs and then waits to be let go on.
pub(crate) struct Stuck {
    pub(crate) runs: mpsc::Receiver<()>,
    pub(crate) go_on: mpsc::Sender<()>,
}

pub(crate) fn stuck(telemetry: &Telemetry, id: &'static str) -> Stuck {
    let (running, runs) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel();
    let handler = move |_: &Event| {
        let _ = running.send(());
        let _ = may_go_on.recv();
    };
    telemetry.attach(id, Filter::all(), handler).unwrap();
    Stuck { runs, go_on }
}
