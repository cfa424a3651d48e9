//! How a caller that has a place comes to a resource.

use std::{future::poll_fn, sync::Arc, task::Poll};

use tokio::time::error::Elapsed;

use crate::pool::{
    discards::Cause,
    error::PoolError,
    hooks::{self, Verdict},
    loan::Loan,
    shared::Shared,
    stock::{Next, Underway},
};

impl<T, E> Shared<T, E> {
    /// An idle resource that is good, the one that maintenance is making, or a new one.
    pub(crate) async fn obtain(self: &Arc<Self>) -> Result<Loan<T, E>, PoolError<E>> {
        loop {
            // Again each time round: the hooks of the last one took their time.
            self.expire();
            match self.next().await {
                Source::Idle(loan) => {
                    if let Some(loan) = loan.care_for().await {
                        return Ok(loan);
                    }
                }
                // Its failure is counted, and it may have run most of its time already.
                Source::Adopted(reserved, underway) => {
                    if let Ok(loan) = reserved.fill(underway).await {
                        return Ok(loan);
                    }
                }
                Source::Create(reserved) => return reserved.fill(self.hooks.make()).await,
            }
        }
    }

    /// An idle resource that is good.
    pub(crate) async fn obtain_idle(self: &Arc<Self>) -> Result<Loan<T, E>, PoolError<E>> {
        loop {
            self.expire();
            let item = self.stock.lock().shelf.take();
            let Some(item) = item else {
                return Err(PoolError::NoneIdle {
                    name: self.bulkhead.name().into(),
                });
            };
            if let Some(loan) = Loan::new(Arc::clone(self), item).care_for().await {
                return Ok(loan);
            }
        }
    }

    async fn next(self: &Arc<Self>) -> Source<'_, T, E> {
        poll_fn(|context| {
            let mut next = self.stock.lock().next(&mut None);
            if matches!(next, Next::Busy) {
                let mut waker = Some(context.waker().clone());
                next = self.stock.lock().next(&mut waker);
                // One that was not needed is dropped here, after the lock.
                drop(waker);
            }
            Poll::Ready(match next {
                Next::Busy => return Poll::Pending,
                Next::Idle(item) => Source::Idle(Loan::new(Arc::clone(self), item)),
                Next::Adopt(underway, maintainer) => {
                    let reserved = Reserved::new(self);
                    maintainer.wake();
                    Source::Adopted(reserved, underway)
                }
                Next::Create => Source::Create(Reserved::new(self)),
            })
        })
        .await
    }
}

enum Source<'a, T, E> {
    Idle(Loan<T, E>),
    Adopted(Reserved<'a, T, E>, Underway<T, E>),
    Create(Reserved<'a, T, E>),
}

impl<T, E> Loan<T, E> {
    /// Lets the hooks look at an idle resource. One that is not good is gone then.
    async fn care_for(mut self) -> Option<Self> {
        // Until it is known to be good it goes with its loan, also when a hook panics.
        self.discard_on_drop(Cause::HookAbandoned);
        let shared = Arc::clone(self.shared());
        let hooks = &shared.hooks;
        if hooks.is_valid.as_ref().is_some_and(|look| !look(&self)) {
            self.discard_on_drop(Cause::NotValid);
            return None;
        }
        if self.is_used() {
            match hooks::ask(hooks.recycle.as_ref(), &mut self, hooks.recycle_timeout).await {
                Verdict::Good => {}
                Verdict::Bad => {
                    self.discard_on_drop(Cause::NotRecycled);
                    return None;
                }
                Verdict::Late => {
                    self.discard_on_drop(Cause::RecycleTimeout);
                    return None;
                }
            }
        }
        match hooks::ask(hooks.validate.as_ref(), &mut self, hooks.validate_timeout).await {
            Verdict::Good => {}
            Verdict::Bad => {
                self.discard_on_drop(Cause::NotValid);
                return None;
            }
            Verdict::Late => {
                self.discard_on_drop(Cause::ValidateTimeout);
                return None;
            }
        }
        self.keep_on_drop();
        shared.count(|counts| counts.recycled += 1);
        Some(self)
    }
}

/// A resource to be made for a caller, counted as out. Dropped or panicking on the way, it is
/// counted as abandoned.
struct Reserved<'a, T, E> {
    shared: &'a Arc<Shared<T, E>>,
    outcome: Outcome,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Unknown,
    Failed,
    Made,
}

impl<'a, T, E> Reserved<'a, T, E> {
    fn new(shared: &'a Arc<Shared<T, E>>) -> Self {
        Self {
            shared,
            outcome: Outcome::Unknown,
        }
    }

    async fn fill(
        mut self,
        making: impl Future<Output = Result<Result<T, E>, Elapsed>>,
    ) -> Result<Loan<T, E>, PoolError<E>> {
        let made = making.await;
        self.outcome = Outcome::Failed;
        let item = self.shared.made(made)?;
        self.shared.count(|counts| counts.created += 1);
        self.outcome = Outcome::Made;
        Ok(Loan::new(Arc::clone(self.shared), item))
    }
}

impl<T, E> Drop for Reserved<'_, T, E> {
    fn drop(&mut self) {
        if self.outcome == Outcome::Made {
            return;
        }
        let shelf = &mut self.shared.stock.lock().shelf;
        shelf.unreserve();
        if self.outcome == Outcome::Unknown {
            shelf.counts.create_abandoned += 1;
        }
    }
}
