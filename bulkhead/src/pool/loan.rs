//! A resource outside the pool: it goes back when dropped, or dies.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
    thread,
};

use crate::pool::{shared::Shared, shelf::Item};

pub(crate) struct Loan<T, E> {
    shared: Arc<Shared<T, E>>,
    /// Present until the loan is dropped or the resource taken out of it.
    item: Option<Item<T>>,
    keep: bool,
}

impl<T, E> Loan<T, E> {
    pub(crate) fn new(shared: Arc<Shared<T, E>>, item: Item<T>) -> Self {
        Self {
            shared,
            item: Some(item),
            keep: true,
        }
    }

    /// Whether the resource goes back to the pool when the loan is dropped.
    pub(crate) fn keep_on_drop(&mut self, keep: bool) {
        self.keep = keep;
    }

    pub(crate) fn name(&self) -> &str {
        self.shared.bulkhead.name()
    }

    /// Takes the resource out of the pool for good.
    pub(crate) fn into_inner(mut self) -> T {
        let item = self.item.take().expect(PRESENT);
        self.shared.count(|counts| counts.discarded += 1);
        item.resource
    }
}

impl<T, E> Deref for Loan<T, E> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.item.as_ref().expect(PRESENT).resource
    }
}

impl<T, E> DerefMut for Loan<T, E> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.item.as_mut().expect(PRESENT).resource
    }
}

impl<T, E> Drop for Loan<T, E> {
    fn drop(&mut self) {
        let Some(item) = self.item.take() else {
            return;
        };
        if self.keep && !thread::panicking() {
            self.shared.put(item);
        } else {
            self.shared.count(|counts| counts.discarded += 1);
            drop(item);
        }
    }
}

const PRESENT: &str = "a loan holds its resource until it is dropped";
