//! The events as `tracing` events, heard by a real subscriber.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use steadfast_telemetry::{EventKind, EventLog, Filter};
use tracing::field::{Field, Visit};
use tracing::{Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry;

use crate::export::Bench;
use crate::speaker::{LONG, Speaker};

/// Keeps every event of target `steadfast`.
#[derive(Clone, Default)]
struct Capture(Arc<Mutex<Vec<Line>>>);

#[derive(Debug, Clone)]
struct Line {
    level: Level,
    fields: BTreeMap<&'static str, String>,
}

impl<S: Subscriber> Layer<S> for Capture {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        assert_eq!(event.metadata().target(), "steadfast");
        let mut line = Line {
            level: *event.metadata().level(),
            fields: BTreeMap::new(),
        };
        event.record(&mut line);
        self.0.lock().unwrap().push(line);
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.fields.insert(field.name(), format!("{value:?}"));
    }
}

impl Line {
    /// All fields but the time, in one line.
    fn text(&self) -> String {
        let mut fields = self.fields.clone();
        let at = fields.remove("at").unwrap();
        assert_eq!((at.len(), at.chars().last()), (24, Some('Z')), "{at}");
        let message = fields.remove("message").unwrap();
        let fields: Vec<_> = fields
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        format!("{} {message} | {}", self.level, fields.join(" "))
    }
}

/// What a log says of what is done while it is attached. Handlers have a thread of their own, so the
/// subscriber is set on that, by a handler that comes first.
fn logged(log: EventLog, done: impl FnOnce(&Bench)) -> Vec<Line> {
    let capture = Capture::default();
    let subscriber = registry().with(capture.clone());
    let bench = Bench::new();
    let mut guard = None;
    let mut subscriber = Some(subscriber);
    let mut log = log.handler();
    let handler = move |event: &steadfast_telemetry::Event| {
        if let Some(subscriber) = subscriber.take() {
            let dispatch = tracing::Dispatch::new(subscriber);
            guard = Some(dispatch);
        }
        if let Some(dispatch) = &guard {
            tracing::dispatcher::with_default(dispatch, || log(event));
        }
    };
    bench
        .telemetry
        .attach("log", Filter::all(), handler)
        .unwrap();
    done(&bench);
    assert!(bench.telemetry.flush(LONG));
    let lines = capture.0.lock().unwrap();
    lines.clone()
}

fn texts(lines: &[Line]) -> Vec<String> {
    lines.iter().map(Line::text).collect()
}

#[test]
fn requests_and_connections_have_their_level_and_fields() {
    let lines = logged(EventLog::new(), |bench| {
        let speaker = Speaker::watched_by(&bench.telemetry);
        speaker.say("orders");
        speaker.request("billing");
        for (status, error) in [(200, None), (404, Some("404")), (503, Some("503"))] {
            speaker.answered(status, error);
        }
    });
    assert_eq!(
        texts(&lines),
        [
            "INFO amqp connection orders: connected | resilience.event=amqp_connection \
             resilience.name=orders resilience.state=connected",
            "DEBUG http client billing: GET example.org:443: no response after 1 attempt in 0ns | \
             resilience.attempts=1 resilience.duration=0.0 resilience.event=http_request \
             resilience.name=billing",
            "DEBUG http client api: GET example.org:443: 200 after 2 attempts in 1s | \
             http.response.status_code=200 resilience.attempts=2 resilience.duration=1.0 \
             resilience.event=http_request resilience.name=api",
            "INFO http client api: GET example.org:443: 404 after 2 attempts in 1s | \
             error.type=404 http.response.status_code=404 resilience.attempts=2 \
             resilience.duration=1.0 resilience.event=http_request resilience.name=api",
            "WARN http client api: GET example.org:443: 503 after 2 attempts in 1s | \
             error.type=503 http.response.status_code=503 resilience.attempts=2 \
             resilience.duration=1.0 resilience.event=http_request resilience.name=api",
        ]
    );
}

#[test]
fn a_notice_has_the_level_it_was_given_and_says_what_it_is_about() {
    use steadfast_telemetry::{Notice, NoticeLevel};

    let lines = logged(EventLog::new(), |bench| {
        let speaker = Speaker::watched_by(&bench.telemetry);
        for (level, text) in [
            (NoticeLevel::Info, "applied"),
            (NoticeLevel::Warning, "needs a restart"),
            (NoticeLevel::Error, "not read"),
        ] {
            speaker.notice(Notice::new("reload", "app.toml", level, text));
        }
    });
    let line = |level, text| {
        format!(
            "{level} reload app.toml: {text} | resilience.component=reload \
             resilience.event=notice resilience.name=app.toml"
        )
    };
    assert_eq!(
        texts(&lines),
        [
            line("INFO", "applied"),
            line("WARN", "needs a restart"),
            line("ERROR", "not read"),
        ]
    );
}

#[cfg(all(
    feature = "breaker",
    feature = "retry",
    feature = "pool",
    feature = "health"
))]
#[test]
fn the_patterns_have_their_level_and_fields() {
    use std::time::Duration;

    use steadfast_breaker::CircuitBreaker;
    use steadfast_bulkhead::Bulkhead;
    use steadfast_retry::{Jitter, Retry};

    let lines = logged(EventLog::new(), |bench| {
        let telemetry = &bench.telemetry;
        let builder = CircuitBreaker::builder("payments").failure_threshold(1);
        let breaker = builder.build().unwrap();
        let retry = Retry::builder("stock").max_attempts(2).jitter(Jitter::None);
        let retry = retry
            .base_backoff(Duration::from_millis(1))
            .build()
            .unwrap();
        let bulkhead = Bulkhead::builder("reports")
            .max_concurrent(1)
            .max_waiting(0);
        let bulkhead = bulkhead.build().unwrap();
        telemetry.watch(&breaker);
        telemetry.watch(&retry);
        telemetry.watch(&bulkhead);
        let _ = breaker.call_blocking(|| Err::<(), _>("connection refused"));
        breaker.reset();
        let _ = retry.call_blocking(|_| Err::<(), _>("connection refused"));
        let permit = bulkhead.try_acquire().unwrap();
        assert!(bulkhead.try_acquire().is_err());
        drop(permit);
    });
    let texts: Vec<_> = texts(&lines);
    let expected = [
        "WARN circuit breaker payments: closed -> open (a call failed) | ",
        "INFO circuit breaker payments: open -> closed (",
        "DEBUG retry stock: attempt 1 failed, next in 1ms | ",
        "WARN retry stock: gave up after 2 attempts in ",
        "WARN bulkhead reports is full: 1 running, 0 waiting | ",
    ];
    assert_eq!(texts.len(), expected.len(), "{texts:#?}");
    for (text, expected) in texts.iter().zip(expected) {
        assert!(text.starts_with(expected), "{text}");
    }
    let field = |line: usize, key| lines[line].fields.get(key).map(String::as_str);
    assert_eq!(field(0, "resilience.state"), Some("open"));
    assert_eq!(field(2, "resilience.wait"), Some("0.001"));
    assert_eq!(field(3, "error.type"), Some("exhausted"));
    assert_eq!(field(4, "error.type"), Some("bulkhead_full"));
}

#[test]
fn a_storm_is_logged_in_part_and_what_is_left_out_is_told() {
    let lines = logged(EventLog::new().per_second(1), |bench| {
        let speaker = Speaker::watched_by(&bench.telemetry);
        for _ in 0..500 {
            speaker.say("orders");
        }
    });
    // A second may begin while this runs, so not every line is known, but every event is.
    let skipped = |line: &Line| line.fields.get("skipped").map_or(0, |n| n.parse().unwrap());
    let told: u64 = lines.iter().map(|line| 1 + skipped(line)).sum();
    assert!(lines.len() < 100 && told <= 500, "{}", lines.len());
}

#[test]
fn none_a_second_are_none() {
    let lines = logged(EventLog::new().per_second(0), |bench| {
        Speaker::watched_by(&bench.telemetry).say("orders");
    });
    assert!(texts(&lines).is_empty());
}

#[test]
fn that_a_handler_was_detached_is_an_error() {
    let lines = logged(EventLog::new(), |bench| {
        let bad = |_: &steadfast_telemetry::Event| panic!("boom");
        let telemetry = &bench.telemetry;
        telemetry
            .attach("bad", EventKind::AmqpConnection, bad)
            .unwrap();
        Speaker::watched_by(telemetry).say("orders");
    });
    let texts = texts(&lines);
    assert_eq!(
        texts[1],
        "ERROR event handler bad: detached, it panicked: boom | resilience.event=telemetry \
         resilience.name=bad"
    );
}
