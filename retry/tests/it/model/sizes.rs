//! How large the future of a call is: tasks hold many of them.

use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use steadfast_retry::{Attempt, Deadline, Failure, History, Retry, Verdict};

/// What a call may add to its operation.
const ADDED: usize = 128;

fn retry() -> Retry {
    Retry::builder("size").build().unwrap()
}

/// An operation with some weight of its own, in the closure and in the future.
async fn weigh<const N: usize>(_: Attempt, weight: [u8; N]) -> Result<u8, [u8; 24]> {
    let own = [1_u8; N];
    tokio::task::yield_now().await;
    Ok(black_box(&own)[0] + black_box(&weight)[0])
}

/// The sizes of the operation and of what `call` makes of it.
fn sizes<F, Fut, C>(operation: F, call: impl FnOnce(F) -> C) -> (usize, usize)
where
    F: FnMut(Attempt) -> Fut,
{
    // In any struct a field of an odd size is followed by a hole.
    let closure = size_of::<F>().next_multiple_of(align_of::<usize>());
    let operation_size = closure + size_of::<Fut>();
    (operation_size, size_of_val(&call(operation)))
}

fn holds(what: &str, (operation, call): (usize, usize)) {
    assert!(call > operation, "{what}: {call} of {operation}");
    let added = call - operation;
    assert!(
        added <= ADDED,
        "{what}: {added} bytes on top of {operation}"
    );
}

fn all_forms_hold<const N: usize>() {
    let retry = retry();
    let weight = [1; N];
    let operation = move |attempt| weigh(attempt, weight);
    holds("plain", sizes(operation, |operation| retry.call(operation)));
    let classify = || retry.classify(|_: &Result<u8, [u8; 24]>| Verdict::Retry);
    holds(
        "classified",
        sizes(operation, |operation| classify().call(operation)),
    );
    let hooked = |operation| classify().on_retry(|_, _, _| ()).call(operation);
    holds("with a hook", sizes(operation, hooked));
    let with_history = |operation: fn(Attempt) -> _| {
        retry.call_with_history(move |attempt, _: &History<[u8; 24]>| operation(attempt))
    };
    let plain: fn(Attempt) -> _ = |attempt| weigh(attempt, [1; N]);
    holds("with history", sizes(plain, with_history));
    let classified = |operation: fn(Attempt) -> _| {
        classify().call_with_history(move |attempt, _: &History<_>| operation(attempt))
    };
    holds("classified with history", sizes(plain, classified));
}

/// A future by hand, in which every bit pattern means something: there is no room in it to note that
/// it is gone, as there is in one that the compiler has made.
struct Dense([u64; 4]);

impl Future for Dense {
    type Output = Result<u64, u64>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Err(self.0[0]))
    }
}

#[test]
fn a_future_without_a_niche_is_no_exception() {
    let retry = retry();
    let operation = |attempt: Attempt| Dense([attempt.number().into(); 4]);
    holds("plain", sizes(operation, |operation| retry.call(operation)));
    let classify = || retry.classify(|_: &Result<u64, u64>| Verdict::Retry);
    holds(
        "classified",
        sizes(operation, |operation| classify().call(operation)),
    );
    let hook = |_: u32, _: &Failure<u64>, _: Duration| ();
    let deadline = Deadline::after(crate::ms(1));
    holds(
        "scoped",
        sizes(operation, |operation| {
            retry.on_retry(hook).deadline(deadline).call(operation)
        }),
    );
}

#[test]
fn a_call_adds_at_most_128_bytes_to_its_operation() {
    all_forms_hold::<0>();
    all_forms_hold::<1>();
    all_forms_hold::<200>();
    all_forms_hold::<4_000>();
}

/// What is a setting is not in the future: history and budget, timeout and deadline weigh nothing.
#[test]
fn settings_add_nothing() {
    let plain = retry();
    let heavy = Retry::builder("size")
        .history(1_000)
        .max_elapsed(crate::ms(1))
        .attempt_timeout(crate::ms(1))
        .build()
        .unwrap();
    let size = |retry: &Retry| {
        let call = retry.call(|attempt| weigh(attempt, [1; 8]));
        size_of_val(&call)
    };
    assert_eq!(size(&plain), size(&heavy));
}
