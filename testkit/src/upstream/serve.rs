//! Accepting connections and carrying out replies.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::{io::AsyncWriteExt, net::TcpStream, time::sleep};

use super::{
    Shared,
    reply::{Action, Answer, Reply},
    request::{NoRequest, Wire},
};
use crate::socket::{Listener, reset};

pub(crate) async fn accept_all(listener: std::net::TcpListener, shared: Arc<Shared>) {
    let listener = Listener::register(listener);
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, say: the client waits in the backlog meanwhile.
            sleep(Duration::from_millis(10)).await;
            continue;
        };
        let number = shared.accepted.fetch_add(1, Ordering::Relaxed);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            shared.open.fetch_add(1, Ordering::Relaxed);
            let _open = Decrement(&shared, |shared| {
                shared.open.fetch_sub(1, Ordering::Relaxed);
            });
            serve(stream, number, &shared).await;
        });
    }
}

async fn serve(stream: TcpStream, number: u64, shared: &Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let mut wire = Wire::new(stream);
    loop {
        let request = match wire.request().await {
            Ok(request) => request,
            Err(NoRequest::Ended) => return,
            Err(NoRequest::CutShort) => {
                shared.broken.fetch_add(1, Ordering::Relaxed);
                return;
            }
            Err(NoRequest::Malformed) => {
                shared.broken.fetch_add(1, Ordering::Relaxed);
                let refusal = Reply::status(400);
                let _ = perform(&mut wire, refusal, false, true).await;
                return;
            }
        };
        let head_only = request.method == "HEAD";
        let last = request.last;
        shared.enter();
        let _busy = Decrement(shared, |shared| shared.leave());
        let reply = shared.answer(request, number);
        match perform(&mut wire, reply, head_only, last).await {
            Ok(Next::Request) => {}
            Ok(Next::Close) | Err(_) => return,
        }
    }
}

enum Next {
    Close,
    Request,
}

async fn perform(wire: &mut Wire, reply: Reply, head_only: bool, last: bool) -> io::Result<Next> {
    if !reply.delay.is_zero() {
        tokio::select! {
            () = sleep(reply.delay) => {}
            () = wire.gone() => return Ok(Next::Close),
        }
    }
    match reply.action {
        Action::Answer(answer) => return send(&mut wire.stream, &answer, head_only, last).await,
        Action::Close => {}
        Action::Raw(bytes) => wire.stream.write_all(&bytes).await?,
        Action::Reset => reset(&wire.stream),
        Action::Stall => wire.gone().await,
    }
    Ok(Next::Close)
}

async fn send(
    stream: &mut TcpStream,
    answer: &Answer,
    head_only: bool,
    last: bool,
) -> io::Result<Next> {
    let close = last || answer.then_close;
    stream.write_all(&answer.head(close)).await?;
    if answer.has_body() && !head_only {
        let body = answer.sent_body();
        let (piece, every) = answer.pace.unwrap_or((usize::MAX, Duration::ZERO));
        for piece in body.chunks(piece) {
            if !every.is_zero() {
                sleep(every).await;
            }
            if answer.chunked {
                let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
                chunk.extend_from_slice(piece);
                chunk.extend_from_slice(b"\r\n");
                stream.write_all(&chunk).await?;
            } else {
                stream.write_all(piece).await?;
            }
        }
        if answer.cut_after.is_some() {
            return Ok(Next::Close);
        }
        if answer.chunked {
            stream.write_all(b"0\r\n\r\n").await?;
        }
    }
    Ok(if close { Next::Close } else { Next::Request })
}

/// Counts something down again, however the work on it ends.
struct Decrement<'a>(&'a Shared, fn(&Shared));

impl Drop for Decrement<'_> {
    fn drop(&mut self) {
        (self.1)(self.0);
    }
}
