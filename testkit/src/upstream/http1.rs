//! HTTP/1.1: reading requests off a connection and carrying out the replies.

use std::{io, sync::Arc};

use tokio::{io::AsyncWriteExt, net::TcpStream, time::sleep};

use super::{
    answer::Answer,
    reply::{Action, Reply},
    request::{NoRequest, Wire},
    shared::Shared,
};
use crate::socket::reset;

pub(crate) async fn serve(stream: TcpStream, number: u64, shared: Arc<Shared>) {
    let mut wire = Wire::new(stream, number);
    loop {
        let request = match wire.request().await {
            Ok(request) => request,
            Err(NoRequest::Ended) => return,
            Err(NoRequest::CutShort) => {
                shared.broke();
                return;
            }
            Err(NoRequest::Malformed) => {
                shared.broke();
                let refusal = Reply::status(400);
                let _ = perform(&mut wire, refusal, false, true).await;
                return;
            }
        };
        let head_only = request.received.method == "HEAD";
        let _in_flight = shared.in_flight();
        let reply = shared.answer(request.received);
        match perform(&mut wire, reply, head_only, request.last).await {
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
        Action::Close | Action::GoAway(_) => {}
        Action::Raw(bytes) => wire.stream.write_all(&bytes).await?,
        Action::Reset | Action::ResetStream(_) => reset(&wire.stream),
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
        for piece in answer.pieces() {
            if !answer.pause().is_zero() {
                sleep(answer.pause()).await;
            }
            if answer.chunked {
                let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
                chunk.extend_from_slice(&piece);
                chunk.extend_from_slice(b"\r\n");
                stream.write_all(&chunk).await?;
            } else {
                stream.write_all(&piece).await?;
            }
        }
        if answer.cut_after.is_some() {
            return Ok(Next::Close);
        }
        if answer.chunked {
            let mut end = String::from("0\r\n");
            for (name, value) in &answer.trailers {
                end.push_str(&format!("{name}: {value}\r\n"));
            }
            end.push_str("\r\n");
            stream.write_all(end.as_bytes()).await?;
        }
    }
    Ok(if close { Next::Close } else { Next::Request })
}
