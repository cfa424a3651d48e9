//! What an answer carries: some bytes, or a recipe for more of them than memory holds.

use bytes::Bytes;

/// A body that is never in memory as a whole: a start, one batch over and over, an end.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    start: Bytes,
    batch: Bytes,
    batches: u64,
    end: Bytes,
}

impl Body {
    pub(crate) const EMPTY: Self = Self {
        start: Bytes::new(),
        batch: Bytes::new(),
        batches: 0,
        end: Bytes::new(),
    };

    pub(crate) fn repeat(piece: &[u8], times: u64) -> Self {
        Self::repeat_between(Vec::new(), piece, times, &[])
    }

    /// `start`, `piece` so many times, and `end`.
    ///
    /// # Panics
    ///
    /// When that is longer than 64 bits can say.
    pub(crate) fn repeat_between(start: Vec<u8>, piece: &[u8], times: u64, end: &[u8]) -> Self {
        // Short pieces are sent many at a time.
        let in_batch = (BATCH / piece.len().max(1)).max(1) as u64;
        let in_batch = in_batch.min(times.max(1));
        let batch = piece.repeat(in_batch as usize);
        let rest = piece.len() * (times % in_batch) as usize;
        let body = Self {
            start: start.into(),
            end: [&batch[..rest], end].concat().into(),
            batch: batch.into(),
            batches: times / in_batch,
        };
        assert!(body.checked_len().is_some(), "the body is too long");
        body
    }

    pub(crate) fn len(&self) -> u64 {
        self.checked_len().expect("checked when it was made")
    }

    /// The bytes in order, in pieces of at most `most`, which is not zero.
    pub(crate) fn pieces(&self, most: usize) -> impl Iterator<Item = Bytes> {
        let batches = (0..self.batches).map(|_| self.batch.clone());
        let parts = [self.start.clone()].into_iter().chain(batches);
        parts
            .chain([self.end.clone()])
            .flat_map(move |part| split(part, most))
    }

    fn checked_len(&self) -> Option<u64> {
        let batches = (self.batch.len() as u64).checked_mul(self.batches)?;
        batches.checked_add((self.start.len() + self.end.len()) as u64)
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self {
            start: bytes.into(),
            ..Self::EMPTY
        }
    }
}

fn split(mut part: Bytes, most: usize) -> impl Iterator<Item = Bytes> {
    std::iter::from_fn(move || {
        let piece = part.split_to(most.min(part.len()));
        (!piece.is_empty()).then_some(piece)
    })
}

const BATCH: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn written(body: &Body) -> Vec<u8> {
        body.pieces(usize::MAX).flatten().collect()
    }

    #[test]
    fn repeats_any_piece_exactly_so_many_times() {
        for length in [0, 1, 3, BATCH - 1, BATCH, BATCH + 1] {
            let piece: Vec<u8> = (0..length).map(|at| at as u8).collect();
            for times in [0, 1, 2, 5, 5462] {
                if length * times > 1 << 20 {
                    continue;
                }
                let body = Body::repeat_between(vec![1], &piece, times as u64, &[2]);
                let expected = [&[1][..], &piece.repeat(times), &[2]].concat();
                assert_eq!(written(&body), expected, "{length} bytes {times} times");
                assert_eq!(body.len(), expected.len() as u64);
            }
        }
    }

    #[test]
    fn splits_into_pieces_of_at_most_so_many_bytes() {
        let body = Body::from(b"abcde".to_vec());
        let pieces: Vec<Bytes> = body.pieces(2).collect();
        assert_eq!(pieces, ["ab", "cd", "e"]);
    }

    #[test]
    fn says_how_long_it_is_without_being_that_long() {
        assert_eq!(Body::repeat(&[0; 1024], 1 << 40).len(), 1 << 50);
    }

    #[test]
    #[should_panic = "too long"]
    fn refuses_a_length_beyond_64_bits() {
        let _ = Body::repeat(b"ab", u64::MAX);
    }
}
