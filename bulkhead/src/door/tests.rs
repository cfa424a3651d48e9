use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn a_word_tells_what_was_put_into_it(
        busy in 0..=MOST,
        limit in 1..=MOST,
        flags in prop::sample::select(vec![0, QUEUED, CLOSED, DRAINING, WATCHED, !MOST]),
        places in 1..=MOST,
    ) {
        let word = Word::new(busy, limit, flags);
        prop_assert_eq!((word.busy(), word.limit(), word.flags()), (busy, limit, flags));
        prop_assert_eq!(word.is_plain(), flags == 0 && busy <= limit);
        let room = u64::from(busy) + u64::from(places) <= u64::from(limit);
        prop_assert_eq!(word.has_room_for(places), room);
        if room {
            prop_assert_eq!(word.taken(places), Word::new(busy + places, limit, flags));
        }
        // Never below what the upper half can hold, whatever is asked for.
        prop_assert_eq!(word.taken(places).is_plain(), room && flags == 0);
    }
}
