//! The frames are written by the encoder that lapin uses.

use std::sync::Arc;

use amq_protocol::frame::{AMQPContentHeader, AMQPFrame, WriteContext, gen_frame};
use amq_protocol::protocol::{AMQPClass, basic};
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use proptest::prelude::*;

use super::*;

fn encoded(frame: &AMQPFrame) -> Vec<u8> {
    let written = gen_frame::<Vec<u8>>(frame)(WriteContext::from(Vec::new()));
    written.unwrap().into_inner().0
}

fn header(channel: u16, properties: BasicProperties, body_size: u64) -> AMQPFrame {
    let content = AMQPContentHeader {
        class_id: 60,
        body_size,
        properties,
    };
    AMQPFrame::Header(channel, content)
}

fn basic_return(channel: u16, exchange: &str, routing_key: &str) -> AMQPFrame {
    let method = basic::AMQPMethod::Return(basic::Return {
        reply_code: 312,
        reply_text: "NO_ROUTE".into(),
        exchange: exchange.into(),
        routing_key: routing_key.into(),
    });
    AMQPFrame::Method(channel, AMQPClass::Basic(method))
}

fn ack(channel: u16, delivery_tag: u64) -> AMQPFrame {
    let method = basic::AMQPMethod::Ack(basic::Ack {
        delivery_tag,
        multiple: true,
    });
    AMQPFrame::Method(channel, AMQPClass::Basic(method))
}

/// All the properties that stand before the message id, or none of them.
fn properties(id: &str, full: bool) -> BasicProperties {
    let properties = BasicProperties::default().with_message_id(id.into());
    if !full {
        return properties;
    }
    let mut headers = FieldTable::default();
    headers.insert("tenant".into(), AMQPValue::LongString("seven".into()));
    properties
        .with_content_type("text/plain".into())
        .with_content_encoding("identity".into())
        .with_headers(headers)
        .with_delivery_mode(2)
        .with_priority(4)
        .with_correlation_id("c".into())
        .with_reply_to("r".into())
        .with_expiration("60000".into())
        .with_app_id("a".into())
}

fn returned(exchange: &str, routing_key: &str) -> Returned {
    Returned {
        reply_code: 312,
        reply_text: "NO_ROUTE".into(),
        exchange: exchange.into(),
        routing_key: routing_key.into(),
    }
}

/// A message on a channel that comes back, or frames in between.
#[derive(Debug, Clone)]
enum Piece {
    Return {
        channel: u16,
        key: String,
        full: bool,
        body: Vec<u8>,
    },
    Ack(u16),
    Heartbeat,
    Delivery {
        channel: u16,
        body: Vec<u8>,
    },
}

fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    let body = || prop::collection::vec(any::<u8>(), 0..40);
    let piece = prop_oneof![
        (1..4_u16, "[a-z]{0,8}", any::<bool>(), body()).prop_map(|(channel, key, full, body)| {
            Piece::Return {
                channel,
                key,
                full,
                body,
            }
        }),
        (1..4_u16).prop_map(Piece::Ack),
        Just(Piece::Heartbeat),
        (1..4_u16, body()).prop_map(|(channel, body)| Piece::Delivery { channel, body }),
    ];
    prop::collection::vec(piece, 0..30)
}

proptest! {
    #[test]
    fn every_return_is_noted_however_the_bytes_arrive(
        pieces in pieces(),
        cuts in prop::collection::vec(1..50_usize, 1..20),
    ) {
        let mut bytes = Vec::new();
        let mut write = |frame: AMQPFrame| bytes.extend(encoded(&frame));
        for (number, piece) in pieces.iter().enumerate() {
            match piece {
                Piece::Return { channel, key, full, body } => {
                    write(basic_return(*channel, "e", key));
                    // Another channel's frames may stand in between.
                    write(ack(channel + 1, 7));
                    let size = body.len() as u64;
                    write(header(*channel, properties(&number.to_string(), *full), size));
                    if !body.is_empty() {
                        write(AMQPFrame::Body(*channel, body.clone()));
                    }
                }
                Piece::Ack(channel) => write(ack(*channel, 1)),
                Piece::Heartbeat => write(AMQPFrame::Heartbeat),
                Piece::Delivery { channel, body } => {
                    let deliver = basic::AMQPMethod::Deliver(basic::Deliver {
                        consumer_tag: "c".into(),
                        delivery_tag: 1,
                        redelivered: false,
                        exchange: "e".into(),
                        routing_key: "k".into(),
                    });
                    write(AMQPFrame::Method(*channel, AMQPClass::Basic(deliver)));
                    let id = number.to_string();
                    write(header(*channel, properties(&id, true), body.len() as u64));
                    write(AMQPFrame::Body(*channel, body.clone()));
                }
            }
        }

        let returns = Arc::<Returns>::default();
        let listening: Vec<_> = (1..4).map(|channel| returns.listen(channel)).collect();
        let mut frames = Frames::default();
        let (mut rest, mut cut) = (&bytes[..], cuts.iter().cycle());
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at((*cut.next().unwrap()).min(rest.len()));
            frames.read(piece, &returns);
            rest = behind;
        }
        for (number, piece) in pieces.iter().enumerate() {
            let id = number.to_string();
            for channel in 1..4_u16 {
                let taken = match piece {
                    Piece::Return { key, .. } => listening[usize::from(channel - 1)].take(&id, "e", key),
                    _ => listening[usize::from(channel - 1)].take(&id, "e", "k"),
                };
                let expected = match piece {
                    Piece::Return { channel: its, key, .. } if *its == channel => Some(returned("e", key)),
                    _ => None,
                };
                prop_assert_eq!(taken, expected);
            }
        }
    }

    #[test]
    fn nonsense_is_survived(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let returns = Arc::<Returns>::default();
        let _listening = returns.listen(1);
        Frames::default().read(&bytes, &returns);
    }
}

#[test]
fn two_messages_of_one_id_are_told_apart_by_where_they_went() {
    let returns = Arc::<Returns>::default();
    let listening = returns.listen(1);
    for key in ["a", "b", "a"] {
        returns.note(1, "same", returned("e", key));
    }
    assert_eq!(listening.take("same", "e", "b"), Some(returned("e", "b")));
    assert_eq!(listening.take("same", "e", "b"), None);
    assert_eq!(listening.take("same", "e", "a"), Some(returned("e", "a")));
    assert_eq!(listening.take("same", "e", "a"), Some(returned("e", "a")));
    assert_eq!(listening.take("same", "e", "a"), None);
}

#[test]
fn only_those_of_a_channel_that_is_listened_to_are_kept() {
    let returns = Arc::<Returns>::default();
    returns.note(1, "id", returned("", "k"));
    let listening = returns.listen(1);
    assert_eq!(listening.take("id", "", "k"), None, "it came before");
    returns.note(1, "id", returned("", "k"));
    drop(listening);
    let listening = returns.listen(1);
    assert_eq!(
        listening.take("id", "", "k"),
        None,
        "that was another user's channel"
    );
}

#[test]
fn a_number_that_is_used_again_is_its_new_users() {
    let returns = Arc::<Returns>::default();
    let before = returns.listen(1);
    let now = returns.listen(1);
    returns.note(1, "id", returned("", "k"));
    assert_eq!(before.take("id", "", "k"), None, "its channel has gone");
    drop(before);
    assert_eq!(now.take("id", "", "k"), Some(returned("", "k")));
}
