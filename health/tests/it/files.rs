//! Settings from a configuration file.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use steadfast_health::{
    Check, CheckConfig, Importance, Monitor, MonitorConfig, Outcome, RegisterError, Status,
};
use tokio::time::sleep;

use crate::support::{Probe, SECOND, steady};

fn refusal<C: serde::de::DeserializeOwned + std::fmt::Debug>(text: &str) -> String {
    let error = toml::from_str::<C>(text).unwrap_err();
    error.message().to_owned()
}

#[test]
fn nothing_given_is_the_defaults() {
    let config: MonitorConfig = toml::from_str("").unwrap();
    assert_eq!(config, MonitorConfig::default());
    let config: CheckConfig = toml::from_str("").unwrap();
    assert_eq!(config, CheckConfig::default());
    let built = Monitor::builder("m").config(MonitorConfig::default());
    assert_eq!(format!("{built:?}"), format!("{:?}", Monitor::builder("m")));
}

#[test]
fn one_error_tells_everything_that_is_wrong_with_a_monitor() {
    // In the order of the alphabet, in which some builds of toml hand them out.
    let text = "interval = 0\nintervals = 3\njitter = 1.5\nname = 'x'\ntimeout = 'soon'";
    assert_eq!(
        refusal::<MonitorConfig>(text),
        "intervals = 3 (unknown key, did you mean interval?); name = \"x\" (unknown key); \
         timeout = \"soon\" (must be a duration like \"1m 30s\", or whole milliseconds); \
         interval = 0ns (must be longer than zero); jitter = 1.5 (must be from 0 to 1)"
    );
}

#[test]
fn one_error_tells_everything_that_is_wrong_with_a_check() {
    let text = "critical = true\ndepends_on = ['db', '']\nhealthy_after = 0\nimportance = 'vital'\n\
                liveness = 1\nstaleness = 1.5\nstartup = []\nunhealthy_after = -1";
    assert_eq!(
        refusal::<CheckConfig>(text),
        "critical = true (unknown key); \
         importance = \"vital\" (must be \"required\" or \"optional\"); \
         liveness = 1 (must be true or false); \
         staleness = 1.5 (must be a duration like \"1m 30s\", or whole milliseconds); \
         startup = [] (must be true or false); \
         unhealthy_after = -1 (must be a whole number from 1 to 4294967295); \
         healthy_after = 0 (must be at least 1); \
         depends_on = [\"db\", \"\"] (must name other checks)"
    );
    assert_eq!(
        refusal::<CheckConfig>("depends_on = ['a', 7]"),
        "depends_on = [\"a\", 7] (must be a list of names)"
    );
    let json = serde_json::from_str::<CheckConfig>(r#"{"timeout": "1s", "timeout": "2s"}"#);
    let told = json.unwrap_err().to_string();
    assert!(
        told.starts_with("timeout = \"2s\" (is given already: timeout = \"1s\")"),
        "{told}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_file_replaces_what_the_code_says_and_leaves_the_rest() {
    let config: CheckConfig = toml::from_str(
        "interval = '10s'\nimportance = 'optional'\nstartup = true\ndepends_on = ['db']\nhealthy_after = 2",
    )
    .unwrap();
    let probe = Probe::new();
    let monitor = steady();
    let coded = probe
        .check("cache")
        .interval(40 * SECOND)
        .liveness(true)
        .depends_on(["nothing"]);
    monitor.register(coded.config(config)).unwrap();
    monitor.register(Probe::new().check("db")).unwrap();
    probe.answer(Status::Unhealthy);
    let runner = monitor.start();
    sleep(SECOND).await;
    probe.answer(Status::Healthy);
    sleep(10 * SECOND).await;
    assert_eq!(probe.begun(), 2);
    let report = monitor.get_health();
    let cache = report.component("cache").unwrap();
    assert_eq!(cache.importance, Importance::Optional);
    assert!(cache.startup && cache.liveness);
    assert_eq!(
        cache
            .depends_on
            .iter()
            .map(|name| &**name)
            .collect::<Vec<_>>(),
        ["db"]
    );
    assert_eq!(cache.status, Status::Unhealthy, "one good result of two");
    runner.stop().await;
}

#[test]
fn what_only_the_monitor_can_judge_is_refused_when_it_is_registered() {
    let config: CheckConfig = toml::from_str("staleness = '35s'").unwrap();
    let check = Check::new("db", || async { Outcome::healthy() }).config(config);
    assert!(matches!(
        steady().register(check),
        Err(RegisterError::Config(_))
    ));
}

fn duration() -> impl Strategy<Value = Duration> {
    (1_u64..100_000, 0_u32..1_000_000_000)
        .prop_map(|(seconds, nanos)| Duration::new(seconds, nanos))
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        interval in duration(),
        timeout in proptest::option::of(duration()),
        jitter in 0.0..=1.0,
        required in proptest::option::of(any::<bool>()),
        liveness in proptest::option::of(any::<bool>()),
        after in proptest::option::of(1_u32..),
        names in proptest::option::of(prop::collection::vec(".+", 0..3)),
    ) {
        let mut monitor = MonitorConfig::default();
        monitor.interval = interval;
        monitor.jitter = jitter;
        let mut check = CheckConfig::default();
        check.timeout = timeout;
        check.importance = required.map(|it| if it { Importance::Required } else { Importance::Optional });
        check.liveness = liveness;
        check.unhealthy_after = after;
        check.depends_on = names.map(|names| names.into_iter().map(Into::into).collect());

        let text = toml::to_string(&monitor).unwrap();
        prop_assert_eq!(toml::from_str::<MonitorConfig>(&text).unwrap(), monitor);
        let both = BTreeMap::from([("a", check.clone()), ("b", CheckConfig::default())]);
        let text = toml::to_string(&both).unwrap();
        let read: BTreeMap<String, CheckConfig> = toml::from_str(&text).unwrap();
        prop_assert_eq!(&read["a"], &check);
        let json = serde_json::to_string(&check).unwrap();
        prop_assert_eq!(serde_json::from_str::<CheckConfig>(&json).unwrap(), check);
    }
}
