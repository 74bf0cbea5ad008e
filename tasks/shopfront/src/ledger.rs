//! What the shop has in its hands, and what it has just served: told what happens, it waits for nothing.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// So many orders that were served are remembered, the last ones. An order that comes again later than that is made
/// again, and its receipt says so.
pub(crate) const SERVED_MAX: usize = 10_000;

/// The id that SQS gave to a message: the same however often it is delivered.
pub(crate) type MessageId = Arc<str>;

/// How a message is called that has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// Nobody has it: it is in hand now.
    New,
    /// It is in hand already: it goes on under its new receipt handle.
    InHand,
    /// It was served: what is left is to delete it once more.
    Served,
}

/// An order in hand.
#[derive(Debug)]
struct Held<Place> {
    receipt_handle: Arc<str>,
    body: Arc<str>,
    /// What it came to is told to the customer, or to whom it concerns: it must not come again.
    is_sent: bool,
    /// Free again when this is dropped.
    _place: Place,
}

/// Who is in hand and who was served.
#[derive(Debug)]
pub(crate) struct Ledger<Place> {
    held: BTreeMap<MessageId, Held<Place>>,
    served: BTreeSet<MessageId>,
    /// The same, in the order in which they are forgotten.
    oldest: VecDeque<MessageId>,
    most_held: usize,
}

impl<Place> Ledger<Place> {
    pub(crate) fn new() -> Self {
        Self {
            held: BTreeMap::new(),
            served: BTreeSet::new(),
            oldest: VecDeque::new(),
            most_held: 0,
        }
    }

    /// A message has come, and there is a place for it.
    pub(crate) fn arrived(
        &mut self,
        id: &MessageId,
        receipt_handle: Arc<str>,
        body: Arc<str>,
        place: Place,
    ) -> Arrival {
        if self.served.contains(id) {
            return Arrival::Served;
        }
        if let Some(held) = self.held.get_mut(id) {
            held.receipt_handle = receipt_handle;
            return Arrival::InHand;
        }
        let held = Held { receipt_handle, body, is_sent: false, _place: place };
        self.held.insert(Arc::clone(id), held);
        self.most_held = self.most_held.max(self.held.len());
        Arrival::New
    }

    /// Under which it is known to SQS now; `None` if it is not in hand any more.
    pub(crate) fn receipt_handle(&self, id: &MessageId) -> Option<Arc<str>> {
        self.held.get(id).map(|held| Arc::clone(&held.receipt_handle))
    }

    /// What its message says; `None` if it is not in hand any more.
    pub(crate) fn body(&self, id: &MessageId) -> Option<Arc<str>> {
        self.held.get(id).map(|held| Arc::clone(&held.body))
    }

    /// Its receipt, or its dead letter, is sent: `false` if it is not in hand any more.
    pub(crate) fn sent(&mut self, id: &MessageId) -> bool {
        self.held.get_mut(id).map(|held| held.is_sent = true).is_some()
    }

    /// It leaves the shop without having been served.
    pub(crate) fn let_go(&mut self, id: &MessageId) -> Option<Arc<str>> {
        self.held.remove(id).map(|held| held.receipt_handle)
    }

    /// It is deleted: `false` if it was not in hand any more.
    pub(crate) fn served(&mut self, id: &MessageId) -> bool {
        let was_held = self.held.remove(id).is_some();
        if was_held && self.served.insert(Arc::clone(id)) {
            self.oldest.push_back(Arc::clone(id));
        }
        if self.oldest.len() > SERVED_MAX
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.served.remove(&oldest);
        }
        was_held
    }

    /// All that are in hand leave the shop; those whose receipt is sent do not go back.
    pub(crate) fn let_go_all(&mut self) -> Vec<Arc<str>> {
        let held = std::mem::take(&mut self.held).into_values();
        held.filter(|held| !held.is_sent).map(|held| held.receipt_handle).collect()
    }

    /// All that are in hand, as SQS knows them.
    pub(crate) fn handles(&self) -> Vec<Arc<str>> {
        self.held.values().map(|held| Arc::clone(&held.receipt_handle)).collect()
    }

    /// How many are in hand, and how many were at most.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.held.len(), self.most_held)
    }
}

#[cfg(test)]
mod tests;
