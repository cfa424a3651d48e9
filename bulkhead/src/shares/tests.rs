use proptest::prelude::*;

use super::*;

fn shares(max_waiting: usize, [high, normal, low]: ByPriority<u32>) -> Shares {
    Shares::new(&Config {
        max_waiting,
        high_share: high,
        normal_share: normal,
        low_share: low,
        ..Config::default()
    })
}

/// Serves lines that are never empty, a place at a time.
fn serve(shares: &mut Shares, places: usize) -> ByPriority<usize> {
    let mut served = [0; CLASSES];
    for _ in 0..places {
        let class = shares.next([false; CLASSES]).unwrap();
        shares.served(class, 1);
        served[class as usize] += 1;
    }
    served
}

#[test]
fn of_21_places_16_go_to_high_4_to_normal_and_1_to_low_priority() {
    let mut shares = shares(100, [16, 4, 1]);
    for _ in 0..3 {
        assert_eq!(serve(&mut shares, 21), [16, 4, 1]);
    }
}

#[test]
fn a_line_that_was_empty_has_saved_up_nothing() {
    let mut shares = shares(100, [1, 1, 1]);
    for _ in 0..1_000 {
        shares.served(Priority::High, 1);
    }
    shares.joined(Priority::Low);
    assert_eq!(shares.next([false, true, false]), Some(Priority::Low));
    shares.served(Priority::Low, 1);
    let mut low = 0;
    for _ in 0..100 {
        let class = shares.next([false, true, false]).unwrap();
        shares.served(class, 1);
        low += usize::from(class == Priority::Low);
    }
    assert_eq!(low, 50);
}

#[test]
fn one_at_a_time_gets_no_more_than_the_share_of_a_crowd() {
    // Each of low priority comes when the one before has been served.
    let mut shares = shares(100, [16, 4, 1]);
    let mut low = 0;
    for _ in 0..17 * 100 {
        shares.joined(Priority::Low);
        let class = shares.next([false, true, false]).unwrap();
        shares.served(class, 1);
        low += usize::from(class == Priority::Low);
    }
    assert_eq!(low, 100);
}

#[test]
fn a_line_of_100_belongs_to_the_priorities_by_their_shares() {
    assert_eq!(shares(100, [16, 4, 1]).owned, [76, 19, 4]);
}

#[test]
fn each_owns_one_at_least_if_there_are_so_many() {
    assert_eq!(shares(0, [16, 4, 1]).owned, [0, 0, 0]);
    assert_eq!(shares(1, [16, 4, 1]).owned, [1, 0, 0]);
    assert_eq!(shares(2, [16, 4, 1]).owned, [1, 1, 0]);
    assert_eq!(shares(3, [16, 4, 1]).owned, [1, 1, 1]);
    assert_eq!(shares(4, [16, 4, 1]).owned, [2, 1, 1]);
    assert_eq!(shares(3, [1, 1, 100]).owned, [1, 1, 1]);
    let all = shares(usize::MAX, [100, 100, 100]).owned;
    assert!(all.iter().all(|owned| *owned == usize::MAX / 3));
}

fn any_shares() -> impl Strategy<Value = ByPriority<u32>> {
    [1..=100_u32, 1..=100, 1..=100]
}

proptest! {
    #[test]
    fn in_any_run_of_a_round_each_is_within_one_of_its_share(
        each in any_shares(),
        skipped in 0..1_000_usize,
    ) {
        let mut shares = shares(0, each);
        serve(&mut shares, skipped);
        let round = each.iter().sum::<u32>() as usize;
        let served = serve(&mut shares, round);
        for (served, share) in served.into_iter().zip(each) {
            prop_assert!(served.abs_diff(share as usize) <= 1, "{served:?} of {share}");
        }
    }

    #[test]
    fn in_a_full_line_whoever_has_not_its_own_displaces_one_who_has_more(
        each in any_shares(),
        waiting in [0..40_usize, 0..40, 0..40],
        class in 0..CLASSES,
    ) {
        let full = waiting.iter().sum();
        let shares = shares(full, each);
        prop_assert!(shares.owned.iter().sum::<usize>() <= full);
        let displaced = shares.displaced_by(ALL[class], waiting);
        if waiting[class] < shares.owned[class] {
            let displaced = displaced.unwrap() as usize;
            prop_assert!(waiting[displaced] > shares.owned[displaced]);
            prop_assert!(displaced != class);
        } else {
            prop_assert_eq!(displaced, None);
        }
    }
}
