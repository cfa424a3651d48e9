//! A set of breakers evicts one only if nobody uses it and nothing is lost. That nobody does it tells from
//! the number of handles, which is read without any ordering.

use std::sync::Arc;

use super::{Sightings, admitted, brittle, build, join, model, spawn};
use crate::mode::Mode;
use crate::sync::{AtomicU64, Ordering};

/// The counting of an `Arc`, which loom does not see: dropping one is a release, reading it relaxed.
struct Handles(AtomicU64);

impl Handles {
    fn drop_one(&self) {
        self.0.fetch_add(1_u64.wrapping_neg(), Ordering::Release);
    }

    fn only_one(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 1
    }
}

fn handles(count: u64) -> Arc<Handles> {
    Arc::new(Handles(AtomicU64::new(count)))
}

#[test]
fn a_breaker_that_its_last_call_opened_is_kept() {
    static SEEN: Sightings = Sightings::none();
    model(|| {
        let (breaker, handles) = (build(brittle()), handles(2));
        let failing = admitted(&breaker);
        let thread = spawn({
            let handles = Arc::clone(&handles);
            move || {
                failing.failure();
                handles.drop_one();
            }
        });
        let only_one = handles.only_one();
        if only_one {
            assert!(!breaker.is_as_new(), "evicted while open");
        }
        SEEN.add(u32::from(only_one));
        join(thread);
    });
    SEEN.assert_all(0..2);
}

#[test]
fn a_breaker_whose_last_user_set_a_mode_is_kept() {
    static SEEN: Sightings = Sightings::none();
    model(|| {
        let (breaker, handles) = (build(brittle()), handles(2));
        let thread = spawn({
            let (breaker, handles) = (breaker.clone(), Arc::clone(&handles));
            move || {
                breaker.set_mode(Mode::ForcedClosed, "");
                handles.drop_one();
            }
        });
        let only_one = handles.only_one();
        if only_one {
            assert!(!breaker.is_as_new(), "evicted with a mode set");
        }
        SEEN.add(u32::from(only_one));
        join(thread);
    });
    SEEN.assert_all(0..2);
}
