//! Accepting connections.

use std::{sync::Arc, time::Duration};

use tokio::{net::TcpStream, time::sleep};

use super::shared::Shared;
use crate::socket::Listener;

/// Accepts every connection and gives it to `serve` with its number, in a task of its own.
pub(crate) async fn accept_all<S, F>(
    listener: std::net::TcpListener,
    shared: Arc<Shared>,
    mut serve: S,
) where
    S: FnMut(TcpStream, u64, Arc<Shared>) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let listener = Listener::register(listener);
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, say: the client waits in the backlog meanwhile.
            sleep(Duration::from_millis(10)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let number = shared.accept();
        let served = serve(stream, number, Arc::clone(&shared));
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let _open = shared.open();
            served.await;
        });
    }
}
