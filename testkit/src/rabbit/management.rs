//! One request to the node's management HTTP API.

use std::{io, net::SocketAddr};

use crate::http10;

/// Sends a request as `guest` and returns the status and the body.
pub(crate) fn request(
    addr: SocketAddr,
    method: &str,
    path: &str,
    body: &str,
) -> io::Result<(u16, String)> {
    http10::request(addr, method, path, AS_GUEST, body)
}

const AS_GUEST: &str =
    "authorization: Basic Z3Vlc3Q6Z3Vlc3Q=\r\ncontent-type: application/json\r\n";
