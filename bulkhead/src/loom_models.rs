//! Models of the door and of the line behind it: loom runs each of them through every order in which its
//! threads can take turns. Run by
//! `RUSTFLAGS="--cfg steadfast_loom" cargo test --release --lib -p steadfast-bulkhead --no-default-features loom`.
//!
//! All threads of a model are one thread of the system. What is kept in the standard library (the counts of
//! an `Arc`, the observers, the counters, which decide nothing) is known to all of them at once.
//!
//! Every model has been seen to fail. Whoever changes what is modelled may want to break it again:
//!
//! | broken | noticed in |
//! |---|---|
//! | room looked at and taken in two steps | `a_place_is_held_by_one_at_a_time` |
//! | taking a place without Acquire, giving it back without Release | `what_was_done_in_a_place_is_seen_by_the_next` |
//! | giving back that looks for waiters first; a hold that comes after the look at the room | `a_place_that_comes_back_is_not_lost_on_a_new_waiter` |
//! | taking a place although somebody waits | `nobody_overtakes_the_line` |
//! | a place that was handed over and not picked up is freed without serving | `a_waiter_that_leaves_passes_its_place_on` |
//! | closing without the lock of the line | `nobody_waits_at_a_closed_door` |
//! | the last place looked at before the flag is set | `the_last_place_that_comes_back_is_noticed` |

use std::sync::Arc as StdArc;
use std::task::{Poll, Wake, Waker};
use std::time::Duration;

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use crate::config::Config;
use crate::error::Reason;
use crate::gate::Gate;
use crate::observer::Observers;
use crate::state::Spot;

fn gate(places: usize, max_waiting: usize) -> Arc<Gate> {
    let config = Config {
        max_concurrent: places,
        max_waiting,
        checkout_timeout: Duration::from_secs(1),
        ..Config::default()
    };
    Arc::new(Gate::new("model".into(), config, Observers::default()))
}

/// A waker that notes that it was used.
struct Bell(AtomicBool);

impl Wake for Bell {
    fn wake(self: StdArc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

fn bell() -> (StdArc<Bell>, Waker) {
    let bell = StdArc::new(Bell(AtomicBool::new(false)));
    (StdArc::clone(&bell), Waker::from(bell))
}

fn poll(gate: &Gate, spot: &Spot, waker: &Waker) -> Poll<Result<(), Reason>> {
    gate.poll(spot.key, waker, Duration::ZERO)
}

fn assert_idle(gate: &Gate) {
    let snapshot = gate.snapshot();
    assert_eq!((snapshot.busy, snapshot.waiting), (0, 0));
    gate.try_enter(1).unwrap();
    gate.release(1, Since::UNKNOWN);
}

#[test]
fn loom_a_place_is_held_by_one_at_a_time() {
    loom::model(|| {
        let gate = gate(1, 0);
        let inside = Arc::new(AtomicBool::new(false));
        let callers: Vec<_> = (0..2)
            .map(|_| {
                let (gate, inside) = (Arc::clone(&gate), Arc::clone(&inside));
                thread::spawn(move || {
                    if gate.try_enter(1).is_ok() {
                        assert!(!inside.swap(true, Ordering::Relaxed), "two at a time");
                        inside.store(false, Ordering::Relaxed);
                        gate.release(1, Since::UNKNOWN);
                    }
                })
            })
            .collect();
        for caller in callers {
            caller.join().unwrap();
        }
        assert_eq!(gate.snapshot().peak_busy, 1);
        assert_idle(&gate);
    });
}

#[test]
fn loom_what_was_done_in_a_place_is_seen_by_the_next() {
    loom::model(|| {
        let gate = gate(1, 0);
        let work = Arc::new(UnsafeCell::new(0));
        let caller = {
            let (gate, work) = (Arc::clone(&gate), Arc::clone(&work));
            thread::spawn(move || {
                if gate.try_enter(1).is_ok() {
                    work.with_mut(|_| ());
                    gate.release(1, Since::UNKNOWN);
                }
            })
        };
        if gate.try_enter(1).is_ok() {
            work.with_mut(|_| ());
            gate.release(1, Since::UNKNOWN);
        }
        caller.join().unwrap();
    });
}

#[test]
fn loom_a_place_that_comes_back_is_not_lost_on_a_new_waiter() {
    loom::model(|| {
        let gate = gate(1, 1);
        gate.try_enter(1).unwrap();
        let returns = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || gate.release(1, Since::UNKNOWN))
        };
        if let Some(spot) = gate.enter(1).unwrap() {
            let (bell, waker) = bell();
            let first = poll(&gate, &spot, &waker);
            returns.join().unwrap();
            if first.is_pending() {
                assert!(bell.0.load(Ordering::Acquire), "it was not woken");
                assert!(poll(&gate, &spot, &waker).is_ready());
            }
        } else {
            returns.join().unwrap();
        }
        assert_eq!(gate.snapshot().busy, 1);
        gate.release(1, Since::UNKNOWN);
        assert_idle(&gate);
    });
}

#[test]
fn loom_nobody_overtakes_the_line() {
    loom::model(|| {
        let gate = gate(1, 1);
        gate.try_enter(1).unwrap();
        let spot = gate.enter(1).unwrap().unwrap();
        let newcomer = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || gate.try_enter(1).is_ok())
        };
        gate.release(1, Since::UNKNOWN);
        assert!(!newcomer.join().unwrap());
        let (_bell, waker) = bell();
        assert!(poll(&gate, &spot, &waker).is_ready());
        gate.release(1, Since::UNKNOWN);
        assert_idle(&gate);
    });
}

#[test]
fn loom_a_waiter_that_leaves_passes_its_place_on() {
    loom::model(|| {
        let gate = gate(1, 2);
        gate.try_enter(1).unwrap();
        let leaves = gate.enter(1).unwrap().unwrap();
        let stays = gate.enter(1).unwrap().unwrap();
        let returns = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || gate.release(1, Since::UNKNOWN))
        };
        gate.abandon(leaves.key);
        returns.join().unwrap();
        let (_bell, waker) = bell();
        assert!(poll(&gate, &stays, &waker).is_ready());
        gate.release(1, Since::UNKNOWN);
        assert_idle(&gate);
    });
}

#[test]
fn loom_nobody_waits_at_a_closed_door() {
    loom::model(|| {
        let gate = gate(1, 1);
        gate.try_enter(1).unwrap();
        let closes = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || gate.close())
        };
        let entered = gate.enter(1);
        closes.join().unwrap();
        match entered {
            Ok(Some(spot)) => {
                let (_bell, waker) = bell();
                let polled = poll(&gate, &spot, &waker);
                assert_eq!(polled, Poll::Ready(Err(Reason::Closed)));
            }
            Ok(None) => panic!("there was no place"),
            Err(rejected) => assert_eq!(rejected.reason(), Reason::Closed),
        }
        gate.release(1, Since::UNKNOWN);
        let snapshot = gate.snapshot();
        assert_eq!((snapshot.busy, snapshot.waiting), (0, 0));
    });
}

#[test]
fn loom_the_last_place_that_comes_back_is_noticed() {
    loom::model(|| {
        let gate = gate(2, 0);
        gate.try_enter(2).unwrap();
        gate.close();
        let returns = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || {
                gate.release(1, Since::UNKNOWN);
                gate.release(1, Since::UNKNOWN);
            })
        };
        let (bell, waker) = bell();
        let drained = gate.drained(&waker);
        returns.join().unwrap();
        assert!(drained || bell.0.load(Ordering::Acquire));
        assert!(gate.drained(&waker));
    });
}

#[test]
fn loom_a_resize_in_the_middle_loses_no_place() {
    loom::model(|| {
        let gate = gate(2, 0);
        let comes_and_goes = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || {
                if gate.try_enter(2).is_ok() {
                    gate.release(2, Since::UNKNOWN);
                }
            })
        };
        gate.resize(1);
        assert!(gate.try_enter(2).is_err());
        comes_and_goes.join().unwrap();
        assert_eq!(gate.snapshot().max_concurrent, 1);
        assert_idle(&gate);
    });
}

#[test]
fn loom_more_places_reach_a_waiter_that_comes_meanwhile() {
    loom::model(|| {
        let gate = gate(1, 1);
        gate.try_enter(1).unwrap();
        let grows = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || gate.resize(2))
        };
        let entered = gate.enter(1).unwrap();
        grows.join().unwrap();
        if let Some(spot) = entered {
            let (_bell, waker) = bell();
            assert!(poll(&gate, &spot, &waker).is_ready());
        }
        assert_eq!(gate.snapshot().busy, 2);
    });
}
