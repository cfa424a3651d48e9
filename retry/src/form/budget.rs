//! [`BudgetConfig`] in a file.

use super::{Field, Form, fields, table};
use crate::budget::BudgetConfig;
use crate::error::FieldError;

table!(BudgetConfig);

impl Form for BudgetConfig {
    const EXPECTED: &'static str = "a table of budget settings";

    const FIELDS: &'static [Field<Self>] = fields!(BudgetConfig {
        share,
        min_per_second,
        window,
    } tables {});

    const ELSEWHERE: &'static [(&'static [&'static str], &'static str)] = &[
        (
            &["percent_can_retry", "ratio", "retry_ratio"],
            "did you mean share?",
        ),
        (
            &["budget_percent", "percent", "percentage", "retry_percent"],
            "share is a share, not a percentage: {} / 100",
        ),
        (
            &[
                "min_per_sec",
                "min_retries_per_sec",
                "min_retries_per_second",
            ],
            "did you mean min_per_second?",
        ),
        (&["ttl"], "did you mean window?"),
    ];

    fn broken(&self) -> Vec<FieldError> {
        self.broken_fields()
    }

    /// No rule is about two fields.
    fn excuse(&mut self, _: &str) {}
}
