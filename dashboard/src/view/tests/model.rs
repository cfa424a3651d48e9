//! A model of what a page does with changes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use steadfast_breaker::{CircuitBreaker, Mode};
use steadfast_telemetry::Telemetry;
use tokio::time::advance;

use super::{Shown, call};
use crate::view::Row;

/// What may happen between two readings.
#[derive(Debug, Clone)]
enum Step {
    Call(usize, bool),
    Force(usize, bool),
    Make(usize),
    Drop(usize),
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let place = 0..4_usize;
    let step = prop_oneof![
        4 => (place.clone(), any::<bool>()).prop_map(|(place, ok)| Step::Call(place, ok)),
        1 => (place.clone(), any::<bool>()).prop_map(|(place, on)| Step::Force(place, on)),
        1 => place.clone().prop_map(Step::Make),
        1 => place.prop_map(Step::Drop),
        3 => (1..20_000_u64).prop_map(Step::Pass),
    ];
    proptest::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// A page that has had the first reading and every change shows what a page does that is opened now.
    #[test]
    fn changes_add_up_to_what_there_is(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let telemetry = Telemetry::new();
            let mut shown = Shown::new(telemetry.clone());
            let mut breakers: HashMap<usize, CircuitBreaker> = HashMap::new();
            let mut page: BTreeMap<String, Arc<Row>> = BTreeMap::new();
            for step in steps {
                match step {
                    Step::Call(place, ok) => {
                        if let Some(breaker) = breakers.get(&place) {
                            call(breaker, ok);
                        }
                    }
                    Step::Force(place, on) => {
                        if let Some(breaker) = breakers.get(&place) {
                            let mode = if on { Mode::ForcedOpen } else { Mode::Automatic };
                            breaker.set_mode(mode, "because");
                        }
                    }
                    // Names come back, and two may share one.
                    Step::Make(place) => {
                        let name = format!("b{}", place % 2);
                        let breaker = CircuitBreaker::builder(name).failure_threshold(2).build().unwrap();
                        telemetry.watch(&breaker);
                        breakers.insert(place, breaker);
                    }
                    Step::Drop(place) => {
                        breakers.remove(&place);
                    }
                    Step::Pass(millis) => advance(Duration::from_millis(millis)).await,
                }
                let change = shown.read();
                for id in &change.removed {
                    prop_assert!(page.remove(id).is_some(), "{id} was not there");
                }
                for row in change.rows {
                    let before = page.insert(row.id.clone(), Arc::clone(&row));
                    prop_assert!(before.as_ref() != Some(&row), "{} has not changed", row.id);
                }
                let there: BTreeMap<_, _> =
                    shown.board.sorted().into_iter().map(|row| (row.id.clone(), row)).collect();
                prop_assert_eq!(&page, &there);
                prop_assert_eq!(page.len(), breakers.len());
            }
            Ok(())
        })?;
    }
}
