//! Being built.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod attempt;
mod authority;
mod body;
mod builder;
mod call;
mod classify;
mod client;
mod clock;
mod config_error;
mod counters;
mod error;
mod observer;
mod read_ahead;
mod redirect;
mod request;
mod response;
mod retry_after;
mod settings;
mod snapshot;
mod summary;

pub use builder::Builder;
pub use client::{Client, WeakClient};
pub use config_error::{ConfigError, FieldError};
pub use error::{Error, Last, Phase};
pub use observer::{Finished, Observer};
pub use request::RequestBuilder;
pub use response::ResponseExt;
pub use snapshot::{AuthoritySnapshot, Snapshot, Totals};
pub use summary::RequestSummary;

pub use reqwest;
