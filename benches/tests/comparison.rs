//! The table of who does what.

use steadfast_benches::{Cell, Comparison};

fn table() -> Comparison {
    let mut table = Comparison::of(["ours", "theirs"]);
    let cells = vec![Cell::new("1 sent", true), Cell::new("3 sent", false)];
    table.add("a POST", "1 sent", cells);
    let cells = vec![Cell::new("0.01 s", true), Cell::new("2 minutes", false)];
    table.add("a wait", "none too long", cells);
    table
}

#[test]
fn is_markdown_with_every_column_as_wide_as_its_widest_cell() {
    let lines = "\
|   | scenario | right is      | ours     | theirs      |
|---|----------|---------------|----------|-------------|
| 1 | a POST   | 1 sent        | 1 sent ✓ | 3 sent ✗    |
| 2 | a wait   | none too long | 0.01 s ✓ | 2 minutes ✗ |
";
    assert_eq!(table().to_string(), lines);
}

#[test]
fn tells_what_a_client_did_wrong() {
    assert!(table().wrong(0).is_empty());
    let wrong = [
        "a POST: 3 sent, right is 1 sent",
        "a wait: 2 minutes, right is none too long",
    ];
    assert_eq!(table().wrong(1), wrong);
}

#[test]
fn a_figure_that_only_informs_has_no_mark_and_is_never_wrong() {
    let mut table = Comparison::of(["ours"]);
    table.add("memory", "", vec![Cell::figure("+1 MiB")]);
    assert!(table.to_string().contains("| +1 MiB |"), "{table}");
    assert!(table.wrong(0).is_empty());
}
