//! A gzip file of zeros, as long as wanted, from one short piece.
//!
//! A deflate stream is a row of blocks. A piece that was compressed on its own refers to nothing before
//! it, and flushed, it ends on a whole byte: so it may stand in the stream any number of times. Each
//! time it inflates to the same [`UNIT`] of zeros, a thousand times its size.

use std::io::Write;

use flate2::{Compression, Crc, write::DeflateEncoder};

use super::body::Body;

/// A whole, correct gzip file that inflates to `bytes` zeros.
pub(crate) fn zeros(bytes: u64) -> Body {
    let (times, rest) = (bytes / UNIT as u64, (bytes % UNIT as u64) as usize);
    let unit = vec![0; UNIT];
    let start = [&HEADER[..], &deflated(&unit[..rest])].concat();
    let (mut all, mut each) = (Crc::new(), Crc::new());
    all.update(&unit[..rest]);
    each.update(&unit);
    (0..times).for_each(|_| all.combine(&each));
    // The length is kept modulo 2^32; so the format says.
    let trailer = [all.sum().to_le_bytes(), (bytes as u32).to_le_bytes()].concat();
    let end = [&LAST_BLOCK[..], &trailer].concat();
    Body::repeat_between(start, &deflated(&unit), times, &end)
}

/// The bytes as blocks none of which is the last, up to a whole byte.
fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(bytes).and_then(|()| encoder.flush());
    written.expect("a Vec takes all that is written to it");
    std::mem::take(encoder.get_mut())
}

const UNIT: usize = 1 << 20;
/// Deflate, no name, no time, no system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// An empty block with the mark of the last one.
const LAST_BLOCK: [u8; 2] = [3, 0];

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    fn file(bytes: u64) -> Vec<u8> {
        zeros(bytes).pieces(usize::MAX).flatten().collect()
    }

    #[test]
    fn inflates_to_so_many_zeros_and_a_right_checksum() {
        for bytes in [0, 1, 1000, UNIT - 1, UNIT, UNIT + 1, 3 * UNIT + 5] {
            let file = file(bytes as u64);
            let mut inflated = Vec::new();
            let read = GzDecoder::new(&file[..]).read_to_end(&mut inflated);
            assert_eq!(read.unwrap(), bytes);
            assert!(inflated.iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn ten_gibibytes_take_ten_mebibytes_on_the_wire_and_a_few_kibibytes_here() {
        let body = zeros(10 << 30);
        assert!(body.len() < 12 << 20, "{}", body.len());
        let piece = body.pieces(usize::MAX).nth(1);
        assert!(piece.is_some_and(|piece| piece.len() < 20 << 10));
    }
}
