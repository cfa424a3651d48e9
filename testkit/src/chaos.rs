//! Random replies that a seed decides, and a count of what reached the server under which id.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::{Received, Reply};

/// Answers each request with one of some replies, drawn by their weights, and counts how often each
/// request has come.
///
/// Requests say who they are in a header of the caller's choice. What a request gets depends on the
/// seed, its id and how often that id was seen before, and not on the order of arrival: a seed means the
/// same in every run, however many clients there are. A request without the header draws by its place in
/// the order of arrival, and is not counted.
///
/// Memory is bounded: a few bytes for each id, up to a million of them.
///
/// # Examples
///
/// ```
/// use steadfast_testkit::{Chaos, HttpUpstream, Reply};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), reqwest::Error> {
/// let chaos = Chaos::new(7, "x-id", [
///     (80, Reply::ok("fine")),
///     (10, Reply::status(503).header("retry-after", "0")),
///     (5, Reply::reset()),
///     (5, Reply::ok("half of this").cut_body_after(6)),
/// ]);
/// let upstream = HttpUpstream::start().await;
/// upstream.keep_last(0);
/// upstream.respond_with(chaos.responder());
///
/// let client = reqwest::Client::new();
/// let _ = client.post(upstream.url("/")).header("x-id", "a").send().await;
/// assert_eq!(chaos.seen("a").arrived, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Chaos(Arc<Inner>);

/// How often an id was seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Seen {
    /// Whole requests that arrived.
    pub arrived: u32,
    /// Those that a client must take for done in part or whole: all but the ones whose reply was
    /// [REFUSED_STREAM](Reply::reset_stream) or [GOAWAY](Reply::go_away), which on HTTP/2 say that nothing
    /// was touched.
    pub taken: u32,
}

#[derive(Debug)]
struct Inner {
    seed: u64,
    header: String,
    choices: Vec<Choice>,
    total: u64,
    anonymous: AtomicU64,
    /// By the hash of the id, so that an id of any length costs the same.
    seen: Mutex<HashMap<u64, Seen>>,
}

#[derive(Debug)]
struct Choice {
    weight: u64,
    reply: Reply,
    drawn: AtomicU64,
}

impl Chaos {
    /// Draws from these replies, each as often as its weight is of the sum of them, and counts requests
    /// by what this header says.
    ///
    /// # Panics
    ///
    /// When the weights are all zero.
    #[must_use]
    pub fn new(
        seed: u64,
        header: impl Into<String>,
        replies: impl IntoIterator<Item = (u32, Reply)>,
    ) -> Self {
        let choices: Vec<Choice> = replies
            .into_iter()
            .map(|(weight, reply)| Choice {
                weight: weight.into(),
                reply,
                drawn: AtomicU64::new(0),
            })
            .collect();
        let total = choices.iter().map(|choice| choice.weight).sum();
        assert!(total > 0, "nothing to draw from: no reply has a weight");
        Self(Arc::new(Inner {
            seed,
            header: header.into(),
            choices,
            total,
            anonymous: AtomicU64::new(0),
            seen: Mutex::default(),
        }))
    }

    /// The closure for [`Upstream::respond_with`](crate::Upstream::respond_with). All closures of one
    /// `Chaos` count together.
    pub fn responder(&self) -> impl Fn(&Received, usize) -> Reply + Send + Sync + 'static {
        let inner = Arc::clone(&self.0);
        move |received, _| inner.reply(received)
    }

    /// How often this id was seen.
    ///
    /// # Panics
    ///
    /// After a million different ids, since later ones were not counted.
    #[must_use]
    pub fn seen(&self, id: &str) -> Seen {
        let seen = self.0.seen.lock();
        assert!(
            seen.len() < MOST_IDS,
            "more than {MOST_IDS} ids: not counted"
        );
        seen.get(&hash(id)).copied().unwrap_or_default()
    }

    /// How many different ids were seen.
    #[must_use]
    pub fn ids(&self) -> usize {
        self.0.seen.lock().len()
    }

    /// How often each reply was drawn, in the order in which they were given.
    #[must_use]
    pub fn drawn(&self) -> Vec<u64> {
        let choices = self.0.choices.iter();
        choices
            .map(|choice| choice.drawn.load(Ordering::Relaxed))
            .collect()
    }
}

impl Inner {
    fn reply(&self, received: &Received) -> Reply {
        let Some(id) = received.header(&self.header).map(hash) else {
            let nth = self.anonymous.fetch_add(1, Ordering::Relaxed);
            return self.draw(0, nth).reply.clone();
        };
        let mut seen = self.seen.lock();
        let before = seen.get(&id).map_or(0, |seen| seen.arrived);
        let choice = self.draw(id, before.into());
        if before > 0 || seen.len() < MOST_IDS {
            let seen = seen.entry(id).or_default();
            seen.arrived += 1;
            seen.taken += u32::from(!choice.reply.is_refusal());
        }
        choice.reply.clone()
    }

    /// What the `nth` request of an id gets.
    fn draw(&self, id: u64, nth: u64) -> &Choice {
        let seed = self.seed ^ id.rotate_left(17) ^ nth.wrapping_mul(GOLDEN);
        let mut left = StdRng::seed_from_u64(seed).random_range(0..self.total);
        let mut choices = self.choices.iter();
        let drawn = choices.find(|choice| match left.checked_sub(choice.weight) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        });
        let drawn = drawn.expect("the weights add up to the total");
        drawn.drawn.fetch_add(1, Ordering::Relaxed);
        drawn
    }
}

/// FNV-1a: the same in every build, and so is what a seed means.
fn hash(id: &str) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325;
    id.bytes().fold(start, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

const MOST_IDS: usize = 1 << 20;
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
