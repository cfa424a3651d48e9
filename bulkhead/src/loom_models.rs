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
//! | newcomers held up before it is known that there is no room | `one_who_finds_room_after_all_turns_nobody_away_meanwhile` |
//! | newcomers let in before the last in line is served | `nobody_overtakes_the_line` |
//! | a place that was handed over and not picked up is freed without serving | `a_waiter_that_leaves_passes_its_place_on` |
//! | closing without the lock of the line | `nobody_waits_at_a_closed_door` |
//! | a waiter in line before its waker is | `a_waker_that_was_brought_along_is_used` |
//! | a displaced waiter that is still in line | `who_is_displaced_leaves_the_place_to_the_others` |
//! | a place taken by a step that forgets the flag | `a_door_that_becomes_watched_loses_no_place` |
//! | the last place looked at before the flag is set | `the_last_place_that_comes_back_is_noticed` |

mod line;
mod places;

use std::sync::Arc as StdArc;
use std::task::{Poll, Wake, Waker};
use std::time::Duration;

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use crate::config::Config;
use crate::gate::{Drainer, Entered, Gate};
use crate::holds::Since;
use crate::observers::Observers;
use crate::priority::Priority;
use crate::queue::Wanted;
use crate::rejected::{Reason, Refusals, Rejected};
use crate::slot;
use crate::state::Spot;

fn gate(places: usize, max_waiting: usize) -> Arc<Gate> {
    // The first refusal of a thread without a number goes another way: all runs have to be alike.
    slot::current();
    let config = Config {
        max_concurrent: places,
        max_waiting,
        checkout_timeout: Duration::from_secs(1),
        ..Config::default()
    };
    let refusals = Refusals::new("model".into(), None);
    Arc::new(Gate::new(refusals, config, Observers::default()))
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
    gate.poll(spot.key, waker)
}

/// In, in line, or refused.
fn enter(gate: &Gate) -> Result<Option<Spot>, Rejected> {
    enter_as(gate, Priority::Normal, None)
}

fn enter_as(
    gate: &Gate,
    priority: Priority,
    waker: Option<&Waker>,
) -> Result<Option<Spot>, Rejected> {
    gate.enter(Wanted::one(priority), waker)
        .map(|entered| match entered {
            Entered::In(_) => None,
            Entered::Waits(spot) => Some(spot),
        })
}

fn assert_idle(gate: &Gate) {
    let snapshot = gate.snapshot();
    assert_eq!((snapshot.busy, snapshot.waiting), (0, 0));
    gate.try_enter(1).unwrap();
    gate.release(1, Since::UNKNOWN);
}
