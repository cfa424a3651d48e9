//! A page for operators.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod api;
mod builder;
mod clock;
mod controls;
mod dashboard;
mod error;
mod hub;
pub mod metrics;
mod notice;
mod page;
mod reply;
mod sse;
mod view;

pub use builder::{Builder, Thresholds};
pub use controls::{Action, Allowed, Authorise, Controls, Denied, Verb};
pub use dashboard::Dashboard;
pub use error::{ConfigError, FieldError};
pub use notice::Notice;
pub use view::Severity;
