//! What the records of a run come to.

use std::time::Duration;

use super::{Record, Told};

/// Counts of messages, first by answer, then of what must not be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Given to the client.
    pub published: u64,
    /// Said to be with the broker.
    pub confirmed: u64,
    /// Said to have come back.
    pub returned: u64,
    /// Said to be rejected.
    pub nacked: u64,
    /// Said not to be sent, as the broker took nothing.
    pub blocked: u64,
    /// Of which the client said that it does not know.
    pub ambiguous: u64,
    /// Said not to be sent, or to be refused.
    pub not_sent: u64,
    /// Said to be unknown, and found.
    pub ambiguous_found: u64,
    /// Found more than once.
    pub found_twice: u64,
    /// The longest time by which an answer was later than its deadline.
    pub longest_overrun: Duration,

    /// Said to be confirmed, and not found.
    pub confirmed_missing: u64,
    /// Said to have come back, and found.
    pub returned_found: u64,
    /// Came back as another message.
    pub returned_another: u64,
    /// Said to be rejected by a queue that rejects, and found in it.
    pub nacked_found: u64,
    /// Said to be blocked, and found.
    pub blocked_found: u64,
    /// Said not to be sent, and found.
    pub not_sent_found: u64,
    /// Found more than once, said to be confirmed, and not said to be perhaps there twice.
    pub twice_unmarked: u64,
    /// Found in a queue to which they were not sent.
    pub misplaced: u64,
    /// Given up on by the caller, long after the deadline.
    pub hung: u64,
    /// Those of them that were found.
    pub hung_found: u64,
    /// Without an answer at the end of the run.
    pub unanswered: u64,
}

impl Report {
    pub(super) fn add(&mut self, record: &Record, rejects: bool) {
        self.published += 1;
        let found = record.fresh > 0 || record.redelivered > 0;
        let twice = record.fresh > 1;
        self.found_twice += u64::from(twice);
        match record.told {
            Some(told @ (Told::Confirmed | Told::ConfirmedPerhapsTwice)) => {
                self.confirmed += 1;
                self.confirmed_missing += u64::from(!found);
                self.twice_unmarked += u64::from(twice && told == Told::Confirmed);
            }
            Some(told @ (Told::Returned | Told::ReturnedAnother)) => {
                self.returned += 1;
                self.returned_found += u64::from(found);
                self.returned_another += u64::from(told == Told::ReturnedAnother);
            }
            Some(Told::Nacked) => {
                self.nacked += 1;
                self.nacked_found += u64::from(found && rejects);
            }
            Some(Told::Blocked) => {
                self.blocked += 1;
                self.blocked_found += u64::from(found);
            }
            Some(Told::Ambiguous) => {
                self.ambiguous += 1;
                self.ambiguous_found += u64::from(found);
            }
            Some(Told::NotSent) => {
                self.not_sent += 1;
                self.not_sent_found += u64::from(found);
            }
            Some(Told::Hung) => {
                self.hung += 1;
                self.hung_found += u64::from(found);
            }
            None => self.unanswered += 1,
        }
    }

    /// Everything that must be zero, with what it is in words.
    #[must_use]
    pub fn rules(&self) -> [(&'static str, u64); 10] {
        [
            ("confirmed, and in no queue", self.confirmed_missing),
            ("returned, and in a queue", self.returned_found),
            ("returned with another's body", self.returned_another),
            ("rejected by a full queue, and in it", self.nacked_found),
            ("blocked, and in a queue", self.blocked_found),
            ("not sent, and in a queue", self.not_sent_found),
            ("in a queue twice, and not marked", self.twice_unmarked),
            ("in a queue they were not sent to", self.misplaced),
            ("no answer by the deadline", self.hung),
            ("no answer at the end", self.unanswered),
        ]
    }

    /// The rules that were broken: how often, and which.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        let broken = self.rules().into_iter().filter(|(_, count)| *count > 0);
        broken
            .map(|(rule, count)| format!("{count} {rule}"))
            .collect()
    }
}
