//! One direction of one connection: reads from one end, applies the fault in force, writes to the other.
//!
//! Reading and writing are two loops with a short queue between them, so that delayed pieces wait side
//! by side instead of one after the other.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use rand::{RngExt, rngs::StdRng};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::tcp::{ReadHalf, WriteHalf},
    sync::mpsc,
    time::sleep_until,
};

use super::fault::{Fault, Faults};
use crate::clock;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    ToUpstream,
    ToClient,
}

/// Why a lane ended other than by the end of its stream.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The fault cut the connection.
    Cut,
    /// One end went away; the other must see a reset.
    Io,
}

impl From<io::Error> for Broken {
    fn from(_: io::Error) -> Self {
        Self::Io
    }
}

pub(crate) struct Lane {
    pub(crate) direction: Direction,
    pub(crate) faults: Faults,
    pub(crate) rng: StdRng,
    pub(crate) forwarded: Arc<AtomicU64>,
}

impl Lane {
    /// Forwards until the stream ends, which is passed on, or breaks.
    pub(crate) async fn run(self, from: ReadHalf<'_>, to: WriteHalf<'_>) -> Result<(), Broken> {
        let (queue, pieces) = mpsc::channel(QUEUED_PIECES);
        let reader = Reader {
            direction: self.direction,
            faults: self.faults.clone(),
            rng: self.rng,
        };
        let writer = Writer {
            direction: self.direction,
            counted: (self.faults.current().epoch, 0),
            faults: self.faults,
            forwarded: self.forwarded,
        };
        tokio::try_join!(reader.run(from, queue), writer.run(to, pieces))?;
        Ok(())
    }
}

struct Piece {
    bytes: Vec<u8>,
    due: Option<Instant>,
}

struct Reader {
    direction: Direction,
    faults: Faults,
    rng: StdRng,
}

impl Reader {
    async fn run(
        mut self,
        mut from: ReadHalf<'_>,
        queue: mpsc::Sender<Piece>,
    ) -> Result<(), Broken> {
        let mut buffer = vec![0; PIECE];
        loop {
            let read = from.read(&mut buffer).await?;
            if read == 0 {
                return Ok(());
            }
            let piece = Piece {
                bytes: buffer[..read].to_vec(),
                due: self.due(),
            };
            if queue.send(piece).await.is_err() {
                return Ok(());
            }
        }
    }

    fn due(&mut self) -> Option<Instant> {
        match self.faults.current().fault {
            Fault::Latency { delay, jitter } if self.direction == Direction::ToClient => {
                Some(clock::now() + late_by(delay, jitter, &mut self.rng))
            }
            _ => None,
        }
    }
}

struct Writer {
    direction: Direction,
    faults: Faults,
    /// The fault's number, and the bytes forwarded since it was set.
    counted: (u64, u64),
    forwarded: Arc<AtomicU64>,
}

impl Writer {
    async fn run(
        mut self,
        mut to: WriteHalf<'_>,
        mut pieces: mpsc::Receiver<Piece>,
    ) -> Result<(), Broken> {
        while let Some(piece) = pieces.recv().await {
            if let Some(due) = piece.due {
                sleep_until(due.into()).await;
            }
            self.forward(&mut to, &piece.bytes).await?;
        }
        self.faults.flowing().await;
        // The other end may have closed for good already; the other lane finds out.
        let _ = to.shutdown().await;
        Ok(())
    }

    async fn forward(&mut self, to: &mut WriteHalf<'_>, mut bytes: &[u8]) -> Result<(), Broken> {
        while !bytes.is_empty() {
            let in_force = self.faults.flowing().await;
            if self.counted.0 != in_force.epoch {
                self.counted = (in_force.epoch, 0);
            }
            let left = self.left_before_cut(in_force.fault);
            let step = match in_force.fault {
                Fault::Bandwidth { bytes_per_sec } => (bytes_per_sec / SLICES_PER_SECOND).max(1),
                _ => left.unwrap_or(u64::MAX),
            };
            let step = usize::try_from(step).map_or(bytes.len(), |step| step.min(bytes.len()));
            let (now, later) = bytes.split_at(step);
            to.write_all(now).await?;
            self.counted.1 += step as u64;
            self.forwarded.fetch_add(step as u64, Ordering::Relaxed);
            bytes = later;
            if left.is_some_and(|left| left == step as u64) {
                return Err(Broken::Cut);
            }
            if let Fault::Bandwidth { bytes_per_sec } = in_force.fault {
                let pause = Duration::from_secs_f64(step as f64 / bytes_per_sec as f64);
                self.faults.pause(pause).await;
            }
        }
        Ok(())
    }

    /// How many bytes may still pass before the connection is cut, if it is to be cut at all.
    fn left_before_cut(&self, fault: Fault) -> Option<u64> {
        match (fault, self.direction) {
            (Fault::CutAfter { bytes }, Direction::ToClient)
            | (Fault::CutRequestAfter { bytes }, Direction::ToUpstream) => {
                Some(bytes.saturating_sub(self.counted.1))
            }
            _ => None,
        }
    }
}

fn late_by(delay: Duration, jitter: Duration, rng: &mut StdRng) -> Duration {
    delay + jitter.mul_f64(rng.random_range(0.0..=1.0))
}

const PIECE: usize = 16 * 1024;
/// With [`PIECE`], what one direction holds back at most: 1 MiB.
const QUEUED_PIECES: usize = 64;
const SLICES_PER_SECOND: u64 = 50;

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    const DELAY: Duration = Duration::from_millis(100);
    const JITTER: Duration = Duration::from_millis(40);

    fn hundred(seed: u64) -> Vec<Duration> {
        let mut rng = StdRng::seed_from_u64(seed);
        let draw = |_| late_by(DELAY, JITTER, &mut rng);
        (0..100).map(draw).collect()
    }

    #[test]
    fn jitter_spreads_between_the_delay_and_the_delay_with_all_of_it() {
        let delays = hundred(7);
        let (least, most) = (delays.iter().min().unwrap(), delays.iter().max().unwrap());
        assert!(*least >= DELAY && *least < DELAY + JITTER / 4, "{least:?}");
        assert!(
            *most <= DELAY + JITTER && *most > DELAY + JITTER / 4 * 3,
            "{most:?}"
        );
    }

    #[test]
    fn the_same_seed_draws_the_same_jitter() {
        assert_eq!(hundred(7), hundred(7));
        assert_ne!(hundred(7), hundred(8));
    }
}
