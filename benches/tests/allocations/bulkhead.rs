//! The bulkhead: with a free place, and full.

use steadfast_bulkhead::Bulkhead;

use super::{allocations, now, works};

pub(crate) fn bulkhead() -> Bulkhead {
    Bulkhead::builder("payments").build().unwrap()
}

fn full_bulkhead() -> (Bulkhead, steadfast_bulkhead::Permit) {
    let builder = Bulkhead::builder("payments").max_concurrent(1);
    let bulkhead = builder.max_waiting(0).build().unwrap();
    let permit = bulkhead.try_acquire().unwrap();
    (bulkhead, permit)
}

#[test]
fn a_call_in_a_free_place_of_a_bulkhead_allocates_nothing() {
    let bulkhead = bulkhead();
    assert_eq!(
        allocations(|| assert!(now(bulkhead.call(works)).is_ok())),
        0
    );
    assert_eq!(
        allocations(|| assert!(bulkhead.call_blocking(|| Ok::<_, u32>(1)).is_ok())),
        0
    );
    assert_eq!(allocations(|| drop(bulkhead.try_acquire().unwrap())), 0);
}

#[test]
fn a_full_bulkhead_rejects_without_allocating() {
    let (bulkhead, _permit) = full_bulkhead();
    let rejection = || {
        let answer = now(bulkhead.call(works));
        assert!(answer.unwrap_err().rejected().is_some());
    };
    assert_eq!(allocations(rejection), 0);
}
