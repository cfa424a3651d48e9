//! Counts of instructions and their ceilings.

use steadfast_benches::instructions::{Ceilings, collected, is_same, per_operation};

#[test]
fn a_table_is_lines_of_case_and_ceiling() {
    let ceilings = Ceilings::parse("# why\n\nok 70 # as measured\nopen  35.5\n").unwrap();
    assert_eq!(ceilings.of("ok"), Some(70.0));
    assert_eq!(ceilings.of("open"), Some(35.5));
    assert_eq!(ceilings.of("other"), None);
    assert_eq!(ceilings.cases().collect::<Vec<_>>(), ["ok", "open"]);
}

#[test]
fn a_table_that_cannot_be_read_is_an_error_that_names_the_line() {
    for (table, error) in [
        ("ok 70\nopen", "line 2: not `case ceiling`: \"open\""),
        ("ok 70 80", "line 1: not `case ceiling`: \"ok 70 80\""),
        ("ok many", "line 1: \"many\": invalid float literal"),
        ("ok 70\nok 80", "line 2: ok has a ceiling already"),
    ] {
        assert_eq!(Ceilings::parse(table).unwrap_err(), error);
    }
}

#[test]
fn the_committed_table_holds_exact_windows_to_110() {
    let ceilings = Ceilings::parse(include_str!("../instructions.txt")).unwrap();
    for case in ["window_100", "window_10000"] {
        assert!(ceilings.of(case).unwrap() <= 110.0, "{case}");
    }
}

#[test]
fn callgrinds_total_is_found_in_what_it_says() {
    let said =
        "==7== Events    : Ir\n==7== Collected : 1234567\n==7==\n==7== I   refs:      1,234,567";
    assert_eq!(collected(said), Some(1_234_567));
    assert_eq!(collected("valgrind: no such file"), None);
}

#[test]
fn what_few_and_many_operations_have_in_common_is_not_counted() {
    assert_eq!(per_operation((1_000, 5_090_000), (3_000, 5_270_000)), 90.0);
}

#[test]
fn three_per_cent_more_or_less_is_the_same() {
    assert!(is_same(103.0, 100.0) && is_same(97.0, 100.0) && is_same(40.0, 40.0));
    assert!(!is_same(103.1, 100.0) && !is_same(96.9, 100.0));
}
