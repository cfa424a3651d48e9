//! Making idle resources ahead of need. See `stock.rs` for how it stays out of the way.

use std::{future::poll_fn, sync::Arc, task::Poll};

use tokio::time::error::Elapsed;

use crate::pool::{error::PoolError, loan::Loan, shared::Shared, stock::Underway};

impl<T, E> Shared<T, E> {
    pub(crate) async fn maintain(self: &Arc<Self>) -> Result<(), PoolError<E>> {
        self.tidy();
        for _ in 0..self.min_idle {
            let places = self.places();
            let number = self.stock.lock().begin(self.min_idle, places);
            let Some(number) = number else {
                break;
            };
            let spare = Spare {
                shared: self,
                number,
                ended: false,
            };
            spare.fill().await?;
        }
        Ok(())
    }
}

/// The maintainer's hold on the resource it makes.
struct Spare<'a, T, E> {
    shared: &'a Arc<Shared<T, E>>,
    number: u64,
    ended: bool,
}

impl<T, E> Spare<'_, T, E> {
    async fn fill(mut self) -> Result<(), PoolError<E>> {
        let underway = Box::pin(self.shared.hooks.make());
        let Some(made) = self.run(underway).await else {
            // Whoever took it over hears how it ends.
            return Ok(());
        };
        self.ended = true;
        let item = self.shared.made(made)?;
        {
            let shelf = &mut self.shared.stock.lock().shelf;
            shelf.counts.created += 1;
            shelf.reserve();
        }
        // It is on the shelf before the spare ends, so that no caller sees neither.
        drop(Loan::new(Arc::clone(self.shared), item));
        Ok(())
    }

    /// Polls until it is made, or somebody takes it over. It rests in the stock between polls.
    async fn run(&self, underway: Underway<T, E>) -> Option<Result<Result<T, E>, Elapsed>> {
        let mut first = Some(underway);
        poll_fn(|context| {
            let Some(mut underway) = first.take().or_else(|| self.resume()) else {
                return Poll::Ready(None);
            };
            match underway.as_mut().poll(context) {
                Poll::Ready(made) => Poll::Ready(Some(made)),
                Poll::Pending => {
                    let maintainer = context.waker().clone();
                    let wanted = self.shared.stock.lock().rest(underway, maintainer);
                    for caller in wanted {
                        caller.wake();
                    }
                    Poll::Pending
                }
            }
        })
        .await
    }

    fn resume(&self) -> Option<Underway<T, E>> {
        let resumed = self.shared.stock.lock().resume(self.number);
        resumed.map(|(underway, _last_waker)| underway)
    }
}

impl<T, E> Drop for Spare<'_, T, E> {
    fn drop(&mut self) {
        // Gone before there is room for another.
        drop(self.resume());
        let ended = {
            let mut stock = self.shared.stock.lock();
            let ended = stock.end(self.number);
            if ended.is_some() && !self.ended {
                stock.shelf.counts.create_abandoned += 1;
            }
            ended
        };
        for caller in ended.unwrap_or_default() {
            caller.wake();
        }
    }
}
