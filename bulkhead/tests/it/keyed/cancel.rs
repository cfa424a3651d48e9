//! Callers dropped at every await point, in each of the two lines.

use std::{future, time::Duration};

use steadfast_bulkhead::{Bulkhead, Keyed, Permit};

use crate::support::{Alarm, Boxed, poll};

struct Scene {
    set: Keyed<u32>,
    outer: Bulkhead,
}

impl Scene {
    fn new() -> Self {
        let outer = Bulkhead::builder("outer")
            .max_concurrent(1)
            .checkout_timeout(Duration::MAX)
            .build()
            .unwrap();
        let set = Keyed::builder("set")
            .bulkhead(|each| each.max_concurrent(1).checkout_timeout(Duration::MAX))
            .outer(outer.clone())
            .build()
            .unwrap();
        Self { set, outer }
    }

    fn key_place(&self) -> Permit {
        self.set.get(&1).try_acquire().unwrap()
    }

    fn outer_place(&self) -> Permit {
        self.outer.try_acquire().unwrap()
    }

    /// `busy` and `waiting` of the key's bulkhead, and of the outer one.
    fn numbers(&self) -> [usize; 4] {
        let (key, outer) = (self.set.get(&1).snapshot(), self.outer.snapshot());
        [key.busy, key.waiting, outer.busy, outer.waiting]
    }

    fn assert_all_came_back(&self) {
        assert_eq!(self.numbers(), [0; 4]);
        for bulkhead in [&self.set.get(&1), &self.outer] {
            let totals = bulkhead.snapshot().totals;
            assert_eq!(totals.acquired, totals.completed, "{}", bulkhead.name());
        }
        assert!(self.set.try_acquire(&1).is_ok());
    }
}

/// Both doors; neither is ever done with what it got.
fn callers(scene: &Scene) -> [Boxed<'_, ()>; 2] {
    [
        Box::pin(async {
            let _permit = scene.set.acquire(&1).await.unwrap();
            future::pending().await
        }),
        Box::pin(async {
            let pending = future::pending::<Result<(), ()>>;
            scene.set.call(&1, pending).await.unwrap();
        }),
    ]
}

/// Takes each door to the point, looks at the numbers there, and drops it.
fn at_each_door(point: impl Fn(&Scene, &mut Boxed<'_, ()>)) {
    for door in 0..2 {
        let scene = Scene::new();
        let mut callers = callers(&scene);
        point(&scene, &mut callers[door]);
        drop(callers);
        scene.assert_all_came_back();
    }
}

fn advance(caller: &mut Boxed<'_, ()>) {
    assert!(poll(caller, &Alarm::new()).is_pending());
}

#[tokio::test(start_paused = true)]
async fn before_the_first_poll_nothing_is_taken_and_no_key_is_known() {
    let scene = Scene::new();
    drop(callers(&scene));
    assert_eq!(scene.set.snapshot().created, 0);
    scene.assert_all_came_back();
}

#[tokio::test(start_paused = true)]
async fn in_the_keys_line() {
    at_each_door(|scene, caller| {
        let place = scene.key_place();
        advance(caller);
        assert_eq!(scene.numbers(), [1, 1, 0, 0]);
        *caller = Box::pin(future::pending());
        assert_eq!(scene.numbers(), [1, 0, 0, 0]);
        drop(place);
    });
}

#[tokio::test(start_paused = true)]
async fn handed_the_keys_place_but_not_polled_since() {
    at_each_door(|scene, caller| {
        let place = scene.key_place();
        advance(caller);
        drop(place);
        assert_eq!(scene.numbers(), [1, 0, 0, 0]);
    });
}

#[tokio::test(start_paused = true)]
async fn in_the_outer_line_after_no_wait_for_the_key() {
    at_each_door(|scene, caller| {
        let place = scene.outer_place();
        advance(caller);
        assert_eq!(scene.numbers(), [1, 0, 1, 1]);
        *caller = Box::pin(future::pending());
        assert_eq!(scene.numbers(), [0, 0, 1, 0]);
        drop(place);
    });
}

#[tokio::test(start_paused = true)]
async fn in_the_outer_line_after_a_wait_for_the_key() {
    at_each_door(|scene, caller| {
        let (key, outer) = (scene.key_place(), scene.outer_place());
        advance(caller);
        drop(key);
        advance(caller);
        assert_eq!(scene.numbers(), [1, 0, 1, 1]);
        *caller = Box::pin(future::pending());
        assert_eq!(scene.numbers(), [0, 0, 1, 0]);
        drop(outer);
    });
}

#[tokio::test(start_paused = true)]
async fn handed_the_outer_place_but_not_polled_since() {
    at_each_door(|scene, caller| {
        let place = scene.outer_place();
        advance(caller);
        drop(place);
        assert_eq!(scene.numbers(), [1, 0, 1, 0]);
    });
}

#[tokio::test(start_paused = true)]
async fn with_both_places() {
    at_each_door(|scene, caller| {
        advance(caller);
        assert_eq!(scene.numbers(), [1, 0, 1, 0]);
    });
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_caller_passes_both_places_on() {
    at_each_door(|scene, caller| {
        advance(caller);
        let mut next: Boxed<'_, _> = Box::pin(scene.set.acquire(&1));
        let alarm = Alarm::new();
        assert!(poll(&mut next, &alarm).is_pending());
        *caller = Box::pin(future::pending());
        assert_eq!(alarm.rings(), 1);
        assert!(poll(&mut next, &alarm).is_ready());
    });
}
