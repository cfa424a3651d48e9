//! Simulations in virtual time: our own retries and budgets, real calls on a real runtime, against
//! servers that are made up.
//!
//! - [`failing`]: a server that fails at random, whatever its load;
//! - [`metastable`]: a server that becomes slower with its load, and a spike of traffic;
//! - [`tiers`]: retries at each of three tiers.
//!
//! Time is tokio's paused clock, which jumps to the next timer as soon as nothing is left to do, and
//! the runtime has one thread. Chance is a function of what it is for, so the same request fails
//! whatever else happens, and the ways to retry meet the same traffic. Hence a second run gives the
//! same figures to the last digit.

mod arrivals;
mod chance;
pub mod failing;
pub mod metastable;
mod outcome;
mod policy;
pub mod tiers;

use std::error::Error;
use std::time::Duration;

use tokio::runtime;

pub use self::outcome::Outcome;
pub use self::policy::{MIN_PER_SECOND, Policy, SHARE};

/// Why a simulation could not run: the runtime did not start, or our own settings broke their rules.
pub type Failure = Box<dyn Error + Send + Sync>;

/// What a server says that does not do what was asked.
#[derive(Debug)]
struct Refused;

/// How long the servers that do not depend on their load take for a request.
const ANSWER_AFTER: Duration = Duration::from_millis(10);

/// Runs `simulation` on a clock that knows no waiting. What it leaves running is dropped.
///
/// Retries and budgets have to be made in there, since a budget's window begins when it is made.
fn in_virtual_time<T>(simulation: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    runtime.block_on(simulation)
}
