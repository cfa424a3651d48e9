//! The defaults, in one place; the README's tables are held to them by the test below.

use std::time::Duration;

pub(crate) const URI: &str = "amqp://guest:guest@localhost:5672/%2f";
pub(crate) const ONE_CONNECTION: bool = false;
pub(crate) const SHUFFLE: bool = true;
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(10);
pub(crate) const BASE_BACKOFF: Duration = Duration::from_millis(100);
pub(crate) const MAX_BACKOFF: Duration = Duration::from_secs(30);
pub(crate) const FAILURE_THRESHOLD: u32 = 5;
pub(crate) const OPEN_FOR: Duration = Duration::from_secs(5);
pub(crate) const MAX_CHANNELS: usize = 20;
pub(crate) const MAX_WAITING: usize = 100;
pub(crate) const CHECKOUT_TIMEOUT: Duration = Duration::from_secs(5);
pub(crate) const CHANNEL_TIMEOUT: Duration = Duration::from_secs(5);
pub(crate) const TOPOLOGY_TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) const DEADLINE: Duration = Duration::from_secs(30);
pub(crate) const CONFIRM_TIMEOUT: Duration = Duration::from_secs(10);
pub(crate) const MAX_IN_FLIGHT: usize = 256;
pub(crate) const BUFFER_MESSAGES: usize = 10_000;
pub(crate) const BUFFER_BYTES: usize = 64 * 1024 * 1024;

/// How long a connection must last to count as a success.
pub(crate) const STABLE_AFTER: Duration = Duration::from_secs(5);

/// How long at least the breaker remembers a failure.
pub(crate) const RESET_TIMEOUT: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    /// The settings of the table under a heading of the README, with their defaults.
    fn table(heading: &str) -> Vec<(String, String)> {
        let readme = include_str!("../README.md");
        let (_, section) = readme
            .split_once(heading)
            .expect("the README has the heading");
        let rows = section.lines().skip_while(|line| !line.starts_with('|'));
        let rows = rows.take_while(|line| line.starts_with('|')).skip(2);
        rows.map(|row| {
            let mut cells = row
                .split('|')
                .skip(1)
                .map(|cell| cell.trim().replace('`', ""));
            (cells.next().unwrap(), cells.next().unwrap())
        })
        .collect()
    }

    fn time(duration: Duration) -> String {
        match duration.as_millis() {
            millis if millis % 1_000 == 0 => format!("{} s", millis / 1_000),
            millis => format!("{millis} ms"),
        }
    }

    fn rows(expected: &[(&str, String)]) -> Vec<(String, String)> {
        let row = |(name, value): &(&str, String)| ((*name).to_owned(), value.clone());
        expected.iter().map(row).collect()
    }

    #[test]
    fn the_readme_has_the_defaults_of_a_connection() {
        let expected = rows(&[
            ("uri", URI.to_owned()),
            ("shuffle", SHUFFLE.to_string()),
            ("one_connection", ONE_CONNECTION.to_string()),
            ("connect_timeout", time(CONNECT_TIMEOUT)),
            ("heartbeat", time(HEARTBEAT)),
            ("base_backoff", time(BASE_BACKOFF)),
            ("max_backoff", time(MAX_BACKOFF)),
            ("failure_threshold", FAILURE_THRESHOLD.to_string()),
            ("open_for", time(OPEN_FOR)),
            ("max_channels", MAX_CHANNELS.to_string()),
            ("max_waiting", MAX_WAITING.to_string()),
            ("checkout_timeout", time(CHECKOUT_TIMEOUT)),
            ("channel_timeout", time(CHANNEL_TIMEOUT)),
            ("topology_timeout", time(TOPOLOGY_TIMEOUT)),
        ]);
        assert_eq!(table("## Connection defaults"), expected);
    }

    #[test]
    fn the_readme_has_the_defaults_of_a_publisher() {
        let expected = rows(&[
            ("deadline", time(DEADLINE)),
            ("confirm_timeout", time(CONFIRM_TIMEOUT)),
            ("max_in_flight", MAX_IN_FLIGHT.to_string()),
            ("buffer_messages", BUFFER_MESSAGES.to_string()),
            (
                "buffer_bytes",
                format!("{} MiB", BUFFER_BYTES / 1024 / 1024),
            ),
            (
                "backpressure",
                format!("{:?}", crate::Backpressure::default()),
            ),
        ]);
        assert_eq!(table("## Publisher defaults"), expected);
    }
}
