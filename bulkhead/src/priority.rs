/// How urgent a caller is: which part of the places, and of the line, is for callers like it.
///
/// A free place goes to whoever comes, whatever its priority. Priorities matter once callers wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[expect(clippy::exhaustive_enums, reason = "the three classes there are")]
pub enum Priority {
    /// What a user waits for, or what keeps the service alive.
    High,
    /// Everything that nobody said anything about.
    #[default]
    Normal,
    /// What can wait: prefetches, reports, clean-up.
    Low,
}
