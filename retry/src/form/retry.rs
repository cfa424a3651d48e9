//! [`Config`] in a file.

use std::time::Duration;

use super::{Field, Form, fields, table};
use crate::backoff::Growth;
use crate::config::Config;
use crate::error::FieldError;

table!(Config);

impl Form for Config {
    const EXPECTED: &'static str = "a table of retry settings";

    const FIELDS: &'static [Field<Self>] = fields!(Config {
        max_attempts,
        growth,
        base_backoff,
        max_backoff,
        backoff_multiplier,
        jitter,
        max_elapsed,
        attempt_timeout,
        max_retry_after,
        history,
    } tables {
        budget,
    });

    const ELSEWHERE: &'static [(&'static [&'static str], &'static str)] = &[
        (
            &[
                "max_retries",
                "max_retry_attempts",
                "max_retry_count",
                "num_retries",
                "retries",
                "retry_attempts",
                "retry_count",
                "retry_limit",
            ],
            "max_attempts counts the first attempt too: {} + 1",
        ),
        (
            &["attempts", "max_tries", "tries"],
            "did you mean max_attempts?",
        ),
        (
            &[
                "base_delay",
                "base_interval",
                "delay",
                "initial_backoff",
                "initial_delay",
                "initial_interval",
                "interval",
                "min_backoff",
                "min_delay",
                "min_interval",
                "wait_duration",
            ],
            "did you mean base_backoff?",
        ),
        (
            &["max_delay", "max_interval", "max_wait", "max_wait_duration"],
            "did you mean max_backoff?",
        ),
        (
            &["backoff_factor", "exponential_base", "factor", "multiplier"],
            "did you mean backoff_multiplier?",
        ),
        (
            &["backoff", "backoff_strategy", "backoff_type", "strategy"],
            "did you mean growth?",
        ),
        (
            &["jitter_factor", "randomization_factor"],
            "did you mean jitter?",
        ),
        (&["jitter_seed", "seed"], "the seed is given to the builder"),
        (
            &[
                "deadline",
                "max_duration",
                "max_elapsed_time",
                "total_timeout",
            ],
            "did you mean max_elapsed?",
        ),
        (
            &["per_attempt_timeout", "per_try_timeout", "try_timeout"],
            "did you mean attempt_timeout?",
        ),
        (&["timeout"], "did you mean attempt_timeout or max_elapsed?"),
        (&["retry"], "the settings belong in this table"),
        (&["retry_budget"], "did you mean budget?"),
        (
            &["budget_share", "retry_ratio", "share"],
            "did you mean share in the table budget?",
        ),
        (
            &[
                "budget_min_per_second",
                "min_per_second",
                "min_retries_per_second",
            ],
            "did you mean min_per_second in the table budget?",
        ),
        (
            &["budget_window", "window"],
            "did you mean window in the table budget?",
        ),
    ];

    fn broken(&self) -> Vec<FieldError> {
        self.broken_fields()
    }

    fn excuse(&mut self, field: &str) {
        match field {
            // The one that takes a multiplier and a jitter.
            "growth" => self.growth = Growth::Exponential,
            "base_backoff" => self.base_backoff = Duration::ZERO,
            "max_backoff" => self.max_backoff = Duration::MAX,
            _ => {}
        }
    }
}
