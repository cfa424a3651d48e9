//! What calls others over the network.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use steadfast_amqp::ResilientConnection;
use steadfast_dashboard::Controls;
use steadfast_http::Client;
use steadfast_telemetry::Telemetry;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// An HTTP client with a server of its own, and an AMQP connection without one.
pub(crate) struct Clients {
    pub(crate) http: Client,
    pub(crate) url: String,
    pub(crate) is_up: Arc<AtomicBool>,
    /// Kept: the last handle that is dropped closes it.
    amqp: ResilientConnection,
}

impl Clients {
    pub(crate) async fn start(telemetry: &Telemetry) -> Result<Self, Box<dyn Error>> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/stock", listener.local_addr()?);
        let is_up = Arc::new(AtomicBool::new(true));
        tokio::spawn(upstream(listener, Arc::clone(&is_up)));
        let http = Client::named("inventory")
            .no_proxy()
            .open_for(Duration::from_secs(5))
            .build()?;
        telemetry.watch(&http);
        let amqp = ResilientConnection::builder("orders")
            .uri("amqp://guest:xylophone9@127.0.0.1:1/shop")
            .base_backoff(Duration::from_secs(1))
            .max_backoff(Duration::from_secs(5))
            .connect_lazy()?;
        telemetry.watch(&amqp);
        Ok(Self {
            http,
            url,
            is_up,
            amqp,
        })
    }

    pub(crate) fn controlled(&self, controls: Controls) -> Controls {
        controls.http_client(&self.http).connection(&self.amqp)
    }
}

/// Answers each request on a connection of its own, or hangs up.
async fn upstream(listener: TcpListener, is_up: Arc<AtomicBool>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, is_up.load(Ordering::Relaxed)));
    }
}

async fn serve(mut stream: TcpStream, is_up: bool) -> io::Result<()> {
    // A request of ours comes in one piece; whatever it asks for, the answer is the same.
    let mut request = [0; 4096];
    let read = stream.read(&mut request).await?;
    if is_up && read > 0 {
        sleep(Duration::from_millis(5)).await;
        let answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";
        stream.write_all(answer).await?;
    }
    stream.shutdown().await
}
