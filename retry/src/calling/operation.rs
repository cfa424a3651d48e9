//! What makes the attempts of a call.

use crate::attempt::Attempt;
use crate::history::History;

/// Makes the attempts of a call. Every closure does; a type of its own has a name.
pub(crate) trait Operation<E, Fut> {
    fn attempt(&mut self, attempt: Attempt, history: &History<E>) -> Fut;

    /// Whether the attempt made last has to stay the last one, whatever it comes to.
    #[inline]
    fn is_spent(&self) -> bool {
        false
    }
}

impl<E, Fut, F> Operation<E, Fut> for F
where
    F: FnMut(Attempt, &History<E>) -> Fut,
{
    #[inline]
    fn attempt(&mut self, attempt: Attempt, history: &History<E>) -> Fut {
        self(attempt, history)
    }
}
