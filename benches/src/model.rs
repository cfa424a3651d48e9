//! Watches a run of a messaging client: what the client said of each message, and what was in the queues at
//! the end.
//!
//! Each message has a number. Its record takes five bytes and is there before the run begins, so that a
//! run whose memory is measured does not grow by being watched.

mod report;

use std::time::Duration;

use parking_lot::Mutex;

pub use self::report::Report;

/// What a client said became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Told {
    /// The broker has it.
    Confirmed,
    /// The broker has it, perhaps more than once.
    ConfirmedPerhapsTwice,
    /// No queue took it: it came back.
    Returned,
    /// No queue took it, but what came back was another message.
    ReturnedAnother,
    /// The broker or its queue rejected it.
    Nacked,
    /// Not sent, for the broker was taking nothing.
    Blocked,
    /// Sent, perhaps, and nobody knows.
    Ambiguous,
    /// Not sent, or refused for good.
    NotSent,
    /// Nothing, long after its deadline: the caller gave up.
    Hung,
}

/// A queue, or the place of one that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Queue {
    /// Its name.
    pub name: &'static str,
    /// Whether a message that it rejects cannot be in it. A broker that is killed may reject what it has
    /// written already.
    pub rejects: bool,
}

impl Queue {
    /// A queue that takes what comes.
    #[must_use]
    pub const fn open(name: &'static str) -> Self {
        let rejects = false;
        Self { name, rejects }
    }

    /// A queue that rejects what it has no place for.
    #[must_use]
    pub const fn rejecting(name: &'static str) -> Self {
        let rejects = true;
        Self { name, rejects }
    }
}

/// The records of a run.
#[derive(Debug)]
pub struct Model {
    queues: Vec<Queue>,
    book: Mutex<Book>,
}

#[derive(Debug)]
struct Book {
    records: Vec<Record>,
    begun: usize,
    ended: u64,
    confirmed: u64,
    misplaced: u64,
    longest_overrun: Duration,
}

#[derive(Debug, Clone, Copy)]
struct Record {
    told: Option<Told>,
    queue: u8,
    /// How often it was found, other than as a redelivery.
    fresh: u8,
    redelivered: u8,
}

impl Model {
    /// An empty book for so many messages at most.
    #[must_use]
    pub fn new(queues: &[Queue], messages: usize) -> Self {
        // Not zeroes, which the system would hand out only when they are written to.
        let unused = Record {
            told: None,
            queue: u8::MAX,
            fresh: 0,
            redelivered: 0,
        };
        Self {
            queues: queues.to_vec(),
            book: Mutex::new(Book {
                records: vec![unused; messages],
                begun: 0,
                ended: 0,
                confirmed: 0,
                misplaced: 0,
                longest_overrun: Duration::ZERO,
            }),
        }
    }

    /// The number for the next message, which goes to the queue of this index; none when all are used.
    #[must_use]
    pub fn begin(&self, queue: u8) -> Option<usize> {
        let mut book = self.book.lock();
        let number = book.begun;
        book.records.get_mut(number)?.queue = queue;
        book.begun += 1;
        Some(number)
    }

    /// The client's answer, and by how much it was later than the message's deadline.
    ///
    /// # Panics
    /// If the message has an answer, or was not begun.
    pub fn told(&self, number: usize, told: Told, overrun: Duration) {
        let mut book = self.book.lock();
        assert!(number < book.begun, "message {number} was not begun");
        let before = book.records[number].told.replace(told);
        assert_eq!(before, None, "two answers to message {number}");
        book.ended += 1;
        book.confirmed += u64::from(told.is_confirmed());
        book.longest_overrun = book.longest_overrun.max(overrun);
    }

    /// A message that was in the queue of this index; `None` is one that has no number.
    pub fn found(&self, queue: u8, number: Option<usize>, redelivered: bool) {
        let mut book = self.book.lock();
        let begun = book.begun;
        let record = number
            .filter(|number| *number < begun)
            .map(|number| &mut book.records[number])
            .filter(|record| record.queue == queue);
        match record {
            Some(record) if redelivered => {
                record.redelivered = record.redelivered.saturating_add(1);
            }
            Some(record) => record.fresh = record.fresh.saturating_add(1),
            None => book.misplaced += 1,
        }
    }

    /// The name of the queue of this index.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn name_of(&self, queue: u8) -> &'static str {
        self.queues[usize::from(queue)].name
    }

    /// The queues, by their index.
    #[must_use]
    pub fn queues(&self) -> &[Queue] {
        &self.queues
    }

    /// Messages that have an answer.
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.book.lock().ended
    }

    /// Messages said to be confirmed.
    #[must_use]
    pub fn confirmed(&self) -> u64 {
        self.book.lock().confirmed
    }

    /// Messages to a queue with this answer.
    #[must_use]
    pub fn count(&self, queue: u8, told: Told) -> u64 {
        let book = self.book.lock();
        let records = book.records[..book.begun].iter();
        let such = records.filter(|record| record.queue == queue && record.told == Some(told));
        such.count() as u64
    }

    /// What the records come to.
    #[must_use]
    pub fn report(&self) -> Report {
        let book = self.book.lock();
        let mut report = Report {
            misplaced: book.misplaced,
            longest_overrun: book.longest_overrun,
            ..Report::default()
        };
        for record in &book.records[..book.begun] {
            let rejects = self.queues[usize::from(record.queue)].rejects;
            report.add(record, rejects);
        }
        report
    }
}

impl Told {
    const fn is_confirmed(self) -> bool {
        matches!(self, Self::Confirmed | Self::ConfirmedPerhapsTwice)
    }
}
