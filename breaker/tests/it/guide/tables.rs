//! The tables of the page, number by number.

use super::{at_least, calls_between, calls_to_run};

const PAGE: &str = include_str!("../../../docs/choosing-numbers.md");

/// The cells of the table under the heading that begins like this.
fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let from = PAGE.find(heading).unwrap();
    let rows: Vec<Vec<_>> = PAGE[from..]
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert!(!rows.is_empty(), "no rows under {heading}");
    rows
}

fn number(cell: &str) -> f64 {
    let cell = cell.trim_end_matches('%').trim();
    cell.parse().unwrap_or_else(|_| panic!("{cell}"))
}

/// Whether the cell says so: `< 1e-12`, `> 1e12`, or the number to two digits.
#[track_caller]
fn assert_says(cell: &str, value: f64) {
    let said = if let Some(bound) = cell.strip_prefix('<') {
        value < number(bound)
    } else if let Some(bound) = cell.strip_prefix('>') {
        value > number(bound)
    } else {
        let digits = format!("{value:.1e}");
        let rounded: f64 = digits.parse().unwrap();
        (number(cell) - rounded).abs() <= rounded * 1e-9
    };
    assert!(said, "the page says {cell}, computed {value:e}");
}

#[test]
fn the_page_tells_how_seldom_a_window_opens_without_cause() {
    let rows = table("| window | rate | k |");
    assert_eq!(rows.len(), 7);
    for row in rows {
        let (n, k) = (row[0].parse().unwrap(), row[2].parse().unwrap());
        let rate = number(row[1]) / 100.0;
        let least = (0..=n).find(|&part| f64::from(part) / f64::from(n) >= rate);
        assert_eq!(least, Some(k), "{row:?}");
        for (p, cells) in [(0.01, &row[3..5]), (0.05, &row[5..7])] {
            assert_says(cells[0], at_least(n, k, p));
            assert_says(cells[1], calls_between(n, k, p));
        }
    }
}

#[test]
fn the_page_tells_how_many_calls_it_takes_to_fail_in_a_row() {
    let rows = table("| in a row |");
    assert_eq!(rows.len(), 3);
    for row in rows {
        let k = row[0].parse().unwrap();
        for (cell, f) in row[1..].iter().zip([0.01, 0.05, 0.2, 0.5, 0.7]) {
            assert_says(cell, calls_to_run(k, f));
        }
    }
}

#[test]
fn the_page_tells_how_likely_probes_close_the_breaker() {
    let rows = table("| f | 1 probe |");
    assert_eq!(rows.len(), 4);
    for row in rows {
        let f = number(row[0]) / 100.0;
        let in_a_row = [1, 3, 5, 10].map(|probes| (1.0 - f).powi(probes));
        let by_rate = 1.0 - at_least(10, 5, f);
        for (cell, chance) in row[1..].iter().zip(in_a_row.into_iter().chain([by_rate])) {
            assert_eq!(*cell, format!("{chance:.2}"), "{row:?}");
        }
    }
}

/// The chance that a window that begins empty opens before it is full.
fn opens_while_it_fills(size: usize, min_calls: usize, rate: f64, p: f64) -> f64 {
    // By the number of failures: the chance of having come so far.
    let mut chances = vec![0.0; size + 2];
    chances[0] = 1.0;
    let mut opened = 0.0;
    for calls in 1..=size {
        for failures in (0..=calls).rev() {
            let before = if failures > 0 {
                chances[failures - 1]
            } else {
                0.0
            };
            chances[failures] = chances[failures] * (1.0 - p) + before * p;
            if calls >= min_calls && failures as f64 / calls as f64 >= rate {
                opened += std::mem::take(&mut chances[failures]);
            }
        }
    }
    opened
}

#[test]
fn the_page_tells_how_min_calls_guards_a_fresh_window() {
    let ten = opens_while_it_fills(100, 10, 0.25, 0.05);
    let thirty = opens_while_it_fills(100, 30, 0.25, 0.05);
    let said = format!(
        "in {:.1} % of cases with `min_calls(10)`, in {:.3} % with 30",
        ten * 100.0,
        thirty * 100.0
    );
    let page = PAGE.replace('\n', " ");
    assert!(page.contains(&said), "computed: {said}");
}
