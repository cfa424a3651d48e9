//! What the operation is told about the attempt it makes.

/// The attempt that a hedged operation is making.
///
/// Of use to send a hedge somewhere else than the primary went: to another replica, over another
/// connection.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use steadfast_retry::Hedge;
///
/// let replicas = ["db-1", "db-2"];
/// let hedge = Hedge::builder("read").delay(Duration::from_millis(20)).unbudgeted().build()?;
/// let row = hedge
///     .call(|attempt| {
///         let replica = replicas[(attempt.number() as usize - 1) % replicas.len()];
///         async move {
///             if !attempt.is_hedge() {
///                 tokio::time::sleep(Duration::from_secs(10)).await; // db-1 is busy
///             }
///             Ok::<_, ()>(replica)
///         }
///     })
///     .await;
/// assert_eq!(row, Ok("db-2"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HedgeAttempt {
    number: u32,
}

impl HedgeAttempt {
    pub(super) const PRIMARY: Self = Self { number: 1 };

    pub(super) const fn new(number: u32) -> Self {
        Self { number }
    }

    /// Which attempt of the call this is. The primary is 1, the first hedge 2.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Whether another attempt of this call was begun before: `number() > 1`.
    #[must_use]
    pub const fn is_hedge(&self) -> bool {
        self.number > 1
    }
}
