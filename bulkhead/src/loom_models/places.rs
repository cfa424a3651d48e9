//! Places that are free, taken and given back.

use super::*;

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
        let drainer = Drainer::new(&gate);
        let drained = drainer.is_done(&waker);
        returns.join().unwrap();
        assert!(drained || bell.0.load(Ordering::Acquire));
        assert!(drainer.is_done(&waker));
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
fn loom_a_door_that_becomes_watched_loses_no_place() {
    struct Everything;
    impl crate::observer::Observer for Everything {
        fn wants_every_call(&self) -> bool {
            true
        }
    }
    loom::model(|| {
        let gate = gate(1, 0);
        let comes_and_goes = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || {
                if gate.try_enter(1).is_ok() {
                    gate.release(1, Since::UNKNOWN);
                }
            })
        };
        gate.observe(StdArc::new(Everything));
        if gate.try_enter(1).is_ok() {
            gate.release(1, Since::UNKNOWN);
        }
        comes_and_goes.join().unwrap();
        assert_idle(&gate);
    });
}
