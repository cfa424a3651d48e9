//! What waits to be told to the observers.

use std::collections::VecDeque;

use crate::observer::Event;

/// Room for so many events, about two megabytes, and for four of each component: all of them can change at once.
const ROOM: usize = 16_384;

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    events: VecDeque<Event>,
    /// Whether somebody is telling events; whoever is tells the ones that come in meanwhile.
    telling: bool,
    /// Events for which there was no room, because an observer did not return.
    pub(crate) dropped: u64,
}

impl Outbox {
    pub(crate) fn push(&mut self, event: Event, components: usize) {
        if self.events.len() < components.saturating_mul(4).saturating_add(ROOM) {
            self.events.push_back(event);
        } else {
            self.dropped += 1;
        }
    }

    /// Begins telling; `false` if somebody else is at it.
    pub(crate) fn begin_telling(&mut self) -> bool {
        !std::mem::replace(&mut self.telling, true)
    }

    /// The next event to tell. When there is none, telling has ended.
    pub(crate) fn next_event(&mut self) -> Option<Event> {
        let event = self.events.pop_front();
        self.telling = event.is_some();
        event
    }
}
