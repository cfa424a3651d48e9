//! The dashboard as browsers and probes meet it: a server on 127.0.0.1, and a client.

mod api;
mod config;
mod controls;
mod page;
mod stream;
mod support;
