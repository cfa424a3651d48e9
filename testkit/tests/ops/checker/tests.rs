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
