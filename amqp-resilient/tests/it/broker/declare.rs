//! Exchanges, queues and bindings: the broker takes down what it is asked for, and answers by script.

use std::sync::atomic::Ordering;

use amq_protocol::protocol::{AMQPClass, channel, exchange, queue};
use amq_protocol::types::ChannelId;

use super::link::{End, Link, close_connection};

/// What the broker does with a declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    Ok,
    /// Says nothing.
    Nothing,
    /// Closes the channel with this code.
    CloseChannel(u16),
    /// Closes the connection with this code.
    CloseConnection(u16),
    /// Drops the TCP connection.
    HangUp,
}

impl Link {
    pub(super) fn declare(&mut self, id: ChannelId, method: AMQPClass) -> Result<(), End> {
        let (request, answer, class_id, method_id) = match method {
            AMQPClass::Exchange(exchange::AMQPMethod::Declare(it)) => {
                let passive = if it.passive { "existing " } else { "" };
                let ok = exchange::AMQPMethod::DeclareOk(exchange::DeclareOk {});
                let request = format!("{passive}exchange {} {}", it.exchange, it.kind);
                (request, AMQPClass::Exchange(ok), 40, 10)
            }
            AMQPClass::Exchange(exchange::AMQPMethod::Bind(it)) => {
                let ok = exchange::AMQPMethod::BindOk(exchange::BindOk {});
                let request = format!("{} -> exchange {}", it.source, it.destination);
                (request, AMQPClass::Exchange(ok), 40, 30)
            }
            AMQPClass::Queue(queue::AMQPMethod::Declare(it)) => {
                let passive = if it.passive { "existing " } else { "" };
                let number = self.shared.queues_named.fetch_add(1, Ordering::SeqCst) + 1;
                let name = match it.queue.as_str() {
                    "" => format!("amq.gen-{number}"),
                    name => name.to_owned(),
                };
                let ok = queue::AMQPMethod::DeclareOk(queue::DeclareOk {
                    queue: name.into(),
                    message_count: 0,
                    consumer_count: 0,
                });
                let request = format!("{passive}queue {}", it.queue);
                (request, AMQPClass::Queue(ok), 50, 10)
            }
            AMQPClass::Queue(queue::AMQPMethod::Bind(it)) => {
                let ok = queue::AMQPMethod::BindOk(queue::BindOk {});
                let request = format!("{} -> queue {}", it.exchange, it.queue);
                (request, AMQPClass::Queue(ok), 50, 20)
            }
            other => panic!("the test broker does not know {other:?}"),
        };
        let reply = (self.shared.declare_script.lock())(&request);
        let by = self.name.clone();
        self.shared.requests.lock().push((by, request));
        match reply {
            Reply::Ok => self.say(id, answer),
            Reply::Nothing => {}
            Reply::CloseChannel(code) => {
                self.forget(id);
                let close = channel::AMQPMethod::Close(channel::Close {
                    reply_code: code,
                    reply_text: "as the test says".into(),
                    class_id,
                    method_id,
                });
                self.say(id, AMQPClass::Channel(close));
            }
            Reply::CloseConnection(code) => self.on_connection(close_connection(code)),
            Reply::HangUp => return Err(End),
        }
        Ok(())
    }
}
