//! An order that is in hand is in one hand, and has one outcome, however often and whenever it comes again.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

fn id(number: usize) -> MessageId {
    number.to_string().into()
}

#[test]
fn an_order_that_comes_again_is_not_made_again() {
    let mut ledger = Ledger::new();
    assert_eq!(ledger.arrived(&id(1), "first".into(), "".into(), ()), Arrival::New);
    assert_eq!(ledger.arrived(&id(1), "second".into(), "".into(), ()), Arrival::InHand);
    assert_eq!(ledger.receipt_handle(&id(1)).as_deref(), Some("second"));
    assert!(ledger.served(&id(1)));
    assert_eq!(ledger.arrived(&id(1), "third".into(), "".into(), ()), Arrival::Served);
    assert_eq!(ledger.counts(), (0, 1));
}

#[test]
fn an_order_that_was_given_back_is_made_when_it_comes_again() {
    let mut ledger = Ledger::new();
    ledger.arrived(&id(1), "first".into(), "".into(), ());
    assert_eq!(ledger.let_go(&id(1)).as_deref(), Some("first"));
    assert!(!ledger.served(&id(1)), "it is not served behind the queue's back");
    assert_eq!(ledger.arrived(&id(1), "second".into(), "".into(), ()), Arrival::New);
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut ledger = Ledger::new();
    for number in 0..=SERVED_MAX {
        ledger.arrived(&id(number), "handle".into(), "".into(), ());
        ledger.served(&id(number));
    }
    assert_eq!(ledger.served.len(), SERVED_MAX);
    assert_eq!(ledger.arrived(&id(0), "again".into(), "".into(), ()), Arrival::New);
    assert_eq!(ledger.arrived(&id(1), "again".into(), "".into(), ()), Arrival::Served);
}

/// So many messages there are, each of which comes as often as the queue likes.
const MESSAGES: usize = 6;

/// What may happen next, to one of the messages.
#[derive(Debug, Clone)]
enum Act {
    Arrive(Index),
    Send(Index),
    Serve(Index),
    LetGo(Index),
    LetGoAll,
}

fn act() -> impl Strategy<Value = Act> {
    let index = any::<Index>;
    prop_oneof![
        6 => index().prop_map(Act::Arrive),
        3 => index().prop_map(Act::Send),
        3 => index().prop_map(Act::Serve),
        2 => index().prop_map(Act::LetGo),
        1 => Just(Act::LetGoAll),
    ]
}

/// What one message has come to, as whoever looks on can tell.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    is_held: bool,
    is_sent: bool,
    served: usize,
}

proptest! {
    #[test]
    fn an_order_is_in_one_hand_and_has_one_outcome(acts in prop::collection::vec(act(), 0..200)) {
        let mut ledger = Ledger::new();
        let mut known = BTreeMap::<usize, Known>::new();
        let place = std::rc::Rc::new(());
        for (number, act) in acts.into_iter().enumerate() {
            let of = |index: Index| index.index(MESSAGES);
            match act {
                Act::Arrive(index) => {
                    let seen = known.entry(of(index)).or_default();
                    let handle = number.to_string();
                    let came = ledger.arrived(
                        &id(of(index)), handle.as_str().into(), "".into(), std::rc::Rc::clone(&place),
                    );
                    let expected = match *seen {
                        Known { served: 1.., .. } => Arrival::Served,
                        Known { is_held: true, .. } => Arrival::InHand,
                        Known { .. } => Arrival::New,
                    };
                    prop_assert_eq!(came, expected);
                    seen.is_held |= came == Arrival::New;
                    if seen.is_held {
                        prop_assert_eq!(ledger.receipt_handle(&id(of(index))), Some(handle.into()));
                    }
                }
                Act::Send(index) => {
                    let seen = known.entry(of(index)).or_default();
                    prop_assert_eq!(ledger.sent(&id(of(index))), seen.is_held);
                    seen.is_sent |= seen.is_held;
                }
                Act::Serve(index) => {
                    let seen = known.entry(of(index)).or_default();
                    let is_served = ledger.served(&id(of(index)));
                    prop_assert_eq!(is_served, seen.is_held);
                    *seen = Known { served: seen.served + usize::from(is_served), ..Known::default() };
                    prop_assert!(seen.served <= 1, "an order has two outcomes");
                }
                Act::LetGo(index) => {
                    let seen = known.entry(of(index)).or_default();
                    prop_assert_eq!(ledger.let_go(&id(of(index))).is_some(), seen.is_held);
                    *seen = Known { served: seen.served, ..Known::default() };
                }
                Act::LetGoAll => {
                    let back = ledger.let_go_all().len();
                    let unsent = known.values().filter(|seen| seen.is_held && !seen.is_sent).count();
                    prop_assert_eq!(back, unsent, "what is sent does not go back");
                    known.values_mut().for_each(|seen| *seen = Known { served: seen.served, ..Known::default() });
                }
            }
            let held = known.values().filter(|seen| seen.is_held).count();
            prop_assert_eq!(ledger.counts().0, held);
            prop_assert_eq!(std::rc::Rc::strong_count(&place), held + 1, "a place is free as soon as its order is gone");
        }
    }
}
