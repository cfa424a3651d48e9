//! Follows the frames that come from the broker, and picks out the messages that it sends back.

use super::returns::{Returned, Returns};

/// The frames of one connection, in whatever pieces they arrive. It looks at heads and skips the rest; only
/// `basic.return` and the properties of the message that follows it are read.
#[derive(Debug, Default)]
pub(super) struct Frames {
    place: Place,
    /// What was read of the part at hand.
    kept: Vec<u8>,
    /// Returns whose message has yet to follow, by channel.
    begun: Vec<(u16, Returned)>,
}

/// Where in a frame the next byte belongs.
#[derive(Debug, Clone, Copy, Default)]
enum Place {
    /// Type, channel and length.
    #[default]
    Head,
    /// Class and number of a method.
    Method { channel: u16, rest: usize },
    /// The rest of a `basic.return`, with the mark behind it.
    Return { channel: u16, left: usize },
    /// The properties of a message that was returned, with the mark.
    Properties { channel: u16, left: usize },
    /// What is of no interest, with the mark.
    Skipped { left: usize },
    /// These are no frames.
    Lost,
}

impl Frames {
    /// Reads on, and notes what was returned.
    pub(super) fn read(&mut self, mut bytes: &[u8], returns: &Returns) {
        while !bytes.is_empty() {
            bytes = match self.place {
                Place::Lost => return,
                Place::Skipped { left } => {
                    let skipped = left.min(bytes.len());
                    self.place = match left - skipped {
                        0 => Place::Head,
                        left => Place::Skipped { left },
                    };
                    &bytes[skipped..]
                }
                Place::Head => self.part(HEAD, bytes, |frames| frames.head()),
                Place::Method { channel, rest } => self.part(METHOD, bytes, |frames| {
                    let is_return = frames.kept == BASIC_RETURN;
                    frames.place = if is_return {
                        Place::Return {
                            channel,
                            left: rest,
                        }
                    } else {
                        Place::Skipped { left: rest }
                    };
                }),
                Place::Return { channel, left } => self.part(left, bytes, |frames| {
                    frames.place = Place::Head;
                    match Returned::parse(&frames.kept) {
                        Some(returned) => frames.begun.push((channel, returned)),
                        None => frames.place = Place::Lost,
                    }
                }),
                Place::Properties { channel, left } => self.part(left, bytes, |frames| {
                    frames.place = Place::Head;
                    let begun = frames.begun.iter().position(|(of, _)| *of == channel);
                    let Some(begun) = begun else { return };
                    let (_, returned) = frames.begun.swap_remove(begun);
                    if let Some(id) = message_id(&frames.kept) {
                        returns.note(channel, id, returned);
                    }
                }),
            };
        }
    }

    /// Collects a part of this length, and goes on when it is there. Returns what is left to read.
    fn part<'b>(
        &mut self,
        length: usize,
        bytes: &'b [u8],
        then: impl FnOnce(&mut Self),
    ) -> &'b [u8] {
        let wanted = length - self.kept.len();
        let taken = wanted.min(bytes.len());
        self.kept.extend_from_slice(&bytes[..taken]);
        if taken == wanted {
            then(self);
            self.kept.clear();
        }
        &bytes[taken..]
    }

    fn head(&mut self) {
        let [kind, c1, c2, s1, s2, s3, s4] = self.kept[..] else {
            return;
        };
        let channel = u16::from_be_bytes([c1, c2]);
        // With the mark behind the frame.
        let left = usize::try_from(u32::from_be_bytes([s1, s2, s3, s4]))
            .unwrap_or(usize::MAX)
            .saturating_add(1);
        let returned = |(of, _): &(u16, Returned)| *of == channel;
        self.place = match kind {
            FRAME_METHOD if left > METHOD => Place::Method {
                channel,
                rest: left - METHOD,
            },
            FRAME_HEADER if self.begun.iter().any(returned) => Place::Properties { channel, left },
            FRAME_METHOD | FRAME_HEADER | FRAME_BODY | FRAME_HEARTBEAT => Place::Skipped { left },
            _ => Place::Lost,
        };
    }
}

/// The message id among the properties in a content header.
fn message_id(header: &[u8]) -> Option<&str> {
    // Class, weight and body size stand in front.
    let mut fields = Fields(header.get(12..)?);
    let flags = fields.short()?;
    let has = |bit: u16| flags & (1 << bit) != 0;
    for bit in [CONTENT_TYPE, CONTENT_ENCODING] {
        if has(bit) {
            fields.text()?;
        }
    }
    if has(HEADERS) {
        let length = fields.long()?;
        fields.take(usize::try_from(length).ok()?)?;
    }
    for bit in [DELIVERY_MODE, PRIORITY] {
        if has(bit) {
            fields.take(1)?;
        }
    }
    for bit in [CORRELATION_ID, REPLY_TO, EXPIRATION] {
        if has(bit) {
            fields.text()?;
        }
    }
    if has(MESSAGE_ID) { fields.text() } else { None }
}

/// What is left to read of some arguments.
pub(super) struct Fields<'b>(pub(super) &'b [u8]);

impl<'b> Fields<'b> {
    fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn short(&mut self) -> Option<u16> {
        let bytes = self.take(2)?.try_into().ok()?;
        Some(u16::from_be_bytes(bytes))
    }

    fn long(&mut self) -> Option<u32> {
        let bytes = self.take(4)?.try_into().ok()?;
        Some(u32::from_be_bytes(bytes))
    }

    /// A short string.
    pub(super) fn text(&mut self) -> Option<&'b str> {
        let length = self.take(1)?[0];
        std::str::from_utf8(self.take(length.into())?).ok()
    }
}

// AMQP 0-9-1, sections 2.3.5 (frames), 4.2.3 (their heads), 4.2.6 (content headers); class 60 is `basic`,
// its method 50 `return`.
const HEAD: usize = 7;
const METHOD: usize = 4;
const BASIC_RETURN: [u8; METHOD] = [0, 60, 0, 50];
const FRAME_METHOD: u8 = 1;
const FRAME_HEADER: u8 = 2;
const FRAME_BODY: u8 = 3;
const FRAME_HEARTBEAT: u8 = 8;
const CONTENT_TYPE: u16 = 15;
const CONTENT_ENCODING: u16 = 14;
const HEADERS: u16 = 13;
const DELIVERY_MODE: u16 = 12;
const PRIORITY: u16 = 11;
const CORRELATION_ID: u16 = 10;
const REPLY_TO: u16 = 9;
const EXPIRATION: u16 = 8;
const MESSAGE_ID: u16 = 7;

#[cfg(test)]
mod tests;
