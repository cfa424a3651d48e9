//! The guide quotes the simulations; its figures are held to what they have written down.

const GUIDE: &str = include_str!("../../docs/retries-multiply.md");
const TIERS: &str = include_str!("../../../benches/results/tiers.csv");
const FAILING: &str = include_str!("../../../benches/results/failing.csv");
const RESULTS: &str = include_str!("../../../benches/results/README.md");

/// The first row of a table that begins with these cells.
fn row<'t>(text: &'t str, separator: char, begins: &[&str]) -> Vec<&'t str> {
    let cells = |line: &'t str| -> Vec<&'t str> {
        let line = line.trim_matches('|');
        line.split(separator).map(str::trim).collect()
    };
    let mut rows = text.lines().map(cells);
    rows.find(|cells| cells.starts_with(begins))
        .unwrap_or_else(|| panic!("no row begins with {begins:?}"))
}

/// How many there are to each call, in a row whose third cell is the calls.
fn of_calls(row: &[&str], cell: usize, digits: usize) -> String {
    let [count, calls] = [cell, 2].map(|cell| row[cell].parse::<f64>().unwrap());
    format!("{:.digits$}", count / calls)
}

const SUCCEEDED: usize = 3;
const REQUESTS: usize = 4;

#[test]
fn the_load_of_tiers_is_what_the_simulation_has_found() {
    for who in [
        "nowhere",
        "at every tier",
        "at the top tier alone",
        "at every tier + budget each",
    ] {
        let half = row(TIERS, ',', &[who, "0.5"]);
        let all = row(TIERS, ',', &[who, "1"]);
        let found = [
            of_calls(&half, REQUESTS, 2),
            of_calls(&half, SUCCEEDED, 3),
            of_calls(&all, REQUESTS, 2),
        ];
        assert_eq!(row(GUIDE, '|', &[who])[1..], found, "{who}");
    }
}

#[test]
fn the_effect_of_a_budget_is_what_the_simulation_has_found() {
    for (share, probability) in [
        ("1 %", "0.01"),
        ("10 %", "0.1"),
        ("30 %", "0.3"),
        ("50 %", "0.5"),
        ("100 %", "1"),
    ] {
        let found = ["three retries", "three retries + budget each"].map(|policy| {
            let row = row(FAILING, ',', &[probability, policy]);
            let [success, load] = [SUCCEEDED, REQUESTS].map(|cell| of_calls(&row, cell, 3));
            format!("{success}, {load}")
        });
        assert_eq!(row(GUIDE, '|', &[share])[1..], found, "{share}");
    }
}

#[test]
fn the_spike_ends_as_the_simulation_says() {
    let plain = row(RESULTS, '|', &["three retries", "100.3 %"]);
    assert_eq!(plain[3..], ["160", "67.86 s", "never"]);
    let budget = row(RESULTS, '|', &["three retries + budget each", "100.3 %"]);
    assert_eq!(budget[5], "17 s");
    for quoted in ["become 160 requests", "17 s after the spike"] {
        assert!(GUIDE.replace('\n', " ").contains(quoted), "{quoted}");
    }
}
