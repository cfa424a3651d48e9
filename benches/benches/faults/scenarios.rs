//! The scenarios. Each starts a private broker and a client, and looks at what the client said, what is in
//! the queues, and what the process took. The numbers are those of the project's list of faults.

mod alarm;
mod answers;
mod channels;
mod crashes;
mod frozen;
mod leaving;
mod login;
mod outage;
mod pool;
mod soak;

use std::pin::Pin;

use crate::clients::Kind;
use crate::findings::{Failure, Findings};
use crate::plan::Plan;

type Outcome = Result<Findings, Failure>;
type Running = Pin<Box<dyn Future<Output = Outcome>>>;

pub(crate) struct Scenario {
    /// Its number, and what sort of it.
    pub(crate) name: &'static str,
    pub(crate) subject: &'static str,
    /// Whether bare lapin runs it too.
    pub(crate) in_bare: bool,
    /// Whether it mostly waits, so that two of them may run side by side.
    pub(crate) waits: bool,
    pub(crate) run: fn(Kind, Plan) -> Running,
}

impl Scenario {
    /// `F1` is all of `F1 classic` and `F1 quorum`.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
            || self
                .name
                .split(' ')
                .next()
                .is_some_and(|number| number.eq_ignore_ascii_case(name))
    }
}

/// One line each: its name, what happens, who runs it, whether it waits or works, and the function.
macro_rules! scenarios {
    ($($name:literal, $subject:literal, $who:ident, $how:ident => $($run:ident)::+;)+) => {
        &[$(Scenario {
            name: $name,
            subject: $subject,
            in_bare: scenarios!(@ $who),
            waits: scenarios!(@ $how),
            run: |kind, plan| Box::pin($($run)::+(kind, plan)),
        }),+]
    };
    (@ both) => { true };
    (@ ours) => { false };
    (@ waits) => { true };
    (@ works) => { false };
}

pub(crate) const ALL: &[Scenario] = scenarios! {
    "F1 classic", "100,000 messages to a classic queue, five kill -9", both, works => crashes::classic;
    "F1 quorum", "100,000 messages to a quorum queue, five kill -9", both, works => crashes::quorum;
    "F2", "the broker is down for 90 s, longest backoff 1 s", ours, waits => outage::long;
    "F3", "the broker is down for 4 s and a start, lapin is to try three times", both, waits => outage::short;
    "F4", "the broker is stopped (SIGSTOP) for 30 s, 8 tasks publish with a deadline of 3 s", ours, waits => frozen::run;
    "F5", "a memory alarm of 20 s, 8 publishers of 1,000 messages", both, works => alarm::run;
    "F6", "96,000 messages by 32 tasks, half of them to a full queue that rejects", both, works => answers::rejected;
    "F7", "50,000 mandatory messages by 8 tasks, a third of them unroutable", both, works => answers::returned;
    "F8", "publishes to no exchange (404) and declarations with other arguments (406) among sound publishes", ours, waits => channels::run;
    "F11", "everything is closed and dropped while the broker is down, then it starts", both, waits => leaving::run;
    "F12", "a pool of 20 channels and 100 waiting callers", ours, works => pool::run;
    "F13", "a wrong password, a wrong virtual host, mended at the broker", ours, waits => login::run;
    "F20", "random faults under the load of 16 tasks", ours, works => soak::run;
};
