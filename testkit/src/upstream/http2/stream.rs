//! One stream: reads the request and carries out the reply.

use std::{future::poll_fn, sync::Arc, time::Duration};

use bytes::Bytes;
use h2::{Reason, RecvStream, SendStream, server::SendResponse};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header};
use tokio::{sync::mpsc::UnboundedSender, time::sleep};

use super::connection::{Ending, go_away};
use crate::{
    clock,
    upstream::{
        answer::Answer,
        received::Received,
        reply::{Action, Reply},
        shared::Shared,
    },
};

/// The client has reset the stream, or the connection is gone.
struct Gone;

impl From<h2::Error> for Gone {
    fn from(_: h2::Error) -> Self {
        Self
    }
}

pub(crate) async fn serve(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    number: u64,
    shared: Arc<Shared>,
    endings: UnboundedSender<Ending>,
) {
    let head_only = request.method() == Method::HEAD;
    let Ok(received) = receive(request, number).await else {
        return shared.broke();
    };
    let _in_flight = shared.in_flight();
    let reply = shared.answer(received);
    let _ = perform(&mut respond, reply, head_only, &endings).await;
}

async fn receive(request: Request<RecvStream>, number: u64) -> Result<Received, Gone> {
    let (head, mut stream) = request.into_parts();
    let mut body = Vec::new();
    while let Some(piece) = stream.data().await {
        let piece = piece?;
        body.extend_from_slice(&piece);
        stream.flow_control().release_capacity(piece.len())?;
    }
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let host = head.uri.authority();
    let host = host.map(|host| (header::HOST.to_string(), host.to_string()));
    let others = head.headers.iter();
    let others = others.map(|(name, value)| (name.to_string(), text(value.as_bytes())));
    let path = head.uri.path_and_query();
    Ok(Received {
        method: head.method.to_string(),
        path: path.map_or_else(|| head.uri.to_string(), ToString::to_string),
        headers: host.into_iter().chain(others).collect(),
        body,
        at_connection: number,
        at: clock::now(),
    })
}

async fn perform(
    respond: &mut SendResponse<Bytes>,
    reply: Reply,
    head_only: bool,
    endings: &UnboundedSender<Ending>,
) -> Result<(), Gone> {
    if !reply.delay.is_zero() {
        tokio::select! {
            () = sleep(reply.delay) => {}
            () = gone(respond) => return Err(Gone),
        }
    }
    let ending = match reply.action {
        Action::Answer(answer) => {
            if answer.then_close {
                let _ = endings.send(Ending::Graceful);
            }
            return send(respond, &answer, head_only).await;
        }
        Action::ResetStream(reason) => {
            respond.send_reset(reason);
            return Ok(());
        }
        Action::Close => Some(Ending::Close),
        Action::GoAway(reason) => Some(go_away(respond.stream_id().as_u32(), reason)),
        Action::Raw(bytes) => Some(Ending::Raw(bytes)),
        Action::Reset => Some(Ending::Reset),
        Action::Stall => None,
    };
    if let Some(ending) = ending {
        let _ = endings.send(ending);
    }
    gone(respond).await;
    Ok(())
}

async fn send(
    respond: &mut SendResponse<Bytes>,
    answer: &Answer,
    head_only: bool,
) -> Result<(), Gone> {
    let bare = head_only || !answer.has_body();
    let mut stream = respond.send_response(head(answer), bare)?;
    if bare {
        return Ok(());
    }
    for piece in answer.pieces() {
        if !answer.pause().is_zero() {
            pause(&mut stream, answer.pause()).await?;
        }
        write(&mut stream, piece).await?;
    }
    if answer.cut_after.is_some() {
        // A reset throws away what is queued before it: let the connection send that first.
        tokio::task::yield_now().await;
        stream.send_reset(Reason::INTERNAL_ERROR);
        return Ok(());
    }
    if answer.trailers.is_empty() {
        return Ok(stream.send_data(Bytes::new(), true)?);
    }
    Ok(stream.send_trailers(trailers(answer))?)
}

/// # Panics
///
/// When the test has put something into them that HTTP/2 cannot carry.
fn trailers(answer: &Answer) -> HeaderMap {
    let trailers = answer.trailers.iter().map(|(name, value)| {
        let name: HeaderName = name.parse().expect("the name of a trailer");
        let value: HeaderValue = value.parse().expect("the value of a trailer");
        (name, value)
    });
    trailers.collect()
}

/// Queues a piece, as the client's windows have room for it.
async fn write(stream: &mut SendStream<Bytes>, mut piece: Bytes) -> Result<(), Gone> {
    while !piece.is_empty() {
        stream.reserve_capacity(piece.len());
        while stream.capacity() == 0 {
            poll_fn(|cx| stream.poll_capacity(cx)).await.ok_or(Gone)??;
        }
        let room = stream.capacity().min(piece.len());
        stream.send_data(piece.split_to(room), false)?;
    }
    Ok(())
}

async fn pause(stream: &mut SendStream<Bytes>, pause: Duration) -> Result<(), Gone> {
    tokio::select! {
        () = sleep(pause) => Ok(()),
        _ = poll_fn(|cx| stream.poll_reset(cx)) => Err(Gone),
    }
}

/// Waits until the client has reset the stream or the connection is gone.
async fn gone(respond: &mut SendResponse<Bytes>) {
    let _ = poll_fn(|cx| respond.poll_reset(cx)).await;
}

/// The head, without what HTTP/2 forbids.
///
/// # Panics
///
/// When the test has put something into it that no HTTP/2 head can carry.
fn head(answer: &Answer) -> Response<()> {
    let mut head = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        if !FORBIDDEN.contains(&&*name.to_ascii_lowercase()) {
            head = head.header(name, value);
        }
    }
    if let Some(length) = answer.length() {
        head = head.header(header::CONTENT_LENGTH, length);
    }
    head.body(()).expect("a head that HTTP/2 can carry")
}

const FORBIDDEN: [&str; 6] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];
