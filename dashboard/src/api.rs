//! What can be asked for once.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, RawQuery, Request, State};
use axum::http::header::ALLOW;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use steadfast_health::{Details, Endpoints, Probe};
use steadfast_telemetry::{History, Notes, PROMETHEUS_CONTENT_TYPE, ValueSnapshot};

use crate::hub::{Entry, Hub, Since};
use crate::reply;
use crate::view::series::{BY_SECOND, BY_TEN_SECONDS, Lines};
use crate::view::{Row, id_of};

/// Seconds that one point of a sparkline stands for.
const STEP: usize = 5;

/// Points of a sparkline.
const POINTS: usize = History::SECONDS / STEP;

/// Entries of the log that are sent unless another number is asked for.
const ENTRIES: usize = 200;

/// `GET api/snapshot`
pub(crate) async fn snapshot(State(hub): State<Arc<Hub>>) -> Response {
    if hub.refresh().await.is_none() {
        return reply::gone();
    }
    reply::json(StatusCode::OK, &hub.snapshot())
}

/// `GET api/history`
pub(crate) async fn history(State(hub): State<Arc<Hub>>) -> Response {
    #[derive(Serialize)]
    struct Sparklines {
        at: u64,
        step_seconds: usize,
        points: usize,
        series: BTreeMap<String, Lines>,
    }
    let Some(telemetry) = hub.telemetry() else {
        return reply::gone();
    };
    let history = telemetry.history();
    let lines = history.components.iter().map(|component| {
        let id = &component.id;
        let lines = Lines::sparkline(component, POINTS, STEP);
        (id_of(&id.kind, &id.name, id.instance), lines)
    });
    let sparklines = Sparklines {
        at: crate::clock::millis(history.at),
        step_seconds: STEP,
        points: POINTS,
        series: lines.filter(|(_, lines)| !lines.is_empty()).collect(),
    };
    reply::json(StatusCode::OK, &sparklines)
}

/// `GET api/events?after=SEQ&limit=N`
pub(crate) async fn events(State(hub): State<Arc<Hub>>, RawQuery(query): RawQuery) -> Response {
    #[derive(Serialize)]
    struct Events {
        events: Vec<Arc<Entry>>,
        missed: u64,
    }
    let query = query.unwrap_or_default();
    let (after, limit) = match (number(&query, "after"), number(&query, "limit")) {
        (Ok(after), Ok(limit)) => (after, limit),
        (Err(error), _) | (_, Err(error)) => return reply::error(StatusCode::BAD_REQUEST, &error),
    };
    let limit = limit.map_or(ENTRIES, |limit| {
        usize::try_from(limit).unwrap_or(usize::MAX)
    });
    let Since { entries, missed } = match after {
        Some(after) => hub.entries_since(after, limit),
        None => Since {
            entries: hub.latest(limit),
            missed: 0,
        },
    };
    let events = Events {
        events: entries,
        missed,
    };
    reply::json(StatusCode::OK, &events)
}

/// A whole number of the query; `Err` says what is wrong with it.
fn number(query: &str, key: &str) -> Result<Option<u64>, String> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let Some((_, value)) = pairs.find(|(name, _)| *name == key) else {
        return Ok(None);
    };
    let number = value.parse();
    number
        .map(Some)
        .map_err(|_| format!("{key} must be a whole number from 0 on"))
}

/// `GET api/components/NAME`
pub(crate) async fn components(
    State(hub): State<Arc<Hub>>,
    params: Result<RawPathParams, RawPathParamsRejection>,
) -> Response {
    #[derive(Serialize)]
    struct Components {
        components: Vec<Component>,
        events: Vec<Arc<Entry>>,
    }
    #[derive(Serialize)]
    struct Component {
        #[serde(flatten)]
        row: Arc<Row>,
        values: Vec<ValueSnapshot>,
        notes: Notes,
        history: Past,
    }
    #[derive(Serialize, Default)]
    struct Past {
        seconds: Lines,
        ten_seconds: Lines,
    }
    let Ok(params) = params else {
        let text = "the name is no UTF-8 once its percent signs are decoded";
        return reply::error(StatusCode::BAD_REQUEST, text);
    };
    if hub.refresh().await.is_none() {
        return reply::gone();
    }
    let Some(telemetry) = hub.telemetry() else {
        return reply::gone();
    };
    let name = own(&params);
    let rows = hub.rows_of(name);
    if rows.is_empty() {
        return reply::error(StatusCode::NOT_FOUND, "no component has this name");
    }
    let mut read = telemetry.components_named(name);
    let ids: Vec<_> = read.iter().map(|component| component.id.clone()).collect();
    let history = telemetry.history_of(&ids);
    let components = rows.into_iter().map(|row| {
        let same = |kind: &str, instance| *kind == *row.kind && instance == row.instance;
        let place = read
            .iter()
            .position(|one| same(&one.id.kind, one.id.instance));
        let (values, notes) = place.map_or_else(Default::default, |place| {
            let component = read.swap_remove(place);
            (component.values, component.notes)
        });
        let mut past = history.components.iter();
        let past = past.find(|one| same(&one.id.kind, one.id.instance));
        let history = past.map_or_else(Past::default, |past| Past {
            seconds: Lines::all(past, BY_SECOND, 1.0),
            ten_seconds: Lines::all(past, BY_TEN_SECONDS, 10.0),
        });
        Component {
            row,
            values,
            notes,
            history,
        }
    });
    let components = Components {
        components: components.collect(),
        events: hub.entries_of(name),
    };
    reply::json(StatusCode::OK, &components)
}

/// The parameter of a route of the dashboard: the last one, after those of the path that it is mounted at.
pub(crate) fn own(params: &RawPathParams) -> &str {
    params.iter().last().map_or("", |(_, value)| value)
}

/// `GET metrics`
pub(crate) async fn metrics(State(hub): State<Arc<Hub>>) -> Response {
    let Some(telemetry) = hub.telemetry() else {
        return reply::gone();
    };
    let text = telemetry.export_prometheus_metrics();
    reply::of(StatusCode::OK, PROMETHEUS_CONTENT_TYPE, text)
}

/// `GET health`, `health/live`, `health/ready`, `health/startup`; `?verbose` tells everything.
pub(crate) async fn health(State(hub): State<Arc<Hub>>, request: Request) -> Response {
    let Some(monitor) = &hub.monitor else {
        return reply::error(
            StatusCode::NOT_FOUND,
            "this dashboard has no health monitor",
        );
    };
    let paths = [
        ("/health", Probe::Readiness),
        ("/health/ready", Probe::Readiness),
        ("/health/live", Probe::Liveness),
        ("/health/startup", Probe::Startup),
    ];
    let endpoints = Endpoints::new(monitor).paths(paths);
    let response = endpoints.details(Details::OnRequest).respond(&request);
    response.map(Body::from).into_response()
}

/// Any method of `api/control` without controls.
pub(crate) async fn no_controls() -> Response {
    reply::error(
        StatusCode::NOT_FOUND,
        "controls are off: `Builder::controls` turns them on",
    )
}

/// Any method of `api/control` but the one that it has.
pub(crate) async fn post_only() -> Response {
    let mut response = reply::error(StatusCode::METHOD_NOT_ALLOWED, "controls take POST only");
    let headers = response.headers_mut();
    headers.insert(ALLOW, HeaderValue::from_static("POST"));
    response
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn a_number_is_found_whatever_is_around_it() {
        assert_eq!(number("", "after"), Ok(None));
        assert_eq!(number("limit=5&after=12&x", "after"), Ok(Some(12)));
        assert_eq!(number("afterwards=1", "after"), Ok(None));
        for bad in ["after=", "after=-1", "after=1.5", "after=%31"] {
            let error = number(bad, "after").unwrap_err();
            assert_eq!(error, "after must be a whole number from 0 on", "{bad}");
        }
    }
}
