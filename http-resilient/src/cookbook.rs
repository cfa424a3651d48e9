//! Clients for three kinds of servers, whole and with the reasons for their settings.

#[doc = include_str!("../docs/cookbook/json-api.md")]
pub mod json_api {}

#[doc = include_str!("../docs/cookbook/llm-api.md")]
pub mod llm_api {}

#[doc = include_str!("../docs/cookbook/webhook.md")]
pub mod webhook {}
