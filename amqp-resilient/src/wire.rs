//! How large a message's header is on the wire. A header larger than the broker's frame limit makes
//! the broker close the whole connection, and every connection on which it is tried again.

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, ShortString};

/// The size of the content header frame of a message with these properties.
pub(crate) fn header_frame_len(properties: &BasicProperties) -> usize {
    let short = |text: &Option<ShortString>| text.as_ref().map_or(0, short_len);
    let byte = |byte: &Option<u8>| usize::from(byte.is_some());
    FRAME_OVERHEAD
        + HEADER_FIXED
        + short(properties.content_type())
        + short(properties.content_encoding())
        + properties.headers().as_ref().map_or(0, table_len)
        + byte(properties.delivery_mode())
        + byte(properties.priority())
        + short(properties.correlation_id())
        + short(properties.reply_to())
        + short(properties.expiration())
        + short(properties.message_id())
        + properties.timestamp().map_or(0, |_| 8)
        + short(properties.kind())
        + short(properties.user_id())
        + short(properties.app_id())
        + short(properties.cluster_id())
}

fn short_len(text: &ShortString) -> usize {
    1 + text.as_str().len()
}

fn table_len(table: &FieldTable) -> usize {
    let entries = table.inner().iter();
    4 + entries
        .map(|(key, value)| short_len(key) + value_len(value))
        .sum::<usize>()
}

fn value_len(value: &AMQPValue) -> usize {
    1 + match value {
        AMQPValue::Void => 0,
        AMQPValue::Boolean(_) | AMQPValue::ShortShortInt(_) | AMQPValue::ShortShortUInt(_) => 1,
        AMQPValue::ShortInt(_) | AMQPValue::ShortUInt(_) => 2,
        AMQPValue::LongInt(_) | AMQPValue::LongUInt(_) | AMQPValue::Float(_) => 4,
        AMQPValue::DecimalValue(_) => 5,
        AMQPValue::LongLongInt(_) | AMQPValue::Double(_) | AMQPValue::Timestamp(_) => 8,
        AMQPValue::ShortString(text) => short_len(text),
        AMQPValue::LongString(text) => 4 + text.len(),
        AMQPValue::ByteArray(bytes) => 4 + bytes.len(),
        AMQPValue::FieldArray(array) => 4 + array.as_slice().iter().map(value_len).sum::<usize>(),
        AMQPValue::FieldTable(table) => table_len(table),
    }
}

/// Type, channel and length in front of a frame's payload, and the mark behind it.
const FRAME_OVERHEAD: usize = 1 + 2 + 4 + 1;

/// Class, weight, body size and property flags.
const HEADER_FIXED: usize = 2 + 2 + 8 + 2;

#[cfg(test)]
mod tests {
    use super::*;
    use amq_protocol::frame::{AMQPContentHeader, AMQPFrame, WriteContext, gen_frame};

    fn encoded_len(properties: &BasicProperties) -> usize {
        let frame = AMQPFrame::Header(
            1,
            AMQPContentHeader {
                class_id: 60,
                body_size: 7,
                properties: properties.clone(),
            },
        );
        let written = gen_frame::<Vec<u8>>(&frame)(WriteContext::from(Vec::new()));
        written.unwrap().into_inner().0.len()
    }

    #[test]
    fn the_length_is_what_the_encoder_writes() {
        let mut inner = FieldTable::default();
        inner.insert("flag".into(), AMQPValue::Boolean(true));
        inner.insert("nothing".into(), AMQPValue::Void);
        let mut headers = FieldTable::default();
        headers.insert("text".into(), AMQPValue::LongString("a long string".into()));
        headers.insert("bytes".into(), AMQPValue::ByteArray(vec![1, 2, 3].into()));
        headers.insert("small".into(), AMQPValue::ShortShortInt(-1));
        headers.insert("number".into(), AMQPValue::LongInt(17));
        headers.insert("large".into(), AMQPValue::LongLongInt(17));
        headers.insert("double".into(), AMQPValue::Double(0.5));
        headers.insert("table".into(), AMQPValue::FieldTable(inner));
        headers.insert(
            "array".into(),
            AMQPValue::FieldArray(vec![AMQPValue::ShortInt(1), AMQPValue::Timestamp(2)].into()),
        );
        let full = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_headers(headers)
            .with_delivery_mode(2)
            .with_priority(3)
            .with_message_id("id".into())
            .with_timestamp(1)
            .with_type("kind".into());
        for properties in [BasicProperties::default(), full] {
            assert_eq!(header_frame_len(&properties), encoded_len(&properties));
        }
    }
}
