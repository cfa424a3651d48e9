//! The future of a call. Written by hand: the compiler can then keep a call that is ready at once in
//! registers, which it does not with an `async` block.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

use super::attempt::HedgeAttempt;
use super::race::Race;
use super::shared::Shared;
use super::snapshot::add_one;
use crate::clock;
use crate::verdict::Verdict;

mod cold;

pin_project! {
    #[must_use = "futures do nothing unless polled"]
    pub(super) struct Calling<'a, C, F, Fut>
    where
        Fut: Future,
    {
        shared: &'a Shared,
        classifier: C,
        operation: F,
        phase: Phase,
        // When the primary was first found not to be ready: nothing before that asks for the time.
        began: Option<Instant>,
        // Of a call that may come to hedge.
        race: Option<Pin<Box<Race<'a, Fut>>>>,
        // While it runs.
        #[pin]
        primary: Option<Fut>,
    }

    impl<C, F, Fut> PinnedDrop for Calling<'_, C, F, Fut>
    where
        Fut: Future,
    {
        fn drop(this: Pin<&mut Self>) {
            if this.phase == Phase::Begun {
                this.abandon();
            }
        }
    }
}

/// Where a call stands, which tells what it means when it is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Not polled yet, or for the first time now.
    Fresh,
    /// The primary was not accepted at its first poll; the call is counted.
    Begun,
    /// Ended and counted.
    Ended,
}

impl<'a, C, F, Fut: Future> Calling<'a, C, F, Fut> {
    pub(super) fn new(shared: &'a Shared, classifier: C, operation: F) -> Self {
        Self {
            shared,
            classifier,
            operation,
            phase: Phase::Fresh,
            began: None,
            race: None,
            primary: None,
        }
    }
}

impl<T, E, C, F, Fut> Future for Calling<'_, C, F, Fut>
where
    C: FnMut(&Result<T, E>) -> Verdict,
    F: FnMut(HedgeAttempt) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    type Output = Result<T, E>;

    // Always: a call that is ready at once then stays in registers.
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.phase != Phase::Fresh {
            return self.resume(cx);
        }
        let mut watched = Watched::new(self);
        let mut this = watched.call().project();
        let future = (this.operation)(HedgeAttempt::PRIMARY);
        this.primary.set(Some(future));
        let Some(primary) = this.primary.as_pin_mut() else {
            over()
        };
        let poll = match primary.poll(cx) {
            Poll::Ready(result) => match (this.classifier)(&result) {
                Verdict::Accept => {
                    this.shared.win_at_once();
                    *this.phase = Phase::Ended;
                    Poll::Ready(result)
                }
                verdict => watched.call().fail_at_once(result, verdict, cx),
            },
            Poll::Pending => watched.call().suspend(cx),
        };
        watched.over = true;
        poll
    }
}

impl<C, F, Fut: Future> Calling<'_, C, F, Fut> {
    /// Counts the call and notes the time.
    fn begin(mut self: Pin<&mut Self>) -> Instant {
        self.as_mut().count();
        let now = clock::now();
        let this = self.project();
        *this.began = Some(now);
        this.shared.record_call(now);
        now
    }

    fn count(self: Pin<&mut Self>) {
        let this = self.project();
        *this.phase = Phase::Begun;
        add_one(&this.shared.counters.others);
    }

    /// How long the call has gone on.
    fn elapsed(&self, now: &mut Option<Instant>) -> Duration {
        self.began.map_or(Duration::ZERO, |began| {
            let now = *now.get_or_insert_with(clock::now);
            now.saturating_duration_since(began)
        })
    }

    /// The primary's latency is not going to be known: notes how long it is at least. Without that only
    /// fast primaries would be known of, the percentile would fall, more of them would be superseded,
    /// and so on.
    fn supersede(self: Pin<&mut Self>, now: &mut Option<Instant>) {
        if let (Some(latency), true) = (&self.shared.latency, self.primary.is_some()) {
            latency.record_if_slow(self.elapsed(now));
        }
    }

    #[cold]
    fn abandon(mut self: Pin<&mut Self>) {
        add_one(&self.shared.counters.abandoned);
        self.as_mut().supersede(&mut None);
    }

    /// User code is unwinding: everything in flight is dropped, as it would be in an `async` block.
    #[cold]
    fn unwind(mut self: Pin<&mut Self>) {
        if self.phase == Phase::Fresh {
            self.as_mut().count();
        }
        let mut this = self.project();
        *this.phase = Phase::Ended;
        add_one(&this.shared.counters.panicked);
        this.primary.set(None);
        drop(this.race.take());
    }
}

impl Shared {
    /// The primary was accepted at its first poll.
    #[inline]
    fn win_at_once(&self) {
        add_one(&self.counters.won_at_once);
        if let Some(latency) = &self.latency {
            latency.record(Duration::ZERO);
        }
    }
}

/// Holds the call while user code runs. Dropped before it is over, that code is unwinding.
struct Watched<'p, 'a, C, F, Fut: Future> {
    call: Pin<&'p mut Calling<'a, C, F, Fut>>,
    over: bool,
}

impl<'p, 'a, C, F, Fut: Future> Watched<'p, 'a, C, F, Fut> {
    #[inline]
    fn new(call: Pin<&'p mut Calling<'a, C, F, Fut>>) -> Self {
        Self { call, over: false }
    }

    #[inline]
    fn call(&mut self) -> Pin<&mut Calling<'a, C, F, Fut>> {
        self.call.as_mut()
    }
}

impl<C, F, Fut: Future> Drop for Watched<'_, '_, C, F, Fut> {
    #[inline]
    fn drop(&mut self) {
        if !self.over {
            self.call.as_mut().unwind();
        }
    }
}

#[cold]
fn over() -> ! {
    panic!("a hedged call was polled after it had ended")
}
