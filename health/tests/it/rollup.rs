//! The roll-up against the rule table, written out naively.

use proptest::prelude::*;
use steadfast_health::Importance::{self, Optional, Required};
use steadfast_health::Status::{self, Degraded, Healthy, Unhealthy, Unknown};
use steadfast_health::{Check, Report};

use crate::support::{outcome, steady};

#[derive(Debug, Clone, Copy)]
struct Part {
    status: Status,
    importance: Importance,
    liveness: bool,
}

fn part(status: Status, importance: Importance) -> Part {
    Part {
        status,
        importance,
        liveness: false,
    }
}

fn report(parts: &[Part]) -> Report {
    let monitor = steady();
    for (i, part) in parts.iter().copied().enumerate() {
        let check = Check::new(i.to_string(), move || async move { outcome(part.status) })
            .liveness(part.liveness);
        let check = match part.importance {
            Required => check.required(),
            Optional => check.optional(),
        };
        monitor.register(check).unwrap();
    }
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(monitor.check_now())
}

#[test]
fn one_component_contributes_what_the_table_says() {
    for (status, required, optional) in [
        (Healthy, Healthy, Healthy),
        (Degraded, Degraded, Degraded),
        (Unknown, Unknown, Degraded),
        (Unhealthy, Unhealthy, Degraded),
    ] {
        assert_eq!(report(&[part(status, Required)]).readiness, required);
        assert_eq!(report(&[part(status, Optional)]).readiness, optional);
    }
}

#[test]
fn the_worst_contribution_wins() {
    let ranked = [Healthy, Degraded, Unknown, Unhealthy];
    for (i, better) in ranked.into_iter().enumerate() {
        for worse in ranked.into_iter().skip(i) {
            let parts = [part(worse, Required), part(better, Required)];
            assert_eq!(report(&parts).readiness, worse);
        }
    }
}

#[test]
fn nothing_to_check_is_healthy() {
    let report = report(&[]);
    assert_eq!((report.liveness, report.readiness), (Healthy, Healthy));
}

#[test]
fn liveness_looks_only_at_what_was_registered_for_it() {
    let mut parts = [part(Unhealthy, Required), part(Degraded, Required)];
    assert_eq!(report(&parts).liveness, Healthy);
    parts[1].liveness = true;
    let report = report(&parts);
    assert_eq!((report.liveness, report.readiness), (Degraded, Unhealthy));
}

#[test]
fn http_statuses_follow_the_table() {
    for (status, ready, alive) in [
        (Healthy, 200, 200),
        (Degraded, 200, 200),
        (Unknown, 503, 200),
        (Unhealthy, 503, 503),
    ] {
        let mut part = part(status, Required);
        part.liveness = true;
        let report = report(&[part]);
        assert_eq!(report.http_status(), ready, "{status}");
        assert_eq!(report.liveness_http_status(), alive, "{status}");
    }
}

/// The rules as sentences, one after the other.
fn model(parts: &[Part]) -> Status {
    let any = |importance: Option<Importance>, status: Status| {
        parts.iter().any(|part| {
            part.status == status && importance.is_none_or(|wanted| part.importance == wanted)
        })
    };
    if any(Some(Required), Unhealthy) {
        Unhealthy
    } else if any(Some(Required), Unknown) {
        Unknown
    } else if any(None, Degraded) || any(Some(Optional), Unhealthy) || any(Some(Optional), Unknown)
    {
        Degraded
    } else {
        Healthy
    }
}

fn any_part() -> impl Strategy<Value = Part> {
    (
        prop_oneof![4 => Just(Healthy), 1 => Just(Degraded), 1 => Just(Unhealthy), 1 => Just(Unknown)],
        prop_oneof![Just(Required), Just(Optional)],
        any::<bool>(),
    )
        .prop_map(|(status, importance, liveness)| Part {
            status,
            importance,
            liveness,
        })
}

proptest! {
    #[test]
    fn agrees_with_the_model(parts in prop::collection::vec(any_part(), 0..8)) {
        let report = report(&parts);
        let vital: Vec<_> = parts.iter().copied().filter(|part| part.liveness).collect();
        prop_assert_eq!(report.readiness, model(&parts));
        prop_assert_eq!(report.liveness, model(&vital));
        prop_assert_eq!(report.status, report.readiness);
    }
}
