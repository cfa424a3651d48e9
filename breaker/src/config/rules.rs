//! The rules that the settings must obey.

use std::time::Duration;

use super::{Config, Window};
use crate::error::FieldError;

const COUNT: &str = "must be at least 1";
const LONGER: &str = "must be longer than zero";
const RATE: &str = "must be more than 0 and at most 1";

impl Config {
    /// Every field that breaks its rule, in the order of the fields.
    pub(crate) fn broken_fields(&self) -> Vec<FieldError> {
        let mut broken = Broken::default();
        broken.unless(
            self.failure_threshold != Some(0),
            "failure_threshold",
            &0,
            COUNT,
        );
        broken.unless(
            !self.reset_timeout.is_zero(),
            "reset_timeout",
            &self.reset_timeout,
            LONGER,
        );
        self.check_window(&mut broken);
        self.check_open(&mut broken);
        self.check_half_open(&mut broken);
        broken.fields
    }

    fn check_window(&self, broken: &mut Broken) {
        let rule = "must be 1 to 1000000 calls, or 1 ms to 1 h";
        broken.unless(self.window.is_sound(), "window", &self.window, rule);
        if let Some(min_calls) = self.min_calls {
            broken.unless(min_calls > 0, "min_calls", &min_calls, COUNT);
            if let Window::Calls(calls) = self.window {
                let rule = "must be at most the calls of the window";
                broken.unless(min_calls <= calls, "min_calls", &min_calls, rule);
            }
        }
        broken.rate("failure_rate", self.failure_rate);
        if let Some(duration) = self.slow_call_duration {
            broken.unless(!duration.is_zero(), "slow_call_duration", &duration, LONGER);
        }
        broken.rate("slow_call_rate", self.slow_call_rate);
        if let (Some(rate), None) = (self.slow_call_rate, self.slow_call_duration) {
            let rule = "must come with slow_call_duration";
            broken.unless(false, "slow_call_rate", &rate, rule);
        }
    }

    fn check_open(&self, broken: &mut Broken) {
        broken.unless(!self.open_for.is_zero(), "open_for", &self.open_for, LONGER);
        let multiplier = self.open_for_multiplier;
        broken.unless(
            multiplier.is_finite() && multiplier >= 1.0,
            "open_for_multiplier",
            &multiplier,
            "must be at least 1 and finite",
        );
        let jitter = self.open_for_jitter;
        broken.unless(
            (0.0..1.0).contains(&jitter),
            "open_for_jitter",
            &jitter,
            "must be at least 0 and less than 1",
        );
        if multiplier > 1.0 || jitter > 0.0 {
            let rule = "must be at least open_for";
            let sound = self.max_open_for >= self.open_for;
            broken.unless(sound, "max_open_for", &self.max_open_for, rule);
        }
    }

    fn check_half_open(&self, broken: &mut Broken) {
        broken.unless(self.max_probes > 0, "max_probes", &self.max_probes, COUNT);
        let successes = self.success_threshold;
        broken.unless(successes > 0, "success_threshold", &successes, COUNT);
        broken.rate("half_open_failure_rate", self.half_open_failure_rate);
        let calls = self.half_open_calls;
        broken.unless(calls > 0, "half_open_calls", &calls, COUNT);
        let max = self.half_open_max;
        broken.unless(!max.is_zero(), "half_open_max", &max, LONGER);
    }
}

impl Window {
    pub(super) fn is_sound(self) -> bool {
        match self {
            Self::Calls(calls) => (1..=1_000_000).contains(&calls),
            Self::Time(time) => {
                (Duration::from_millis(1)..=Duration::from_secs(3600)).contains(&time)
            }
        }
    }
}

#[derive(Default)]
struct Broken {
    fields: Vec<FieldError>,
}

impl Broken {
    fn unless(
        &mut self,
        sound: bool,
        field: &'static str,
        value: &dyn std::fmt::Debug,
        rule: &'static str,
    ) {
        if !sound {
            self.fields.push(FieldError::new(field, value, rule));
        }
    }

    fn rate(&mut self, field: &'static str, rate: Option<f64>) {
        if let Some(rate) = rate {
            self.unless(rate > 0.0 && rate <= 1.0, field, &rate, RATE);
        }
    }
}
