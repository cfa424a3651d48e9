//! Closed, every call a success, by several threads on one breaker; and by one of them alone.

use std::sync::Mutex;
use std::time::Duration;

use failsafe::futures::CircuitBreaker as Async;
use recloser::AsyncRecloser;
use steadfast_benches::Case;
use steadfast_breaker::CircuitBreaker;
use tower::{Service, ServiceExt};

use super::super::answers::{OneInTen, answer};
use super::super::ours;
use super::super::together::together;
use super::peers;

pub(super) fn cases() -> Vec<Case> {
    vec![
        consecutive("breaker_ok_2_threads", 2),
        consecutive("breaker_ok_8_threads", 8),
        window("breaker_window_2_threads", 2),
        window("breaker_window_8_threads", 8),
        failing(),
    ]
}

/// Five failures in a row would open it.
fn consecutive(name: &'static str, threads: usize) -> Case {
    let case = Case::new(name, ours(threads, ours::consecutive()));
    let case = case.beside("ours_1_thread", ours(1, ours::consecutive()));
    beside_peers(case, threads)
}

/// Half of the last 100 would open it.
fn window(name: &'static str, threads: usize) -> Case {
    let case = Case::new(name, ours(threads, ours::counting(100)));
    let case = case.beside("ours_1_thread", ours(1, ours::counting(100)));
    let tower = Mutex::new(peers::tower_resilience(peers::counting(100)));
    let tower = together(
        threads,
        move || {
            let mut tower = tower.lock().expect("no clone panics").clone();
            async move || tower.ready().await?.call(Ok(1)).await
        },
        Result::is_ok,
    );
    beside_peers(case, threads).beside("tower_resilience", tower)
}

/// Two threads, and of the calls of each one in ten fails.
fn failing() -> Case {
    const THREADS: usize = 2;
    let breaker = ours::counting(100);
    let ours = together(
        THREADS,
        move || {
            let (breaker, mut some) = (breaker.clone(), OneInTen::default());
            async move || breaker.call(|| some.work()).await
        },
        |answer| !ours::is_rejected(answer),
    );
    let failsafe = peers::failsafe();
    let failsafe = together(
        THREADS,
        move || {
            let (failsafe, mut some) = (failsafe.clone(), OneInTen::default());
            async move || Async::call(&failsafe, some.work()).await
        },
        |answer| !peers::is_failsafes(answer),
    );
    let recloser = AsyncRecloser::from(peers::recloser(100));
    let recloser = together(
        THREADS,
        move || {
            let (recloser, mut some) = (recloser.clone(), OneInTen::default());
            async move || recloser.call(some.work()).await
        },
        |answer| !peers::is_reclosers(answer),
    );
    Case::new("breaker_window_2_threads_failing", ours)
        .with_turns_longer(3)
        .beside("failsafe", failsafe)
        .beside("recloser", recloser)
}

fn ours(threads: usize, breaker: CircuitBreaker) -> impl FnMut(u64) -> Duration {
    together(
        threads,
        move || {
            let breaker = breaker.clone();
            async move || breaker.call(|| answer(1)).await
        },
        Result::is_ok,
    )
}

/// Beside failsafe with its consecutive rule and recloser with its 100 calls. Turns are long enough
/// for the threads to be taken off their cores now and then where there are more of them.
fn beside_peers(case: Case, threads: usize) -> Case {
    let (failsafe, recloser) = (peers::failsafe(), AsyncRecloser::from(peers::recloser(100)));
    let failsafe = together(
        threads,
        move || {
            let failsafe = failsafe.clone();
            async move || Async::call(&failsafe, answer(1)).await
        },
        Result::is_ok,
    );
    let recloser = together(
        threads,
        move || {
            let recloser = recloser.clone();
            async move || recloser.call(answer(1)).await
        },
        Result::is_ok,
    );
    case.with_turns_longer(if threads > 2 { 20 } else { 3 })
        .beside("failsafe", failsafe)
        .beside("recloser", recloser)
}
