//! The shop's laws, held by any worker who does the next possible thing in any order.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn rules() -> Rules {
    Rules { grill: 4, tray: 3, orders: 5, cooked_after: MINUTE * 4, burnt_after: MINUTE * 12 }
}

#[test]
fn a_cooked_patty_comes_off_and_a_raw_one_takes_its_place_in_the_same_look() {
    let mut kitchen: Kitchen<u64> = Kitchen::open(Rules { tray: 9, ..rules() }, Duration::ZERO);
    assert_eq!(kitchen.look(MINUTE * 3), Look::default());
    assert_eq!(kitchen.look(MINUTE * 4), Look { to_tray: 4, binned: 0 });
    assert_eq!(kitchen.counts().patties, 8, "the grill is full again");
    assert_eq!(kitchen.look(MINUTE * 7), Look::default());
    assert_eq!(kitchen.look(MINUTE * 8), Look { to_tray: 4, binned: 0 });
}

#[test]
fn a_full_tray_leaves_patties_on_the_grill_until_they_are_burnt() {
    let mut kitchen: Kitchen<u64> = Kitchen::open(rules(), Duration::ZERO);
    assert_eq!(kitchen.look(MINUTE * 4), Look { to_tray: 3, binned: 0 });
    assert_eq!(kitchen.look(MINUTE * 11), Look::default(), "four are cooked, none has a place");
    assert_eq!(kitchen.look(MINUTE * 12), Look { to_tray: 0, binned: 1 });
    assert_eq!(kitchen.look(MINUTE * 16), Look { to_tray: 0, binned: 3 });
    assert_eq!(kitchen.counts().waste, 4);
    assert!(kitchen.take_patty());
    assert_eq!(kitchen.look(MINUTE * 16), Look { to_tray: 1, binned: 0 });
}

#[test]
fn the_orders_queue_holds_five_and_seven_are_taken() {
    let mut kitchen = Kitchen::open(rules(), Duration::ZERO);
    kitchen.speak(0);
    assert!(kitchen.add());
    assert_eq!(kitchen.take_order(), Some(0));
    for order in 1..=5 {
        kitchen.speak(order);
        assert!(kitchen.add());
    }
    kitchen.speak(6);
    assert!(!kitchen.add(), "there is no room");
    assert_eq!((kitchen.queued(), kitchen.taken()), (5, 7));
    assert_eq!(kitchen.taken(), rules().room());
}

/// What a worker may try next.
#[derive(Debug, Clone, Copy)]
enum Act {
    Look(u64),
    Speak,
    Add,
    TakePatty,
    TakeOrder,
    Serve,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (1..400_u64).prop_map(Act::Look),
        Just(Act::Speak),
        Just(Act::Add),
        Just(Act::TakePatty),
        Just(Act::TakeOrder),
        Just(Act::Serve),
    ]
}

proptest! {
    #[test]
    fn no_order_of_acts_breaks_a_law(
        grill in 1..8_usize,
        tray in 1..8_usize,
        orders in 1..8_usize,
        acts in prop::collection::vec(act(), 0..400),
    ) {
        let rules = Rules { grill, tray, orders, ..rules() };
        let mut kitchen = Kitchen::open(rules, Duration::ZERO);
        let (mut now, mut next, mut till) = (Duration::ZERO, 0_u64, None);
        let (mut counter, mut served) = (None, Vec::new());
        for act in acts {
            match act {
                Act::Look(later_s) => {
                    now += Duration::from_secs(later_s);
                    kitchen.look(now);
                }
                Act::Speak if till.is_none() => {
                    kitchen.speak(next);
                    till = Some(next);
                    next += 1;
                }
                Act::Add => if kitchen.add() { till = None },
                Act::TakePatty => if kitchen.patties_in_hand() < 3 { kitchen.take_patty(); },
                Act::TakeOrder if counter.is_none() => counter = kitchen.take_order(),
                Act::Serve if kitchen.patties_in_hand() > 0 => if let Some(order) = counter.take() {
                    kitchen.serve(1);
                    served.push(order);
                },
                Act::Speak | Act::TakeOrder | Act::Serve => {}
            }
            let counts = kitchen.counts();
            prop_assert!(kitchen.queued() <= orders && kitchen.taken() <= rules.room());
            prop_assert!(kitchen.on_tray() <= tray);
            let patties: Vec<_> = kitchen.patties().collect();
            let places: BTreeSet<_> = patties.iter().collect();
            prop_assert_eq!(places.len(), patties.len(), "a patty is in two places");
            let here = u64::try_from(patties.len()).unwrap();
            prop_assert_eq!(counts.patties, here + counts.eaten + counts.waste, "a patty is gone");
        }
        // Every order has one outcome: served, in the order in which they came, or still here.
        let expected: Vec<_> = (0..).take(served.len()).collect();
        prop_assert_eq!(&served, &expected);
        let here = u64::try_from(kitchen.taken()).unwrap();
        prop_assert_eq!(kitchen.counts().served + here, next);
    }
}
