//! The dashboard as browsers and probes meet it: a server on 127.0.0.1, and a client.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod api;
mod config;
mod controls;
mod hosts;
mod page;
mod stream;
mod support;
