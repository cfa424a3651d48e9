//! What a channel is for.

use std::borrow::Cow;
use std::fmt;

/// What a channel is for. Each purpose has a pool of its own, so that one kind of work cannot use up
/// the channels of another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// Publishing by hand. (A [`Publisher`](crate::Publisher) has channels of its own.)
    Publish,
    /// Consuming, over a [connection of its own](crate::ResilientConnection::consuming). These channels are
    /// closed when they come back and never given to somebody else: a consumer may still be alive on them.
    Consume,
    /// Declaring, binding, deleting, looking; what has to do with an exclusive queue belongs on a channel for
    /// [`Consume`](Self::Consume).
    Admin,
    /// Anything else. Each name makes a pool that stays for the life of the connection, so names
    /// are for kinds of work, not for pieces of it.
    Named(Cow<'static, str>),
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Publish => "publish",
            Self::Consume => "consume",
            Self::Admin => "admin",
            Self::Named(name) => name,
        })
    }
}

impl From<Cow<'static, str>> for Purpose {
    /// The purpose of that name; "publish", "consume" and "admin" are those above.
    fn from(name: Cow<'static, str>) -> Self {
        match &*name {
            "publish" => Self::Publish,
            "consume" => Self::Consume,
            "admin" => Self::Admin,
            _ => Self::Named(name),
        }
    }
}

impl From<&'static str> for Purpose {
    fn from(name: &'static str) -> Self {
        Cow::Borrowed(name).into()
    }
}

impl From<String> for Purpose {
    fn from(name: String) -> Self {
        Cow::<'static, str>::Owned(name).into()
    }
}
