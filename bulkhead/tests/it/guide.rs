//! What the page on sizing says: its tables are recomputed, its claims tried on the bulkhead.

#[cfg(feature = "tokio")]
mod crowds;
#[cfg(feature = "tokio")]
mod lines;
#[cfg(feature = "tokio")]
mod places;
#[cfg(feature = "tokio")]
mod priorities;
#[cfg(feature = "tokio")]
mod stack;
#[cfg(feature = "tokio")]
mod starving;
mod tables;
#[cfg(feature = "tokio")]
mod traffic;

const PAGE: &str = include_str!("../../docs/sizing.md");

/// The cells of the table whose heading begins like this.
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

/// Whether the page says so, wherever its lines end.
#[track_caller]
fn assert_page_says(said: &str) {
    let page = PAGE.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(page.contains(said), "the page does not say: {said}");
}

/// The share that is refused where nobody may wait, by Erlang's B formula, for the load `a`.
fn lost(places: u32, a: f64) -> f64 {
    // By its recursion, from no place to all of them.
    (1..=places).fold(1.0, |lost, k| a * lost / (f64::from(k) + a * lost))
}

/// The chance to find all places busy where all may wait, by Erlang's C formula.
fn chance_to_wait(places: u32, a: f64) -> f64 {
    let lost = lost(places, a);
    lost / (1.0 - a / f64::from(places) * (1.0 - lost))
}

/// The mean wait of all callers, in mean hold times.
fn mean_wait(places: u32, a: f64) -> f64 {
    chance_to_wait(places, a) / (f64::from(places) - a)
}
