//! The cases as criterion measures them: a group for each case, a bench for each contender.

use std::time::Duration;

use criterion::Criterion;
use steadfast_benches::Case;

/// Runs the cases as the command line says.
pub(crate) fn by_criterion(cases: Vec<Case>) {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .sample_size(50)
        .configure_from_args();
    for mut case in cases {
        let mut group = criterion.benchmark_group(case.name());
        for contender in case.contenders() {
            group.bench_function(contender.name(), |bencher| {
                bencher.iter_custom(|times| contender.run(times));
            });
        }
        group.finish();
    }
    criterion.final_summary();
}
