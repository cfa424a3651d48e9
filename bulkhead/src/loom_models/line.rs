//! Those in line: nobody is passed over, forgotten, or served twice.

use super::*;

#[test]
fn loom_a_place_that_comes_back_is_not_lost_on_a_new_waiter() {
    loom::model(|| {
        let gate = gate(1, 1);
        gate.try_enter(1).unwrap();
        let returns = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || gate.release(1, Since::UNKNOWN))
        };
        if let Some(spot) = enter(&gate).unwrap() {
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
        let gate = gate(1, 2);
        gate.try_enter(1).unwrap();
        let [first, second] = [(); 2].map(|()| enter(&gate).unwrap().unwrap());
        let newcomer = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || gate.try_enter(1).is_ok())
        };
        gate.release(1, Since::UNKNOWN);
        assert!(!newcomer.join().unwrap());
        let (_bell, waker) = bell();
        for spot in [first, second] {
            assert!(poll(&gate, &spot, &waker).is_ready());
            gate.release(1, Since::UNKNOWN);
        }
        assert_idle(&gate);
    });
}

#[test]
fn loom_one_who_finds_room_after_all_turns_nobody_away_meanwhile() {
    loom::model(|| {
        let gate = gate(2, 1);
        gate.try_enter(2).unwrap();
        let enters = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || enter(&gate).unwrap())
        };
        gate.release(2, Since::UNKNOWN);
        // Two places have come back, and the other takes or is given one of them.
        gate.try_enter(1).unwrap();
        if let Some(spot) = enters.join().unwrap() {
            let (_bell, waker) = bell();
            assert!(poll(&gate, &spot, &waker).is_ready());
        }
        gate.release(2, Since::UNKNOWN);
        assert_idle(&gate);
    });
}

#[test]
fn loom_a_waiter_that_leaves_passes_its_place_on() {
    loom::model(|| {
        let gate = gate(1, 2);
        gate.try_enter(1).unwrap();
        let leaves = enter(&gate).unwrap().unwrap();
        let stays = enter(&gate).unwrap().unwrap();
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
        let entered = enter(&gate);
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
fn loom_more_places_reach_a_waiter_that_comes_meanwhile() {
    loom::model(|| {
        let gate = gate(1, 1);
        gate.try_enter(1).unwrap();
        let grows = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || gate.resize(2))
        };
        let entered = enter(&gate).unwrap();
        grows.join().unwrap();
        if let Some(spot) = entered {
            let (_bell, waker) = bell();
            assert!(poll(&gate, &spot, &waker).is_ready());
        }
        assert_eq!(gate.snapshot().busy, 2);
    });
}

#[test]
fn loom_a_waker_that_was_brought_along_is_used() {
    loom::model(|| {
        let gate = gate(1, 1);
        gate.try_enter(1).unwrap();
        let returns = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || gate.release(1, Since::UNKNOWN))
        };
        let (bell, waker) = bell();
        let entered = enter_as(&gate, Priority::Normal, Some(&waker)).unwrap();
        returns.join().unwrap();
        if let Some(spot) = entered {
            // Nobody has asked since.
            assert!(!spot.is_told || bell.0.load(Ordering::Acquire));
            assert!(poll(&gate, &spot, &waker).is_ready());
        }
        gate.release(1, Since::UNKNOWN);
        assert_idle(&gate);
    });
}

#[test]
fn loom_who_is_displaced_leaves_the_place_to_the_others() {
    loom::model(|| {
        let gate = gate(1, 2);
        gate.try_enter(1).unwrap();
        let (bell, waker) = bell();
        let low = || {
            enter_as(&gate, Priority::Low, Some(&waker))
                .unwrap()
                .unwrap()
        };
        let (first, newest) = (low(), low());
        let returns = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || gate.release(1, Since::UNKNOWN))
        };
        // Displaces the newest, unless the first has been served before.
        let high = enter_as(&gate, Priority::High, None).unwrap().unwrap();
        returns.join().unwrap();
        assert!(bell.0.load(Ordering::Acquire));
        let polled = [&high, &first, &newest].map(|spot| poll(&gate, spot, &waker));
        let served = polled
            .iter()
            .filter(|polled| **polled == Poll::Ready(Ok(())));
        assert_eq!(served.count(), 1, "{polled:?}");
        let left = [high, first, newest].into_iter().zip(polled);
        for (spot, _) in left.filter(|(_, polled)| polled.is_pending()) {
            gate.abandon(spot.key);
        }
        gate.release(1, Since::UNKNOWN);
        assert_idle(&gate);
    });
}
