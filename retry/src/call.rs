//! The async door.

use std::future::poll_fn;
use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use crate::attempt::Attempt;
use crate::retry::Shared;
use crate::run::{End as ClassifiedEnd, Run};
use crate::verdict::Verdict;

/// Attempts `operation` until its result is accepted or given up, and gives that end its `form`.
///
/// The one state machine of a call: the public doors return it as it is, since each `async fn`
/// around it would cost the successful call another tenth of its instructions.
pub(crate) async fn call<T, E, F, Fut, End>(
    shared: &Shared,
    mut operation: F,
    mut classifier: impl FnMut(&Result<T, E>) -> Verdict,
    mut hook: impl FnMut(u32, &Result<T, E>, Duration),
    form: impl FnOnce(ClassifiedEnd<T, E>) -> End,
) -> End
where
    F: FnMut(Attempt) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let mut run = Run::begin(shared);
    loop {
        let attempt = run.next_attempt();
        let result = {
            let operation = pin!(operation(attempt));
            watched(&mut run, operation).await
        };
        let wait = match run.settle(result, &mut classifier, &mut hook) {
            ControlFlow::Break(end) => return form(end),
            ControlFlow::Continue(wait) => wait,
        };
        if !wait.is_zero() {
            let timer = pin!(tokio::time::sleep(wait));
            let _waiting = run.wait();
            watched(&mut run, timer).await;
        } else if attempt.number() % ATTEMPTS_PER_TURN == 0 {
            watched(&mut run, pin!(give_way())).await;
        }
    }
}

/// Polls `future` for `run`, which knows at each moment whether it is on a stack or suspended.
fn watched<F: Future>(
    run: &mut Run<'_>,
    mut future: Pin<&mut F>,
) -> impl Future<Output = F::Output> {
    poll_fn(move |context| {
        run.resume();
        let poll = future.as_mut().poll(context);
        if poll.is_pending() {
            run.suspend();
        }
        poll
    })
}

/// Lets the executor run something else once.
fn give_way() -> impl Future<Output = ()> {
    let mut given = false;
    poll_fn(move |context| {
        if given {
            return Poll::Ready(());
        }
        given = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
}

/// How many attempts may follow each other without a wait before the call gives way. Without it, an
/// operation that fails at once and a backoff of zero would hold the thread until the last attempt,
/// and no timeout around the call could end it.
const ATTEMPTS_PER_TURN: u32 = 32;
