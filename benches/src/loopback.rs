//! The smallest HTTP server there is: it answers every request alike, on connections that are kept.

use std::net::SocketAddr;
use std::thread;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The answer to every request: 128 bytes of JSON.
const HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 128\r\n\r\n";

/// A server on a thread of its own, for as long as the process runs.
#[derive(Debug, Clone, Copy)]
pub struct Loopback {
    addr: SocketAddr,
}

impl Loopback {
    /// Starts one on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// If there is no free port or no thread to be had.
    #[must_use]
    pub fn start() -> Self {
        let (told, addr) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_io()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::bind(("127.0.0.1", 0)).await;
                let listener = listener.expect("a free port");
                let addr = listener.local_addr().expect("it is bound");
                told.send(addr).expect("somebody waits");
                while let Ok((connection, _)) = listener.accept().await {
                    tokio::spawn(serve(connection));
                }
            });
        });
        Self {
            addr: addr.recv().expect("the server says where it is"),
        }
    }

    /// A URL of it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/orders/17", self.addr)
    }
}

/// Answers requests without a body, which do not come before the last was answered.
async fn serve(mut connection: TcpStream) {
    let answer = [HEAD.as_bytes(), &[b'7'; 128]].concat();
    let _ = connection.set_nodelay(true);
    let mut request = Vec::with_capacity(1024);
    while connection
        .read_buf(&mut request)
        .await
        .is_ok_and(|read| read > 0)
    {
        if request.ends_with(b"\r\n\r\n") {
            request.clear();
            if connection.write_all(&answer).await.is_err() {
                return;
            }
        }
    }
}
