//! Handing a message over, and waiting for its answer.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use lapin::Confirmation;
use tokio::time::{sleep_until, timeout_at};

use super::Publishing;
use super::answer::Answer;
use crate::clock;
use crate::lane::InFlight;
use crate::link::Link;
use crate::session::Session;

impl Publishing<'_> {
    /// Sends the message once.
    pub(super) async fn send(
        &mut self,
        session: &Session,
        in_flight: InFlight,
        is_shared: bool,
    ) -> Answer {
        self.sent += 1;
        let Some(result) = self.exchange(session, &in_flight, is_shared).await else {
            in_flight.lane().retire();
            self.note_if_repeated();
            let answer = Answer::Unknown(None);
            self.span.answered(answer.error_type());
            return answer;
        };
        let answer = self.understand(result, &in_flight);
        self.span.answered(answer.error_type());
        let lanes = &self.core.lanes;
        match &answer {
            Answer::NotSent => self.sent -= 1,
            Answer::Confirmed | Answer::Returned(_) | Answer::Nacked if !is_shared => {
                lanes.trust(&self.message.exchange);
            }
            Answer::Unknown(_) | Answer::ChannelClosed(_) if is_shared && session.is_up() => {
                lanes.distrust(&self.message.exchange);
            }
            _ => {}
        }
        if !matches!(answer, Answer::NotSent) {
            self.note_if_repeated();
        }
        in_flight.answered();
        answer
    }

    /// Hands the message over and waits for the answer; `None` if there is none to be expected any more.
    ///
    /// Nothing is awaited between looking whether the connection is blocked, which `lane` did last, and
    /// handing the message over.
    async fn exchange(
        &mut self,
        session: &Session,
        in_flight: &InFlight,
        is_shared: bool,
    ) -> Option<lapin::Result<Confirmation>> {
        let message = self.message;
        let mut link = self.hub.watch_link();
        let turn = &mut self.turn;
        let span = &mut *self.span;
        let exchange = async {
            // Where each has a channel to itself, nothing but the answer keeps messages in order.
            let handed_over = || drop(turn.take_if(|_| is_shared));
            in_flight.hand_over(message, span, handed_over).await?.await
        };
        tokio::pin!(exchange);
        // By hand, as `select!` lets others run first if the task has done much: an alarm may come meanwhile.
        let first = poll_fn(|cx| Poll::Ready(exchange.as_mut().poll(cx)));
        if let Poll::Ready(result) = first.await {
            return Some(result);
        }
        let mut answer_by = self.deadline.min(clock::after(self.core.confirm_timeout));
        let epoch = session.epoch();
        let lost = async {
            let of_another = |link: &Link<Session>| match link.session() {
                Some(session) => session.epoch() != epoch,
                None => true,
            };
            drop(link.wait_for(of_another).await);
        };
        tokio::pin!(lost);
        loop {
            tokio::select! {
                biased;
                result = &mut exchange => return Some(result),
                // lapin settles what was in flight within moments of the loss.
                () = &mut lost => {
                    let settled = self.deadline.min(clock::after(SETTLE));
                    return timeout_at(settled, &mut exchange).await.ok();
                }
                () = sleep_until(answer_by) => {
                    if clock::now() >= self.deadline || !session.is_blocked() {
                        return None;
                    }
                    // The broker is not reading: another copy would only join the first.
                    answer_by = self.deadline.min(clock::after(self.core.confirm_timeout));
                }
            }
        }
    }

    fn note_if_repeated(&self) {
        if self.unknown > 0 {
            self.hub.publishes.republished();
        }
    }
}

/// How long lapin may take to settle what was in flight on a lost connection; it takes some 25 ms.
const SETTLE: Duration = Duration::from_millis(250);
