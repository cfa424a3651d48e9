//! What is compared: a case, and those who compete in it.

use std::fmt;
use std::hint::black_box;
use std::time::Duration;

use crate::clock;

/// Does one thing over and over.
pub struct Contender {
    name: &'static str,
    run: Box<dyn FnMut(u64) -> Duration>,
}

impl Contender {
    /// `run` does the thing the number of times it is given, and says how long that took.
    pub fn new(name: &'static str, run: impl FnMut(u64) -> Duration + 'static) -> Self {
        Self {
            name,
            run: Box::new(run),
        }
    }

    /// Its name: `ours`, or the peer's.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Does the thing so many times.
    pub fn run(&mut self, times: u64) -> Duration {
        (self.run)(times)
    }
}

impl fmt::Debug for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Contender").field(&self.name).finish()
    }
}

/// One thing to do, by us and by the peers that do the same.
#[derive(Debug)]
pub struct Case {
    name: &'static str,
    /// Ours is the first.
    contenders: Vec<Contender>,
    /// How many usual turns one of its turns lasts.
    longer: u32,
}

impl Case {
    /// A case without peers yet.
    pub fn new(name: &'static str, ours: impl FnMut(u64) -> Duration + 'static) -> Self {
        Self {
            name,
            contenders: vec![Contender::new("ours", ours)],
            longer: 1,
        }
    }

    /// Makes each turn so many times as long as usual.
    #[must_use]
    pub fn with_turns_longer(mut self, times: u32) -> Self {
        self.longer = times;
        self
    }

    /// Adds a peer.
    #[must_use]
    pub fn beside(
        mut self,
        peer: &'static str,
        run: impl FnMut(u64) -> Duration + 'static,
    ) -> Self {
        self.contenders.push(Contender::new(peer, run));
        self
    }

    /// The case's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// How many usual turns one of its turns lasts.
    #[must_use]
    pub fn longer(&self) -> u32 {
        self.longer
    }

    /// Ours first, then the peers in the order they were added.
    pub fn contenders(&mut self) -> &mut [Contender] {
        &mut self.contenders
    }
}

/// A run that does `operation` on this thread. `expected` guards against measuring something else.
///
/// # Panics
/// The run does, on a result that is not as expected.
pub fn blocking<T, E>(
    mut operation: impl FnMut() -> Result<T, E>,
    expected: impl Fn(&Result<T, E>) -> bool,
) -> impl FnMut(u64) -> Duration {
    move |times| {
        let start = clock::now();
        for _ in 0..times {
            let answer = operation();
            assert!(expected(&answer));
            use_up(&answer);
        }
        start.elapsed()
    }
}

/// Uses a result as a caller would, who looks into it and goes on with the value or the error. (To
/// force the whole of it into memory would be a cost that grows with the error's size.)
pub fn use_up<T, E>(answer: &Result<T, E>) {
    match answer {
        Ok(value) => {
            black_box(value);
        }
        Err(error) => {
            black_box(error);
        }
    }
}
