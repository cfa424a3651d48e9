//! Raw clients and servers, and waiting for a condition.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::{sleep, timeout},
};

/// Far above anything that is measured here, far below the patience of a test runner.
pub const LIMIT: Duration = Duration::from_secs(20);
/// How long to look on before saying that nothing happens.
pub const A_WHILE: Duration = Duration::from_millis(150);

/// Waits until `done` says so.
pub async fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let waited = timeout(LIMIT, async {
        while !done() {
            sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(waited.await.is_ok(), "never happened: {what}");
}

/// Runs a future that must end within [`LIMIT`].
pub async fn soon<F: Future>(future: F) -> F::Output {
    timeout(LIMIT, future).await.expect("an end in good time")
}

/// Sends bytes on a new connection and reads to the end of it.
pub async fn exchange(addr: SocketAddr, bytes: impl AsRef<[u8]>) -> io::Result<String> {
    let mut stream = TcpStream::connect(addr).await?;
    stream.write_all(bytes.as_ref()).await?;
    let mut answer = Vec::new();
    soon(stream.read_to_end(&mut answer)).await?;
    Ok(String::from_utf8(answer).unwrap())
}

/// Reads one HTTP answer with a `content-length`, and returns its head and its body.
pub async fn read_answer(stream: &mut TcpStream) -> (String, String) {
    let head = read_head(stream).await;
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .expect("a length");
    let mut body = vec![0; length.parse().unwrap()];
    soon(stream.read_exact(&mut body)).await.unwrap();
    (head, String::from_utf8(body).unwrap())
}

/// Reads up to and with the blank line.
pub async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(soon(stream.read_u8()).await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// A request for `path` that leaves the connection open.
pub fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n")
}

/// A request for `path` after which the server closes.
pub fn get_once(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
}

/// A server that sends back what it gets, and ends a connection when the client has.
pub struct Echo {
    pub addr: SocketAddr,
    task: JoinHandle<()>,
}

impl Echo {
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    let _ = tokio::io::copy(&mut from, &mut to).await;
                });
            }
        });
        Self { addr, task }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Sends a word to an echo and reads it back.
pub async fn echoed(stream: &mut TcpStream, word: &str) -> io::Result<String> {
    stream.write_all(word.as_bytes()).await?;
    let mut back = vec![0; word.len()];
    soon(stream.read_exact(&mut back)).await?;
    Ok(String::from_utf8(back).unwrap())
}

/// Whether nothing at all, not even an end, arrives on the connection for [`A_WHILE`].
pub async fn is_silent(stream: &mut TcpStream) -> bool {
    timeout(A_WHILE, stream.read_u8()).await.is_err()
}

/// What reading from the connection ends with.
pub async fn read_error(stream: &mut TcpStream) -> io::ErrorKind {
    soon(stream.read_u8()).await.unwrap_err().kind()
}

/// How a new connection ends. A reset may be there before the connection is.
pub async fn fate(addr: SocketAddr) -> io::ErrorKind {
    match soon(TcpStream::connect(addr)).await {
        Ok(mut stream) => read_error(&mut stream).await,
        Err(error) => error.kind(),
    }
}
