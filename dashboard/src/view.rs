//! What is shown: rows, made of telemetry's snapshot, the one before, and the health report.

mod board;
mod breaker;
mod bulkhead;
mod clients;
mod event;
mod facts;
mod health;
pub(crate) mod kinds;
mod meter;
mod reading;
mod retries;
mod row;
pub(crate) mod series;
pub(crate) mod taken;
mod tally;
#[cfg(test)]
mod tests;
mod turns;
mod warnings;

pub(crate) use self::board::{Board, Change};
pub(crate) use self::event::{Told, told};
pub(crate) use self::health::Health;
pub(crate) use self::row::Severity;
pub(crate) use self::row::{Row, id_of};
pub(crate) use self::warnings::Warning;
