//! A resource outside the pool: it goes back when dropped, or dies.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
    thread,
};

use crate::{
    pool::{discards::Cause, shared::Shared, shelf::Item},
    unwind,
};

pub(crate) struct Loan<T, E> {
    shared: Arc<Shared<T, E>>,
    /// Present until the loan is dropped or the resource taken out of it.
    item: Option<Item<T>>,
    ending: Ending,
    /// A loan made in a destructor while its thread unwinds saw no panic of its own.
    born_in_panic: bool,
}

/// What becomes of the resource when the loan is dropped.
#[derive(Debug, Clone, Copy)]
enum Ending {
    Keep,
    /// Somebody is half-way through using it.
    InUse,
    Discard(Cause),
}

impl<T, E> Loan<T, E> {
    pub(crate) fn new(shared: Arc<Shared<T, E>>, item: Item<T>) -> Self {
        Self {
            shared,
            item: Some(item),
            ending: Ending::Keep,
            born_in_panic: thread::panicking(),
        }
    }

    pub(crate) fn keep_on_drop(&mut self) {
        self.ending = Ending::Keep;
    }

    /// As if it were abandoned, unless it is kept before it is dropped or its user panics.
    pub(crate) fn abandon_on_drop(&mut self) {
        self.ending = Ending::InUse;
    }

    pub(crate) fn discard_on_drop(&mut self, cause: Cause) {
        self.ending = Ending::Discard(cause);
    }

    pub(crate) fn shared(&self) -> &Arc<Shared<T, E>> {
        &self.shared
    }

    /// Whether it was lent before.
    pub(crate) fn is_used(&self) -> bool {
        self.item.as_ref().expect(PRESENT).used
    }

    /// It goes to a user, who leaves something to recycle.
    pub(crate) fn mark_used(&mut self) {
        self.item.as_mut().expect(PRESENT).used = true;
    }

    /// Takes the resource out of the pool for good.
    pub(crate) fn into_inner(mut self) -> T {
        let item = self.item.take().expect(PRESENT);
        self.shared.stock.lock().shelf.leave(Cause::Taken);
        item.resource
    }

    fn cause_of_death(&self, item: &Item<T>) -> Option<Cause> {
        match self.ending {
            Ending::Discard(cause) => Some(cause),
            Ending::Keep | Ending::InUse if thread::panicking() && !self.born_in_panic => {
                (!self.outlives_panic(&item.resource)).then_some(Cause::Panicked)
            }
            Ending::InUse => Some(Cause::Abandoned),
            Ending::Keep => None,
        }
    }

    fn outlives_panic(&self, resource: &T) -> bool {
        self.shared
            .hooks
            .keep_after_panic
            .as_ref()
            // A second panic that left this destructor would abort the process.
            .is_some_and(|keep| unwind::caught(|| keep(resource)) == Some(true))
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
        let (refused, expired) = match self.cause_of_death(&item) {
            None => self.shared.put(item),
            Some(cause) => (Some((item, cause)), Vec::new()),
        };
        if let Some((item, cause)) = refused {
            // It counts as gone when it is, also if its destructor panics.
            let _leaving = Leaving(&self.shared, cause);
            drop(item);
        }
        drop(expired);
    }
}

struct Leaving<'a, T, E>(&'a Shared<T, E>, Cause);

impl<T, E> Drop for Leaving<'_, T, E> {
    fn drop(&mut self) {
        self.0.stock.lock().shelf.leave(self.1);
    }
}

const PRESENT: &str = "a loan holds its resource until it is dropped";
