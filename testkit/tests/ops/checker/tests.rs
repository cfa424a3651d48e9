//! The checker itself: what it lets pass and what it finds.

use super::*;

fn known() -> Known {
    let text = "# HELP calls_total Calls.\n\
                calls_total{resilience_name=\"pay\",outcome=\"good\"} 1\n\
                calls_total{resilience_name=\"pay\",outcome=\"bad\",reason=\"slow\"} 1\n\
                took_seconds_bucket{le=\"1\"} 1\n";
    let mut known = Known::new(&Exposition::read(text));
    let values = known
        .check("sum without (instance) (rate(calls_total[5m]))")
        .unwrap();
    known.record("job:calls:rate5m", values);
    known
}

#[track_caller]
fn objects(query: &str, to: &str) {
    let error = known().check(query).unwrap_err();
    assert!(error.contains(to), "{query}: {error}");
}

#[test]
fn what_is_there_may_be_asked_for() {
    for query in [
        "calls_total",
        "up == 0 and on (job, instance) calls_total",
        "sum by (outcome) (rate(calls_total{outcome=~\"good|bad\",job=\"shop\"}[$__rate_interval])) > 1",
        "calls_total{outcome!=\"good\",reason=\"slow\",resilience_name=~\"$name\"}",
        "calls_total{reason=\"\"}",
        "sum without (resilience_instance) (calls_total) / ignoring (outcome) calls_total",
        "histogram_quantile(0.9, sum by (le) (rate(took_seconds_bucket[5m])))",
        "topk(3, job:calls:rate5m{outcome=\"bad\"})",
    ] {
        known().check(query).unwrap();
    }
}

#[test]
fn a_misspelt_metric_is_found_wherever_it_stands() {
    for query in [
        "call_total > 0",
        "sum by (job) (rate(call_total[5m]))",
        "calls_total / (call_total > 0)",
        "calls_total unless call_total",
        "max_over_time(sum(call_total)[1h:1m])",
        "-call_total",
        "job:call:rate5m",
    ] {
        objects(query, "nobody exports");
    }
}

#[test]
fn a_name_that_is_a_pattern_must_match_in_each_of_its_forms() {
    known().check("{__name__=~\"calls_.+|took_.+\"}").unwrap();
    objects("{__name__=~\"call_.+\"}", "nobody exports call_.+");
    objects("{__name__=~\"calls_.+|take_.+\"}", "nobody exports take_.+");
    objects("{__name__=\"call_total\"}", "nobody exports call_total");
    objects("{__name__=~\"calls_.+\",outcome=\"god\"}", "is never");
}

#[test]
fn what_else_asks_for_something_is_looked_at_too() {
    objects("topk(scalar(call_total), calls_total)", "nobody exports");
    objects(
        "calls_total or vector(scalar(call_total))",
        "nobody exports",
    );
    objects("absent(call_total)", "nobody exports");
    objects(
        "calls_total * on (job) group_left (nam) calls_total",
        "label nam",
    );
    objects("calls_total{outcome=~\"god$\"}", "is never");
    objects(
        "label_replace(calls_total, \"a\", \"$1\", \"nam\", \"(.*)\")",
        "made up",
    );
}

#[test]
fn a_misspelt_label_is_found() {
    objects("calls_total{outcom=\"good\"}", "no label outcom");
    objects("job:calls:rate5m{instance=\"a\"}", "no label instance");
    objects("sum by (nam) (calls_total)", "label nam");
    objects("sum without (nam) (calls_total)", "label nam");
    objects("calls_total / on (nam) calls_total", "label nam");
    objects(
        "sum by (outcome) (sum by (job) (calls_total))",
        "label outcome",
    );
    objects(
        "histogram_quantile(0.9, sum by (job) (took_seconds_bucket))",
        "without le",
    );
}

#[test]
fn a_misspelt_value_is_found_also_where_it_is_excluded() {
    for matcher in ["=\"god\"", "!=\"god\"", "=~\"good|bat\"", "!~\"god|bad\""] {
        objects(&format!("calls_total{{outcome{matcher}}}"), "is never");
    }
    objects("job:calls:rate5m{outcome=\"god\"}", "is never");
    objects("calls_total{outcome=\"good\",reason=\"slow\"}", "together");
}

#[test]
fn what_is_no_query_is_found() {
    assert!(known().check("sum by (").is_err());
    assert!(known().check("{outcome=\"good\"}").is_err());
}
