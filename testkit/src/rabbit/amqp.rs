//! As much of AMQP 0-9-1 as it takes to ask a node "are you there?" and "how long is this queue?".
//!
//! The management API would answer the second question too, from statistics that are seconds old. A
//! passive `queue.declare` is answered by the queue itself.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// What a queue says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QueueCounts {
    pub(crate) ready: u32,
    pub(crate) consumers: u32,
}

/// Whether the node answers a protocol header with `connection.start`. An open port alone says little.
pub(crate) fn answers(addr: SocketAddr) -> bool {
    Client::connect(addr, PROBE_TIMEOUT).is_ok()
}

/// Asks for a queue of the virtual host `/`.
pub(crate) fn queue_counts(addr: SocketAddr, queue: &str) -> io::Result<QueueCounts> {
    let mut client = Client::connect(addr, ANSWER_TIMEOUT)?;
    client.log_in()?;
    client.send(1, CHANNEL_OPEN, &[0])?;
    client.expect(CHANNEL_OPEN_OK)?;

    let mut declare = vec![0, 0];
    short_string(&mut declare, queue);
    declare.push(PASSIVE);
    declare.extend(EMPTY_TABLE);
    client.send(1, QUEUE_DECLARE, &declare)?;
    let answer = client.expect(QUEUE_DECLARE_OK)?;
    // The queue's name, then two counts.
    let name = answer.first().copied().unwrap_or_default();
    let counts = answer.get(1 + usize::from(name)..).unwrap_or_default();
    let counts = QueueCounts {
        ready: number(counts, 0)?,
        consumers: number(counts, 4)?,
    };

    let mut close = vec![0, 200];
    short_string(&mut close, "");
    close.extend([0; 4]);
    client.send(0, CONNECTION_CLOSE, &close)?;
    client.expect(CONNECTION_CLOSE_OK)?;
    Ok(counts)
}

struct Client {
    stream: TcpStream,
}

impl Client {
    fn connect(addr: SocketAddr, timeout: Duration) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&addr, timeout)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(timeout))?;
        stream.set_write_timeout(Some(timeout))?;
        let mut client = Self { stream };
        client.stream.write_all(b"AMQP\0\0\x09\x01")?;
        client.expect(CONNECTION_START)?;
        Ok(client)
    }

    fn log_in(&mut self) -> io::Result<()> {
        let mut start_ok = EMPTY_TABLE.to_vec();
        short_string(&mut start_ok, "PLAIN");
        start_ok.extend(12_u32.to_be_bytes());
        start_ok.extend(b"\0guest\0guest");
        short_string(&mut start_ok, "en_US");
        self.send(0, CONNECTION_START_OK, &start_ok)?;

        let mut tune = self.expect(CONNECTION_TUNE)?;
        if let Some(heartbeat) = tune.get_mut(6..8) {
            heartbeat.fill(0);
        }
        self.send(0, CONNECTION_TUNE_OK, &tune)?;

        let mut open = Vec::new();
        short_string(&mut open, "/");
        open.extend([0, 0]);
        self.send(0, CONNECTION_OPEN, &open)?;
        self.expect(CONNECTION_OPEN_OK)?;
        Ok(())
    }

    fn send(&mut self, channel: u16, method: Method, arguments: &[u8]) -> io::Result<()> {
        let length = u32::try_from(arguments.len() + 4).map_err(io::Error::other)?;
        let mut frame = vec![METHOD_FRAME];
        frame.extend(channel.to_be_bytes());
        frame.extend(length.to_be_bytes());
        frame.extend(method.0.to_be_bytes());
        frame.extend(method.1.to_be_bytes());
        frame.extend(arguments);
        frame.push(FRAME_END);
        self.stream.write_all(&frame)
    }

    /// Reads one method and returns its arguments. Any other method is an error, and a close gives its
    /// reason.
    fn expect(&mut self, wanted: Method) -> io::Result<Vec<u8>> {
        let mut head = [0; 7];
        self.stream.read_exact(&mut head)?;
        let [kind, _, _, length @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes(length) as usize + 1];
        self.stream.read_exact(&mut payload)?;
        if kind != METHOD_FRAME || payload.len() < 5 || payload.pop() != Some(FRAME_END) {
            return Err(io::Error::other("not an AMQP method frame"));
        }
        let arguments = payload.split_off(4);
        let method = Method(
            u16::from_be_bytes([payload[0], payload[1]]),
            u16::from_be_bytes([payload[2], payload[3]]),
        );
        if method == wanted {
            return Ok(arguments);
        }
        if method == CHANNEL_CLOSE || method == CONNECTION_CLOSE {
            let length = arguments.get(2).copied().unwrap_or_default();
            let text = arguments
                .get(3..3 + usize::from(length))
                .unwrap_or_default();
            return Err(io::Error::other(String::from_utf8_lossy(text)));
        }
        Err(io::Error::other(format!(
            "{method:?} in place of {wanted:?}"
        )))
    }
}

/// Class and method number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Method(u16, u16);

fn short_string(to: &mut Vec<u8>, text: &str) {
    let length = u8::try_from(text.len()).expect("AMQP names have at most 255 bytes");
    to.push(length);
    to.extend(text.as_bytes());
}

fn number(bytes: &[u8], at: usize) -> io::Result<u32> {
    let bytes = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
    let bytes = bytes.ok_or_else(|| io::Error::other("an answer that is too short"))?;
    Ok(u32::from_be_bytes(bytes))
}

const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

const METHOD_FRAME: u8 = 1;
const FRAME_END: u8 = 0xCE;
const EMPTY_TABLE: [u8; 4] = [0; 4];
const PASSIVE: u8 = 1;

const CONNECTION_START: Method = Method(10, 10);
const CONNECTION_START_OK: Method = Method(10, 11);
const CONNECTION_TUNE: Method = Method(10, 30);
const CONNECTION_TUNE_OK: Method = Method(10, 31);
const CONNECTION_OPEN: Method = Method(10, 40);
const CONNECTION_OPEN_OK: Method = Method(10, 41);
const CONNECTION_CLOSE: Method = Method(10, 50);
const CONNECTION_CLOSE_OK: Method = Method(10, 51);
const CHANNEL_OPEN: Method = Method(20, 10);
const CHANNEL_OPEN_OK: Method = Method(20, 11);
const CHANNEL_CLOSE: Method = Method(20, 40);
const QUEUE_DECLARE: Method = Method(50, 10);
const QUEUE_DECLARE_OK: Method = Method(50, 11);
