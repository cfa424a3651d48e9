//! One connection of the broker: frames in, frames out.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use amq_protocol::frame::{AMQPContentHeader, AMQPFrame, WriteContext, gen_frame, parse_frame};
use amq_protocol::protocol::{AMQPClass, basic, channel, confirm, connection};
use amq_protocol::types::{AMQPValue, ChannelId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::broadcast::error::RecvError;

use super::{Answer, Command, Order, Received, Shared, Welcome, What};

/// The end of the connection.
pub(super) struct End;

pub(super) struct Link {
    pub(super) shared: Arc<Shared>,
    /// What the client calls the connection; empty until it has said so.
    pub(super) name: String,
    out: Vec<u8>,
    channels: HashMap<ChannelId, Channel>,
}

#[derive(Default)]
struct Channel {
    published: u64,
    /// Those that were neither acknowledged nor rejected.
    unsettled: Vec<u64>,
    incoming: Option<(basic::Publish, AMQPContentHeader, Vec<u8>)>,
    publish: Option<basic::Publish>,
}

pub(super) async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut orders = shared.orders.subscribe();
    let welcome = *shared.welcome.lock();
    match welcome {
        Welcome::HangUp => return,
        Welcome::Babble => {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            return;
        }
        _ => {}
    }
    shared.live.fetch_add(1, Ordering::SeqCst);
    let mut link = Link {
        shared: Arc::clone(&shared),
        name: String::new(),
        out: Vec::new(),
        channels: HashMap::new(),
    };
    let mut buffer = Vec::new();
    let mut frozen = false;
    loop {
        let mut chunk = [0; 16 * 1024];
        tokio::select! {
            read = stream.read(&mut chunk), if !frozen => match read {
                Ok(0) | Err(_) => break,
                Ok(_) if welcome == Welcome::Silence => continue,
                Ok(length) => buffer.extend_from_slice(&chunk[..length]),
            },
            order = orders.recv() => match order {
                Ok(Order { to, .. }) if to.is_some_and(|to| to != link.name) => {}
                Ok(Order { what, .. }) => match what {
                    What::Send(command) => link.command(command),
                    What::Freeze => frozen = true,
                    What::HangUp => break,
                },
                Err(RecvError::Closed) => break,
                Err(RecvError::Lagged(_)) => panic!("a test gave too many orders at a time"),
            },
        }
        let mut ended = false;
        while let Some(frame) = next_frame(&mut buffer) {
            if link.frame(frame).is_err() {
                ended = true;
                break;
            }
        }
        let out = std::mem::take(&mut link.out);
        if stream.write_all(&out).await.is_err() || ended {
            break;
        }
    }
    let open = link.channels.len();
    shared.channels.fetch_sub(open, Ordering::SeqCst);
    {
        let mut names = shared.names.lock();
        if let Some(at) = names.iter().position(|name| *name == link.name) {
            names.swap_remove(at);
        }
    }
    shared.live.fetch_sub(1, Ordering::SeqCst);
}

fn next_frame(buffer: &mut Vec<u8>) -> Option<AMQPFrame> {
    let (rest, frame) = match parse_frame(&buffer[..]) {
        Ok((rest, frame)) => (rest.len(), frame),
        Err(error) if error.is_incomplete() => return None,
        Err(error) => panic!("client sent nonsense: {error:?}"),
    };
    let used = buffer.len() - rest;
    buffer.drain(..used);
    Some(frame)
}

impl Link {
    fn send(&mut self, frame: &AMQPFrame) {
        let written = gen_frame::<Vec<u8>>(frame)(WriteContext::from(Vec::new())).unwrap();
        self.out.extend(written.into_inner().0);
    }

    pub(super) fn say(&mut self, channel: ChannelId, method: AMQPClass) {
        self.send(&AMQPFrame::Method(channel, method));
    }

    pub(super) fn on_connection(&mut self, method: connection::AMQPMethod) {
        self.say(0, AMQPClass::Connection(method));
    }

    fn command(&mut self, command: Command) {
        use connection::AMQPMethod as M;
        self.on_connection(match command {
            Command::Block => M::Blocked(connection::Blocked {
                reason: "low on memory".into(),
            }),
            Command::Unblock => M::Unblocked(connection::Unblocked {}),
            Command::Close(code) => close_connection(code),
        });
    }

    fn frame(&mut self, frame: AMQPFrame) -> Result<(), End> {
        match frame {
            // What comes on a channel after the broker has closed it is ignored.
            AMQPFrame::Method(
                id,
                AMQPClass::Confirm(_)
                | AMQPClass::Basic(_)
                | AMQPClass::Exchange(_)
                | AMQPClass::Queue(_),
            ) if !self.channels.contains_key(&id) => {}
            AMQPFrame::ProtocolHeader(_) => {
                self.on_connection(connection::AMQPMethod::Start(connection::Start {
                    version_major: 0,
                    version_minor: 9,
                    server_properties: Default::default(),
                    mechanisms: "PLAIN".into(),
                    locales: "en_US".into(),
                }));
            }
            AMQPFrame::Method(_, AMQPClass::Connection(method)) => return self.connection(method),
            AMQPFrame::Method(id, AMQPClass::Channel(method)) => self.channel(id, method),
            AMQPFrame::Method(id, method @ (AMQPClass::Exchange(_) | AMQPClass::Queue(_))) => {
                return self.declare(id, method);
            }
            AMQPFrame::Method(id, AMQPClass::Confirm(confirm::AMQPMethod::Select(_))) => {
                let ok = confirm::AMQPMethod::SelectOk(confirm::SelectOk {});
                self.say(id, AMQPClass::Confirm(ok));
            }
            AMQPFrame::Method(id, AMQPClass::Basic(basic::AMQPMethod::Qos(_))) => {
                let ok = basic::AMQPMethod::QosOk(basic::QosOk {});
                self.say(id, AMQPClass::Basic(ok));
            }
            AMQPFrame::Method(id, AMQPClass::Basic(basic::AMQPMethod::Publish(publish))) => {
                if let Some(channel) = self.channels.get_mut(&id) {
                    channel.publish = Some(publish);
                }
            }
            AMQPFrame::Header(id, header) => {
                let Some(channel) = self.channels.get_mut(&id) else {
                    return Ok(());
                };
                let empty = header.body_size == 0;
                let publish = channel.publish.take().unwrap();
                channel.incoming = Some((publish, header, Vec::new()));
                if empty {
                    return self.published(id);
                }
            }
            AMQPFrame::Body(id, part) => {
                let Some(channel) = self.channels.get_mut(&id) else {
                    return Ok(());
                };
                let (_, header, body) = channel.incoming.as_mut().unwrap();
                body.extend(part);
                if body.len() as u64 == header.body_size {
                    return self.published(id);
                }
            }
            AMQPFrame::Heartbeat => self.send(&AMQPFrame::Heartbeat),
            other => panic!("the test broker does not know {other:?}"),
        }
        Ok(())
    }

    fn connection(&mut self, method: connection::AMQPMethod) -> Result<(), End> {
        use connection::AMQPMethod as M;
        let welcome = *self.shared.welcome.lock();
        match method {
            M::StartOk(start) => {
                let name = start.client_properties.inner().get("connection_name");
                if let Some(AMQPValue::LongString(name)) = name {
                    self.name = name.to_string();
                    self.shared.names.lock().push(self.name.clone());
                }
                let known = self.shared.auth.log_in(&start.response);
                self.on_connection(match welcome {
                    Welcome::Refuse(code) => close_connection(code),
                    _ if !known => close_connection(403),
                    _ => M::Tune(connection::Tune {
                        channel_max: 2047,
                        frame_max: 131_072,
                        heartbeat: 60,
                    }),
                });
            }
            M::UpdateSecret(update) => return self.update_secret(&update),
            M::TuneOk(_) => {}
            M::Open(_) => {
                self.on_connection(match welcome {
                    Welcome::RefuseVhost(code) => close_connection(code),
                    _ => M::OpenOk(connection::OpenOk {}),
                });
                if welcome == Welcome::AcceptBlocked {
                    self.command(Command::Block);
                }
            }
            M::Close(_) => self.on_connection(M::CloseOk(connection::CloseOk {})),
            M::CloseOk(_) => return Err(End),
            other => panic!("the test broker does not know {other:?}"),
        }
        Ok(())
    }

    fn channel(&mut self, id: ChannelId, method: channel::AMQPMethod) {
        use channel::AMQPMethod as M;
        let answer = match method {
            M::Open(_) => {
                let stuck = &self.shared.stuck_opens;
                let take = |left: u32| left.checked_sub(1);
                if stuck
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, take)
                    .is_ok()
                {
                    return;
                }
                self.channels.insert(id, Channel::default());
                self.shared.channels.fetch_add(1, Ordering::SeqCst);
                self.shared.channels_opened.fetch_add(1, Ordering::SeqCst);
                M::OpenOk(channel::OpenOk {})
            }
            M::Close(_) => {
                self.forget(id);
                M::CloseOk(channel::CloseOk {})
            }
            M::Flow(flow) if self.channels.contains_key(&id) => M::FlowOk(channel::FlowOk {
                active: flow.active,
            }),
            M::CloseOk(_) | M::Flow(_) => return,
            other => panic!("the test broker does not know {other:?}"),
        };
        self.say(id, AMQPClass::Channel(answer));
    }

    pub(super) fn forget(&mut self, id: ChannelId) {
        if self.channels.remove(&id).is_some() {
            self.shared.channels.fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn published(&mut self, id: ChannelId) -> Result<(), End> {
        let channel = self.channels.get_mut(&id).unwrap();
        channel.published += 1;
        let delivery_tag = channel.published;
        let (publish, header, body) = channel.incoming.take().unwrap();
        let properties = header.properties.clone();
        let message_id = properties.message_id().as_ref().map(ToString::to_string);
        let headers = properties.headers().clone().unwrap_or_default();
        let headers = headers.inner();
        let received = Received {
            exchange: publish.exchange.to_string(),
            routing_key: publish.routing_key.to_string(),
            mandatory: publish.mandatory,
            body: body.clone(),
            message_id: message_id.unwrap_or_default(),
            delivery_mode: *properties.delivery_mode(),
            headers: headers
                .iter()
                .map(|(name, value)| (name.to_string(), value.clone()))
                .collect(),
        };
        let before = self.shared.received.lock().len();
        let answer = (self.shared.script.lock())(&received, before);
        self.shared.received.lock().push(received);

        let ack = |delivery_tag, multiple| {
            AMQPClass::Basic(basic::AMQPMethod::Ack(basic::Ack {
                delivery_tag,
                multiple,
            }))
        };
        let unsettled = &mut self.channels.get_mut(&id).unwrap().unsettled;
        match answer {
            Answer::Ack => self.say(id, ack(delivery_tag, false)),
            Answer::AckMultiple => {
                unsettled.clear();
                self.say(id, ack(delivery_tag, true));
            }
            Answer::AckBackwards => {
                let mut tags = std::mem::take(unsettled);
                tags.push(delivery_tag);
                for tag in tags.into_iter().rev() {
                    self.say(id, ack(tag, false));
                }
            }
            Answer::Nack => {
                let nack = basic::AMQPMethod::Nack(basic::Nack {
                    delivery_tag,
                    multiple: false,
                    requeue: false,
                });
                self.say(id, AMQPClass::Basic(nack));
            }
            Answer::Return | Answer::ReturnOnly => {
                if answer == Answer::ReturnOnly {
                    unsettled.push(delivery_tag);
                }
                let returned = basic::AMQPMethod::Return(basic::Return {
                    reply_code: 312,
                    reply_text: "NO_ROUTE".into(),
                    exchange: publish.exchange,
                    routing_key: publish.routing_key,
                });
                self.say(id, AMQPClass::Basic(returned));
                self.send(&AMQPFrame::Header(id, header));
                self.send(&AMQPFrame::Body(id, body));
                if answer == Answer::Return {
                    self.say(id, ack(delivery_tag, false));
                }
            }
            Answer::Nothing => unsettled.push(delivery_tag),
            Answer::CloseChannel(code) => {
                self.forget(id);
                let close = channel::AMQPMethod::Close(channel::Close {
                    reply_code: code,
                    reply_text: "as the test says".into(),
                    class_id: 60,
                    method_id: 40,
                });
                self.say(id, AMQPClass::Channel(close));
            }
            Answer::CloseConnection(code) => self.on_connection(close_connection(code)),
            Answer::HangUp => return Err(End),
        }
        Ok(())
    }
}

pub(super) fn close_connection(code: u16) -> connection::AMQPMethod {
    connection::AMQPMethod::Close(connection::Close {
        reply_code: code,
        reply_text: "as the test says".into(),
        class_id: 0,
        method_id: 0,
    })
}
