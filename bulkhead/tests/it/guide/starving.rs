//! How long the first in its line waits for others, at most.

use std::{collections::VecDeque, task::Poll};

use steadfast_bulkhead::{Bulkhead, Permit, Priority, Rejected};

use super::table;
use crate::support::{Alarm, Boxed, Random, poll};

type Acquire = Boxed<'static, Result<Permit, Rejected>>;

const ALL: [Priority; 3] = [Priority::High, Priority::Normal, Priority::Low];

/// As the page of `Priority` says: served before the n-th in its line, of all others together.
fn most_before(own: usize, n: u32, shares: [u32; 3]) -> u32 {
    let others = (0..3).filter(|other| *other != own).map(|other| {
        let (theirs, ours) = (n * shares[other], shares[own]);
        if other < own {
            theirs / ours + 1
        } else {
            theirs.div_ceil(ours)
        }
    });
    others.sum()
}

struct Waiter {
    acquire: Acquire,
    /// Its number in its line when it came, and how many of other priorities were served since.
    position: u32,
    others: u32,
}

/// One place, and everybody who wants it.
struct Lines {
    bulkhead: Bulkhead,
    shares: [u32; 3],
    held: Option<Permit>,
    lines: [VecDeque<Waiter>; 3],
    /// How many others were served since the first of each line is that.
    since_first: [u32; 3],
    most: [u32; 3],
}

impl Lines {
    fn new(shares: [u32; 3]) -> Self {
        let bulkhead = Bulkhead::builder("starving")
            .max_concurrent(1)
            .max_waiting(10_000)
            .high_share(shares[0])
            .normal_share(shares[1])
            .low_share(shares[2])
            .build()
            .unwrap();
        Self {
            held: Some(bulkhead.try_acquire().unwrap()),
            bulkhead,
            shares,
            lines: Default::default(),
            since_first: [0; 3],
            most: [0; 3],
        }
    }

    fn join(&mut self, class: usize) {
        let bulkhead = self.bulkhead.with_priority(ALL[class]);
        let mut acquire: Acquire = Box::pin(async move { bulkhead.acquire().await });
        assert!(poll(&mut acquire, &Alarm::new()).is_pending());
        let line = &mut self.lines[class];
        if line.is_empty() {
            self.since_first[class] = 0;
        }
        line.push_back(Waiter {
            acquire,
            position: line.len() as u32 + 1,
            others: 0,
        });
    }

    fn leave(&mut self, class: usize, index: usize) {
        if self.lines[class].remove(index).is_some() && index == 0 {
            self.since_first[class] = 0;
        }
    }

    /// Serves one, if anybody waits.
    fn serve(&mut self) -> Option<usize> {
        if self.lines.iter().all(VecDeque::is_empty) {
            return None;
        }
        self.held = None;
        let served = (0..3).find(|class| {
            let Some(first) = self.lines[*class].front_mut() else {
                return false;
            };
            match poll(&mut first.acquire, &Alarm::new()) {
                Poll::Ready(permit) => {
                    self.held = Some(permit.unwrap());
                    true
                }
                Poll::Pending => false,
            }
        });
        let served = served.expect("somebody who is first in a line");
        let first = self.lines[served].pop_front().unwrap();
        let bound = most_before(served, first.position, self.shares);
        assert!(first.others <= bound, "{} of {bound}", first.others);
        self.since_first[served] = 0;
        for other in (0..3).filter(|other| *other != served) {
            self.lines[other]
                .iter_mut()
                .for_each(|waiter| waiter.others += 1);
            if !self.lines[other].is_empty() {
                let count = &mut self.since_first[other];
                *count += 1;
                self.most[other] = self.most[other].max(*count);
                assert!(*count <= most_before(other, 1, self.shares), "{other}");
            }
        }
        Some(served)
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_more_others_than_the_page_says_whatever_comes() {
    for shares in [[16, 4, 1], [1, 1, 1], [5, 3, 2], [1, 7, 100], [100, 1, 1]] {
        let mut lines = Lines::new(shares);
        let mut random = Random(u64::from(shares[0]));
        for _ in 0..2_000 {
            let class = random.below(3) as usize;
            match random.below(20) {
                0..=8 => lines.join(class),
                9 if !lines.lines[class].is_empty() => {
                    let index = random.below(lines.lines[class].len() as u64);
                    lines.leave(class, index as usize);
                }
                _ => drop(lines.serve()),
            }
        }
    }
}

/// The worst: one of the same priority was served just before, and then crowds of the others come.
#[tokio::test(start_paused = true)]
async fn the_first_of_each_line_may_wait_for_as_many_as_the_page_says_and_no_more() {
    for shares in [[16, 4, 1], [1, 1, 1], [5, 3, 2], [1, 7, 100]] {
        for own in 0..3 {
            let mut lines = Lines::new(shares);
            lines.join(own);
            lines.join(own);
            assert_eq!(lines.serve(), Some(own));
            for other in (0..3).filter(|other| *other != own) {
                (0..120).for_each(|_| lines.join(other));
            }
            while lines.serve() != Some(own) {}
            assert_eq!(lines.most[own], most_before(own, 1, shares), "{shares:?}");
        }
    }
}

#[test]
fn the_page_tells_for_how_many_others_the_first_in_line_waits() {
    let rows = table("| priority | others");
    assert_eq!(rows.len(), 3);
    for (own, row) in rows.iter().enumerate() {
        let most = most_before(own, 1, [16, 4, 1]);
        assert_eq!(row[1], most.to_string(), "{row:?}");
    }
}
