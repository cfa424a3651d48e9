//! The state machine against what its history says it should be.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::{Event, Link};
use crate::clock;
use crate::close::CloseReport;
use crate::endpoint::test_address;
use crate::error::{AmqpError, RefusedKind};
use crate::state::ConnectionState;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Begin,
    Fail,
    Refuse,
    Connect,
    Lose,
    Plan,
    Block,
    Unblock,
    Drain,
    Close,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let common = [
        Step::Begin,
        Step::Fail,
        Step::Refuse,
        Step::Connect,
        Step::Lose,
        Step::Plan,
        Step::Block,
        Step::Unblock,
    ];
    let rare = [Step::Drain, Step::Close];
    let step = prop_oneof![
        20 => prop::sample::select(common.to_vec()),
        1 => prop::sample::select(rare.to_vec()),
    ];
    prop::collection::vec(step, 0..80)
}

/// The supervisor tries only while the connection is down, and loses it only while it is up.
fn may_happen(step: Step, history: &[Step]) -> bool {
    let up = is_up(history);
    match step {
        Step::Begin => !up && !trying(history) && !ending(history),
        Step::Fail | Step::Refuse | Step::Connect => trying(history) && !ending(history),
        Step::Lose | Step::Block | Step::Unblock => up,
        Step::Plan => !up,
        Step::Drain | Step::Close => true,
    }
}

fn ending(history: &[Step]) -> bool {
    history
        .iter()
        .any(|step| matches!(step, Step::Drain | Step::Close))
}

fn closed(history: &[Step]) -> bool {
    history.contains(&Step::Close)
}

fn trying(history: &[Step]) -> bool {
    let attempt = |step: &&Step| !matches!(step, Step::Plan | Step::Drain);
    history.iter().rev().find(attempt) == Some(&Step::Begin)
}

fn is_up(history: &[Step]) -> bool {
    let change = |step: &&Step| matches!(step, Step::Connect | Step::Lose | Step::Close);
    history.iter().rev().find(change) == Some(&Step::Connect)
}

fn count(history: &[Step], of: Step) -> u64 {
    history.iter().filter(|step| **step == of).count() as u64
}

/// The name that the state should have, by history alone.
fn expected_state(history: &[Step]) -> &'static str {
    if closed(history) {
        return "closed";
    }
    if ending(history) {
        return "draining";
    }
    let telling = |step: &&Step| **step != Step::Plan;
    match history.iter().rev().find(telling) {
        None | Some(Step::Fail | Step::Lose) => "disconnected",
        Some(Step::Begin) => "connecting",
        Some(Step::Refuse) => "refused",
        Some(Step::Connect | Step::Unblock) => "connected",
        Some(Step::Block) => "blocked",
        Some(Step::Plan | Step::Drain | Step::Close) => unreachable!("left out or handled above"),
    }
}

fn event(step: Step, link: &Link<u64>, now: Instant) -> Event<u64> {
    let error = |error| Arc::new(error);
    match step {
        Step::Begin => began(),
        Step::Fail => Event::AttemptFailed {
            error: error(AmqpError::ChannelLimit),
        },
        Step::Refuse => Event::AttemptFailed {
            error: error(AmqpError::Refused {
                endpoint: test_address("amqp://broker").endpoint,
                kind: RefusedKind::Auth,
                source: lapin::ErrorKind::FutureCompleted.into(),
                others: [].into(),
            }),
        },
        Step::Connect => Event::Connected {
            session: Arc::new(link.next_epoch().number()),
            topology: None,
        },
        Step::Lose => Event::Lost {
            error: error(AmqpError::Closed),
        },
        Step::Plan => Event::RetryPlanned {
            at: now + Duration::from_secs(1),
        },
        Step::Block => Event::Blocked {
            reason: "alarm".to_owned(),
        },
        Step::Unblock => Event::Unblocked,
        Step::Drain => Event::Draining,
        Step::Close => Event::Closed {
            report: CloseReport::new(true, 0),
        },
    }
}

fn began<S>() -> Event<S> {
    Event::AttemptBegan {
        attempt: 1,
        endpoint: None,
    }
}

proptest! {
    #[test]
    fn the_link_is_what_its_history_says(steps in steps()) {
        let start = clock::now();
        let mut link = Link::new(None, start);
        let mut history = Vec::new();
        let mut ended = Vec::new();
        for (second, step) in (1..).zip(steps) {
            if !may_happen(step, &history) {
                continue;
            }
            let now = start + Duration::from_secs(second);
            let before = link.state().clone();
            let applied = link.apply(event(step, &link, now), now);
            if !closed(&history) {
                history.push(step);
            }

            prop_assert_eq!(link.state().name(), expected_state(&history));
            prop_assert_eq!(applied.from.is_some(), before != *link.state());
            if let Some(from) = applied.from {
                prop_assert_eq!(from, before);
                prop_assert_eq!(link.in_state_for(now), Duration::ZERO);
            }
            ended.extend(applied.ended.map(|session| *session));

            let up = is_up(&history);
            prop_assert_eq!(link.session().is_some(), up);
            if up {
                prop_assert_eq!(link.down_for(now), Duration::ZERO);
            } else if step == Step::Plan {
                prop_assert!(link.down_for(now) > Duration::ZERO);
            }
            let connects = count(&history, Step::Connect);
            prop_assert_eq!(link.next_epoch().number(), connects + 1);
            if let Some(epoch) = link.state().epoch() {
                prop_assert_eq!(epoch.number(), connects);
                prop_assert_eq!(link.session().map(|session| **session), Some(connects));
            }
            // Each session ends once, in the order in which they came.
            let over: Vec<u64> = (1..=connects - u64::from(up)).collect();
            prop_assert_eq!(&ended, &over);
            prop_assert_eq!(link.report().is_some(), closed(&history));

            let totals = link.totals();
            prop_assert_eq!(totals.attempts, count(&history, Step::Begin));
            prop_assert_eq!(totals.connected, connects);
            prop_assert_eq!(totals.refused, count(&history, Step::Refuse));
            prop_assert_eq!(totals.failed, count(&history, Step::Fail) + totals.refused);
            prop_assert_eq!(totals.lost, count(&history, Step::Lose));
        }
    }
}

#[test]
fn a_refusal_names_what_was_objected_to() {
    let now = clock::now();
    let mut link = Link::new(None, now);
    link.apply(began(), now);
    link.apply(event(Step::Refuse, &link, now), now);
    let kind = RefusedKind::Auth;
    assert_eq!(*link.state(), ConnectionState::Refused { kind });
}

#[test]
fn a_planned_attempt_is_forgotten_once_it_begins() {
    let now = clock::now();
    let mut link: Link<u64> = Link::new(None, now);
    let at = now + Duration::from_secs(3);
    link.apply(Event::RetryPlanned { at }, now);
    assert_eq!(link.retry_in(now), Some(Duration::from_secs(3)));
    link.apply(began(), now);
    assert_eq!(link.retry_in(now), None);
}

#[test]
fn the_endpoint_is_that_of_the_last_thing_tried() {
    let now = clock::now();
    let [a, b] = ["amqp://a", "amqp://b"].map(|uri| test_address(uri).endpoint);
    let mut link: Link<u64> = Link::new(None, now);
    assert_eq!(link.endpoint(), None);
    link.apply(began(), now);
    assert_eq!(link.endpoint(), None, "a resolver is asked");
    link.apply(
        Event::Dialing {
            endpoint: a.clone(),
        },
        now,
    );
    link.apply(event(Step::Fail, &link, now), now);
    assert_eq!(link.endpoint(), Some(&a));
    let endpoint = Some(b.clone());
    link.apply(
        Event::AttemptBegan {
            attempt: 2,
            endpoint,
        },
        now,
    );
    assert_eq!(link.endpoint(), Some(&b));
    link.apply(event(Step::Connect, &link, now), now);
    link.apply(event(Step::Lose, &link, now), now);
    assert_eq!(link.endpoint(), Some(&b));
}

#[test]
fn a_secret_is_known_for_as_long_as_its_connection_is_up() {
    let now = clock::now();
    let until = |seconds| Some(now + Duration::from_secs(seconds));
    let mut link: Link<u64> = Link::new(None, now);
    link.apply(began(), now);
    link.apply(
        Event::Dialed {
            secret_until: until(5),
        },
        now,
    );
    link.apply(event(Step::Connect, &link, now), now);
    assert_eq!(link.secret_expires_in(now), Some(Duration::from_secs(5)));
    let error = Arc::new(AmqpError::ChannelLimit);
    link.apply(Event::RefreshFailed { error }, now);
    assert!(link.secret_error().is_some());
    link.apply(
        Event::SecretRefreshed {
            secret_until: until(9),
        },
        now,
    );
    assert!(link.secret_error().is_none());
    assert_eq!(link.secret_expires_in(now), Some(Duration::from_secs(9)));
    let totals = link.totals();
    assert_eq!((totals.secrets_refreshed, totals.refreshes_failed), (1, 1));
    link.apply(event(Step::Lose, &link, now), now);
    assert_eq!(link.secret_expires_in(now), None);
}

#[test]
fn a_secret_is_forgotten_with_an_attempt_that_failed_after_its_handshake_and_with_the_end() {
    let now = clock::now();
    let known =
        |link: &Link<u64>| link.secret_expires_in(now).is_some() || link.secret_error().is_some();
    for end in [Step::Fail, Step::Close] {
        let mut link: Link<u64> = Link::new(None, now);
        link.apply(began(), now);
        let secret_until = Some(now + Duration::from_secs(5));
        link.apply(Event::Dialed { secret_until }, now);
        let error = Arc::new(AmqpError::ChannelLimit);
        link.apply(Event::RefreshFailed { error }, now);
        assert!(known(&link));
        link.apply(event(end, &link, now), now);
        assert!(!known(&link), "{end:?}");
    }
}

#[test]
fn an_alarm_counts_once_however_often_it_is_told() {
    let now = clock::now();
    let mut link: Link<u64> = Link::new(None, now);
    link.apply(began(), now);
    link.apply(event(Step::Connect, &link, now), now);
    for (reason, blocked) in [("memory", 1), ("memory", 1), ("disk", 1)] {
        let reason = reason.to_owned();
        link.apply(Event::Blocked { reason }, now);
        assert_eq!(link.totals().blocked, blocked);
    }
    link.apply(Event::Unblocked, now);
    link.apply(event(Step::Block, &link, now), now);
    assert_eq!(link.totals().blocked, 2);
}
