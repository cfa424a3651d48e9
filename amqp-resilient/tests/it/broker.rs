//! A broker of a few hundred lines that answers as a test tells it to: what a real one does only by
//! chance, this one does on demand.

mod auth;
mod declare;
mod link;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use amq_protocol::types::AMQPValue;
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;

use self::auth::Auth;
pub(crate) use self::auth::OnSecret;
pub(crate) use self::declare::Reply;

/// What the broker does with a client that wants to connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Welcome {
    Accept,
    /// Blocks the connection in the same breath in which it opens it.
    AcceptBlocked,
    /// Accepts the TCP connection and says nothing.
    Silence,
    /// Closes the handshake with this code after the credentials.
    Refuse(u16),
    /// Closes the handshake with this code after the virtual host.
    RefuseVhost(u16),
    /// Is not an AMQP broker.
    Babble,
    /// Closes the TCP connection at once.
    HangUp,
}

/// What the broker does with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Ack,
    Nack,
    /// Returns it, and acknowledges it.
    Return,
    /// Returns it, and leaves it to a later answer to acknowledge it.
    ReturnOnly,
    /// Acknowledges it and all before it on its channel, at once.
    AckMultiple,
    /// Acknowledges it and all before it on its channel, one by one, the last first.
    AckBackwards,
    /// Takes it and says nothing.
    Nothing,
    /// Closes the channel with this code.
    CloseChannel(u16),
    /// Closes the connection with this code.
    CloseConnection(u16),
    /// Drops the TCP connection.
    HangUp,
}

/// A message as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) exchange: String,
    pub(crate) routing_key: String,
    pub(crate) mandatory: bool,
    pub(crate) body: Vec<u8>,
    pub(crate) message_id: String,
    pub(crate) delivery_mode: Option<u8>,
    #[cfg_attr(
        not(feature = "telemetry"),
        expect(dead_code, reason = "for the tests of spans")
    )]
    pub(crate) headers: BTreeMap<String, AMQPValue>,
}

impl Received {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// A header, which must be a long string if it is there.
    #[cfg(feature = "telemetry")]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| match value {
            AMQPValue::LongString(text) => std::str::from_utf8(text.as_bytes()).unwrap(),
            other => panic!("{name} is {other:?}"),
        })
    }
}

/// What connections are told to do: all of them, or those of one name.
#[derive(Debug, Clone)]
struct Order {
    to: Option<&'static str>,
    what: What,
}

#[derive(Debug, Clone, Copy)]
enum What {
    Send(Command),
    Freeze,
    HangUp,
}

/// What the broker tells every client of its own accord.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    Block,
    Unblock,
    Close(u16),
}

type Script = Box<dyn FnMut(&Received, usize) -> Answer + Send>;
type DeclareScript = Box<dyn FnMut(&str) -> Reply + Send>;

struct Shared {
    welcome: Mutex<Welcome>,
    auth: Auth,
    script: Mutex<Script>,
    received: Mutex<Vec<Received>>,
    declare_script: Mutex<DeclareScript>,
    /// By which connection, and what.
    requests: Mutex<Vec<(String, String)>>,
    queues_named: AtomicUsize,
    stuck_opens: AtomicU32,
    orders: broadcast::Sender<Order>,
    accepted: AtomicUsize,
    live: AtomicUsize,
    /// Of the connections that there are, once they have said it.
    names: Mutex<Vec<String>>,
    channels: AtomicUsize,
    channels_opened: AtomicUsize,
}

pub(crate) struct FakeBroker {
    addr: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Mutex<Option<JoinHandle<()>>>,
}

impl FakeBroker {
    pub(crate) async fn start() -> Self {
        let broker = Self::start_down().await;
        broker.come_up().await;
        broker
    }

    /// A broker that has an address, and refuses connections.
    pub(crate) async fn start_down() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shared = Shared {
            welcome: Mutex::new(Welcome::Accept),
            auth: Auth::default(),
            script: Mutex::new(Box::new(|_, _| Answer::Ack)),
            received: Mutex::default(),
            declare_script: Mutex::new(Box::new(|_| Reply::Ok)),
            requests: Mutex::default(),
            queues_named: AtomicUsize::new(0),
            stuck_opens: AtomicU32::new(0),
            orders: broadcast::channel(64).0,
            accepted: AtomicUsize::new(0),
            live: AtomicUsize::new(0),
            names: Mutex::default(),
            channels: AtomicUsize::new(0),
            channels_opened: AtomicUsize::new(0),
        };
        Self {
            addr: listener.local_addr().unwrap(),
            shared: Arc::new(shared),
            acceptor: Mutex::new(None),
        }
    }

    /// Listens, again or for the first time.
    pub(crate) async fn come_up(&self) {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(self.addr).unwrap();
        let listener = socket.listen(64).unwrap();
        let shared = Arc::clone(&self.shared);
        let acceptor = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.accepted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(link::serve(stream, Arc::clone(&shared)));
            }
        });
        *self.acceptor.lock() = Some(acceptor);
    }

    /// Stops listening and drops every connection.
    pub(crate) async fn go_down(&self) {
        let acceptor = self.acceptor.lock().take();
        if let Some(acceptor) = acceptor {
            acceptor.abort();
            let _ = acceptor.await;
        }
        self.hang_up();
    }

    pub(crate) fn uri(&self) -> String {
        format!("amqp://guest:guest@{}/%2f", self.addr)
    }

    #[cfg(feature = "telemetry")]
    pub(crate) fn address(&self) -> (String, u16) {
        (self.addr.ip().to_string(), self.addr.port())
    }

    pub(crate) fn welcome(&self, welcome: Welcome) {
        *self.shared.welcome.lock() = welcome;
    }

    /// The address under another user and password.
    pub(crate) fn uri_for(&self, user: &str, password: &str) -> String {
        format!("amqp://{user}:{password}@{}/%2f", self.addr)
    }

    /// Decides what becomes of each message, given how many came before it.
    pub(crate) fn on_publish(
        &self,
        script: impl FnMut(&Received, usize) -> Answer + Send + 'static,
    ) {
        *self.shared.script.lock() = Box::new(script);
    }

    /// Decides what becomes of each declaration, which is described as in [`requests`](Self::requests).
    pub(crate) fn on_declare(&self, script: impl FnMut(&str) -> Reply + Send + 'static) {
        *self.shared.declare_script.lock() = Box::new(script);
    }

    /// What was to be declared, since this was last asked: `exchange e topic`, `existing queue q`,
    /// `e -> queue q`, ...
    pub(crate) fn requests(&self) -> Vec<String> {
        let requests = std::mem::take(&mut *self.shared.requests.lock());
        requests.into_iter().map(|(_, request)| request).collect()
    }

    /// What one connection wanted to be declared, ever since anybody asked for all of it.
    pub(crate) fn requests_of(&self, name: &str) -> Vec<String> {
        let requests = self.shared.requests.lock();
        let its = requests.iter().filter(|(of, _)| of == name);
        its.map(|(_, request)| request.clone()).collect()
    }

    /// Gives no answer to the next few requests for a channel.
    pub(crate) fn ignore_channel_opens(&self, count: u32) {
        self.shared.stuck_opens.store(count, Ordering::SeqCst);
    }

    pub(crate) fn command(&self, command: Command) {
        self.order(None, What::Send(command));
    }

    /// Tells something to the connections of this name.
    pub(crate) fn command_to(&self, name: &'static str, command: Command) {
        self.order(Some(name), What::Send(command));
    }

    fn order(&self, to: Option<&'static str>, what: What) {
        let _ = self.shared.orders.send(Order { to, what });
    }

    /// Neither reads nor writes any more on the connections that there are.
    pub(crate) fn freeze(&self) {
        self.order(None, What::Freeze);
    }

    /// Drops every connection that there is.
    pub(crate) fn hang_up(&self) {
        self.order(None, What::HangUp);
    }

    /// Drops the connections of this name.
    pub(crate) fn hang_up_on(&self, name: &'static str) {
        self.order(Some(name), What::HangUp);
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.shared.received.lock().clone()
    }

    /// Connections ever accepted.
    pub(crate) fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// Connections that there are.
    pub(crate) fn live(&self) -> usize {
        self.shared.live.load(Ordering::SeqCst)
    }

    /// The names of the connections that there are, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = self.shared.names.lock().clone();
        names.sort();
        names
    }

    /// Channels that are open.
    pub(crate) fn channels(&self) -> usize {
        self.shared.channels.load(Ordering::SeqCst)
    }

    /// Channels ever opened.
    pub(crate) fn channels_opened(&self) -> usize {
        self.shared.channels_opened.load(Ordering::SeqCst)
    }
}

impl Drop for FakeBroker {
    fn drop(&mut self) {
        if let Some(acceptor) = self.acceptor.lock().take() {
            acceptor.abort();
        }
        self.hang_up();
    }
}

/// Waits, in real time and for at most ten seconds, until something holds.
pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("waited for ten seconds until {what}");
}
