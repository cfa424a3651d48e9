//! The tables and the arithmetic of the page, number by number.

use steadfast_bulkhead::Config;

use super::{assert_page_says, chance_to_wait, lost, mean_wait, table};

fn number(cell: &str) -> f64 {
    let digits = cell.split(' ').next().unwrap();
    digits.parse().unwrap_or_else(|_| panic!("{cell}"))
}

/// A time of the page, in seconds.
fn seconds(cell: &str) -> f64 {
    let scale = if cell.ends_with("ms") { 1e-3 } else { 1.0 };
    number(cell) * scale
}

fn percent(chance: f64) -> String {
    format!("{:.1} %", 100.0 * chance)
}

/// The load and so many times its root, rounded up.
fn with_room(a: f64, roots: f64) -> u32 {
    (a + roots * a.sqrt()).ceil() as u32
}

#[test]
fn the_page_tells_how_many_wait_by_erlangs_formula() {
    let rows = table("| load a |");
    assert_eq!(rows.len(), 6);
    for row in rows {
        let a = number(row[0]);
        for (roots, cells) in [(1.0, &row[1..4]), (2.0, &row[4..7])] {
            let places = with_room(a, roots);
            assert_eq!(cells[0], places.to_string(), "{row:?}");
            assert_eq!(cells[1], percent(chance_to_wait(places, a)), "{row:?}");
            assert_eq!(cells[2], format!("{:.3}", mean_wait(places, a)), "{row:?}");
        }
        let twice = 2 * a as u32;
        assert_eq!(row[7], twice.to_string(), "{row:?}");
        assert_eq!(row[8], percent(chance_to_wait(twice, a)), "{row:?}");
    }
}

/// The share of a normal distribution below `x`, which is above zero.
fn normal_below(x: f64) -> f64 {
    let steps = 10_000;
    let width = x / f64::from(steps);
    let middles = (0..steps).map(|step| normal_at((f64::from(step) + 0.5) * width));
    0.5 + middles.sum::<f64>() * width
}

fn normal_at(x: f64) -> f64 {
    (-x * x / 2.0).exp() / std::f64::consts::TAU.sqrt()
}

#[test]
fn the_page_tells_the_square_root_rule() {
    // The limit of large loads, as Halfin and Whitt computed it.
    let chance = |roots: f64| 100.0 / (1.0 + roots * normal_below(roots) / normal_at(roots));
    assert_page_says(&format!(
        "about {:.0} % with a + ½√a places, {:.0} % with a + √a and {:.1} % with a + 2√a",
        chance(0.5),
        chance(1.0),
        chance(2.0)
    ));
    for roots in [0.5, 1.0, 2.0] {
        let a = 1e6;
        let exact = 100.0 * chance_to_wait(with_room(a, roots), a);
        assert!((exact / chance(roots) - 1.0).abs() < 0.01, "{exact}");
    }
    // Twice the load is less than that rule below a load of 4, and more above.
    assert_eq!(with_room(4.0, 2.0), 8);
    assert!((1..4).all(|a| 2 * a < with_room(a.into(), 2.0)));
    assert!((5..1000).all(|a| 2 * a >= with_room(a.into(), 2.0)));
}

#[test]
fn the_page_tells_what_one_place_more_than_the_load_is_worth() {
    let few = 100.0 * chance_to_wait(11, 10.0);
    assert_page_says(&format!("load of 10, {few:.0} % of the callers wait"));
    let none_in_line = percent(lost(17, 10.0));
    let with_line = percent(chance_to_wait(17, 10.0));
    assert_page_says(&format!("{none_in_line} instead of {with_line}"));
}

#[test]
fn the_page_does_its_sums_for_the_example() {
    let [calls, hold, patience, processes, bears] = [200.0, 0.05, 1.0, 4.0, 100.0];
    let given = table("| | what | example |");
    let given: Vec<_> = given.iter().map(|row| row[2]).collect();
    assert_eq!(given, ["200/s", "50 ms", "1 s", "4", "100"]);

    let a: f64 = calls * hold;
    let exact = a + 2.0 * a.sqrt();
    let places = with_room(a, 2.0);
    let c = f64::from(places);
    assert_page_says(&format!("{a} + 2√{a} = {exact:.1}, so {places}"));
    let waits = percent(chance_to_wait(places, a));
    let long = 1e3 * hold / (c - a);
    assert_page_says(&format!("{waits} wait, {long:.0} ms on average"));
    assert_page_says(&format!("4 · {c} = {}", processes * c));
    assert!(processes * c <= bears);

    let room = 60.0 - (c - a);
    assert_page_says(&format!("60 − {} = {room}. Take 64", c - a));
    let last = 1e3 * 64.0 / c * hold;
    assert_page_says(&format!("64 / {c} · 50 ms = {last:.0} ms"));
    assert!(64.0 <= (patience - hold) * c / hold);
    let from = 1e3 * 0.8 * c / 64.0;
    let times = 0.8 * c / 64.0 / hold;
    assert_page_says(&format!(
        "when W exceeds {from:.0} ms, four times that of a good day"
    ));
    assert_eq!(times.floor(), 4.0);
}

#[test]
fn the_page_tells_what_the_presets_can_do() {
    let presets = [
        Config::amqp_channels(),
        Config::http_connections(),
        Config::llm_requests(),
    ];
    let rows = table("| preset |");
    assert_eq!(rows.len(), presets.len());
    for (row, preset) in rows.iter().zip(presets) {
        assert_eq!(row[1], preset.max_concurrent.to_string(), "{row:?}");
        assert_eq!(row[2], preset.max_waiting.to_string(), "{row:?}");
        let timeout = preset.checkout_timeout.as_secs_f64();
        assert_eq!(row[3], format!("{timeout} s"), "{row:?}");
        let (c, line) = (preset.max_concurrent as f64, preset.max_waiting as f64);
        let hold = seconds(row[4]);
        let about = |cell: &str, exact: f64| {
            assert!((seconds(cell) / exact - 1.0).abs() < 1e-9, "{row:?}");
        };
        about(row[5], c / hold);
        about(row[6], line / c * hold);
        about(row[7], timeout * c / line);
    }
    assert_eq!(with_room(37.0, 2.0), 50);
    assert_eq!(with_room(38.0, 2.0), 51);
    assert_page_says("370 do (37 + 2√37 is 50)");
}

#[test]
fn the_page_tells_what_shares_come_to_and_what_keys_cost() {
    let percent = |share: f64, sum: f64| format!("{:.0} %", 100.0 * share / sum);
    let [high, normal, low] = [16.0, 4.0, 1.0].map(|share| percent(share, 21.0));
    assert_page_says(&format!("{high}, {normal} and {low}"));
    let almost_strict = percent(100.0, 102.0);
    assert_page_says(&format!("{almost_strict} for high"));
    let (each, together) = (with_room(1.0, 2.0), with_room(10.0, 2.0));
    assert_page_says(&format!(
        "ten keys of load 1 need {each} places each, {} in all; together a load of 10 needs {together}",
        10 * each
    ));
}
