//! One connection: takes streams until one of them, a limit or the client ends it.

use std::{
    io,
    net::Shutdown,
    os::fd::{AsFd, OwnedFd},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use h2::{Reason, server};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
    task::JoinSet,
    time::timeout,
};

use super::{GoAway, Limits, stream};
use crate::{socket::reset, upstream::shared::Shared};

/// What the reply to one stream does to the whole connection.
#[derive(Debug)]
pub(crate) enum Ending {
    /// Says GOAWAY, and ends when the open streams are finished.
    Graceful,
    /// Closes it.
    Close,
    /// Sends these bytes, frames or not, and closes it.
    Raw(Bytes),
    /// Resets it.
    Reset,
}

pub(crate) async fn serve(stream: TcpStream, number: u64, shared: Arc<Shared>, limits: Limits) {
    let Ok(socket) = stream.as_fd().try_clone_to_owned() else {
        return;
    };
    let mut builder = server::Builder::new();
    builder.initial_window_size(WINDOW);
    builder.initial_connection_window_size(WINDOW);
    if let Some(at_once) = limits.at_once {
        builder.max_concurrent_streams(at_once);
    }
    let mut connection = match builder.handshake::<_, Bytes>(stream).await {
        Ok(connection) => connection,
        Err(error) => return count(&error, &shared),
    };
    let mut streams = JoinSet::new();
    let ending = run(&mut connection, &mut streams, number, &shared, limits).await;
    // The streams see that their connection is gone, and end.
    drop(connection);
    let _ = end(socket, ending).await;
    while streams.join_next().await.is_some() {}
}

/// Takes streams until the connection is over, and returns how it is to end.
async fn run(
    connection: &mut server::Connection<TcpStream, Bytes>,
    streams: &mut JoinSet<()>,
    number: u64,
    shared: &Arc<Shared>,
    limits: Limits,
) -> Ending {
    let (endings, mut inbox) = mpsc::unbounded_channel();
    let mut taken = 0;
    loop {
        tokio::select! {
            biased;
            Some(ending) = inbox.recv() => match ending {
                Ending::Graceful => connection.graceful_shutdown(),
                ending => return ending,
            },
            Some(_) = streams.join_next() => {}
            accepted = connection.accept() => {
                let (request, respond) = match accepted {
                    None => return Ending::Close,
                    Some(Err(error)) => {
                        count(&error, shared);
                        return Ending::Close;
                    }
                    Some(Ok(stream)) => stream,
                };
                match limits.in_all {
                    Some((most, GoAway::Abrupt)) if taken == most => {
                        return go_away(respond.stream_id().as_u32(), Reason::NO_ERROR);
                    }
                    Some((most, GoAway::Graceful)) if taken + 1 == most => {
                        connection.graceful_shutdown();
                    }
                    _ => {}
                }
                taken += 1;
                let answered = stream::serve(
                    request,
                    respond,
                    number,
                    Arc::clone(shared),
                    endings.clone(),
                );
                streams.spawn(answered);
            }
        }
    }
}

/// A GOAWAY that takes back this stream and those after it. Written by hand: the library counts every
/// stream that it has read as processed.
pub(crate) fn go_away(stream: u32, reason: Reason) -> Ending {
    let last = stream.saturating_sub(2); // The client's streams have the odd numbers.
    let mut frame = vec![0, 0, 8, 7, 0, 0, 0, 0, 0];
    frame.extend(last.to_be_bytes());
    frame.extend(u32::from(reason).to_be_bytes());
    Ending::Raw(frame.into())
}

/// Ends the socket under a connection that is not served any longer.
async fn end(socket: OwnedFd, ending: Ending) -> io::Result<()> {
    let socket = std::net::TcpStream::from(socket);
    let mut socket = TcpStream::from_std(socket)?;
    match ending {
        Ending::Reset => reset(&socket),
        Ending::Close | Ending::Graceful => {}
        Ending::Raw(bytes) => {
            socket.write_all(&bytes).await?;
            socket.shutdown().await?;
            // Closing with bytes unread would reset the connection, and the client might not read on.
            let mut rest = [0; 1024];
            let drained =
                async { while socket.read(&mut rest).await.is_ok_and(|read| read > 0) {} };
            let _ = timeout(LINGER, drained).await;
        }
    }
    socket.into_std()?.shutdown(Shutdown::Both)
}

/// Counts what was not HTTP/2. A client that goes away breaks nothing but its open streams.
fn count(error: &h2::Error, shared: &Shared) {
    if !error.is_io() {
        shared.broke();
    }
}

/// Large enough that a request's body is not held up.
const WINDOW: u32 = 1 << 20;
const LINGER: Duration = Duration::from_secs(1);
