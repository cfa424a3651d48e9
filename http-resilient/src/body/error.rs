use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

/// Why this crate broke off a response body. It is behind the [`reqwest::Error`] that reading the body
/// returns; [`find`](Self::find) finds it.
///
/// # Examples
/// ```
/// use steadfast_http::BodyError;
///
/// # async fn example(response: reqwest::Response) -> Result<(), reqwest::Error> {
/// match response.bytes().await {
///     Ok(bytes) => println!("{} bytes", bytes.len()),
///     Err(error) => match BodyError::find(&error) {
///         Some(BodyError::TooLarge { limit, .. }) => println!("more than {limit} bytes"),
///         _ => return Err(error),
///     },
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyError {
    /// It has more bytes, after decompression, than
    /// [`max_response_bytes`](crate::Builder::max_response_bytes).
    #[non_exhaustive]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// Nothing of it came for the whole [`read_timeout`](crate::Builder::read_timeout).
    /// [`reqwest::Error::is_timeout`] is true.
    #[non_exhaustive]
    Stalled {
        /// The read timeout.
        after: Duration,
    },
    /// It was not over when the request's time was. [`reqwest::Error::is_timeout`] is true.
    Deadline,
}

impl BodyError {
    /// What is behind `error`, if it is this.
    #[must_use]
    pub fn find<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e Self> {
        std::iter::successors(Some(error), |&cause| cause.source()).find_map(|cause| {
            let in_io = cause
                .downcast_ref::<io::Error>()
                .and_then(|error| error.get_ref()?.downcast_ref());
            cause.downcast_ref().or(in_io)
        })
    }

    /// What it is in the attribute `error.type`.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "body_too_large",
            Self::Stalled { .. } => "timeout",
            Self::Deadline => "deadline_exceeded",
        }
    }

    /// As a body's error, in a form in which reqwest knows a timeout for one.
    pub(super) fn into_boxed(self) -> Box<dyn Error + Send + Sync> {
        match self {
            Self::TooLarge { .. } => Box::new(self),
            Self::Stalled { .. } | Self::Deadline => {
                Box::new(io::Error::new(io::ErrorKind::TimedOut, self))
            }
        }
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit } => {
                write!(f, "the response body is larger than {limit} bytes")
            }
            Self::Stalled { after } => {
                write!(f, "nothing of the response body came for {after:?}")
            }
            Self::Deadline => f.write_str("the time for the request ran out in the response body"),
        }
    }
}

impl Error for BodyError {}
