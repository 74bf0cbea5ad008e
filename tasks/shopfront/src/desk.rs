//! What the front's tasks share: the ledger, the queues, and how an order leaves the shop.

use std::collections::BTreeMap;
use std::mem::take;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use menu::PostedReceipt;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::time::sleep;
use tracing::{debug, error, info, warn};

use crate::backoff::Backoff;
use crate::holds::Holds;
use crate::ledger::{Ledger, MessageId};
use crate::settings::Settings;
use crate::sqs::{BATCH_MAX, Sqs, Trouble};
use crate::taken::Ask;

/// So many reply addresses are remembered; after that it begins anew.
const ADDRESSES_MAX: usize = 1_000;
/// The longest reason of a dead letter, in characters.
const REASON_MAX: usize = 1_000;

/// A free place in the shop, or the order that takes it.
pub(crate) type Place = OwnedSemaphorePermit;

#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) settings: Settings,
    pub(crate) sqs: Sqs,
    pub(crate) holds: Holds,
    state: Mutex<State>,
    /// How many orders are in hand: the end of the shop waits for none.
    in_hand: watch::Sender<usize>,
}

#[derive(Debug)]
struct State {
    ledger: Ledger<Place>,
    addresses: BTreeMap<Box<str>, Arc<str>>,
    counts: Counts,
    /// Why no customer can come now; empty if nothing is wrong.
    trouble: String,
}

#[derive(Debug, Default)]
struct Counts {
    served: u64,
    given_back: u64,
    refused: u64,
    deleted_again: u64,
}

impl Desk {
    pub(crate) fn new(settings: Settings, sqs: Sqs, holds: Holds) -> Self {
        let state = State {
            ledger: Ledger::new(),
            addresses: BTreeMap::new(),
            counts: Counts::default(),
            trouble: String::new(),
        };
        Self { settings, sqs, holds, state: Mutex::new(state), in_hand: watch::Sender::new(0) }
    }

    pub(crate) fn shop(&self) -> &'static str {
        self.settings.shop.name()
    }

    /// Nobody panics with it in his hands; who did would leave it whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks into the ledger, or writes into it.
    pub(crate) fn ledger<T>(&self, look: impl FnOnce(&mut Ledger<Place>) -> T) -> T {
        let (seen, in_hand) = {
            let mut state = self.state();
            let seen = look(&mut state.ledger);
            (seen, state.ledger.counts().0)
        };
        self.in_hand.send_replace(in_hand);
        seen
    }

    /// Waits until no order is in hand.
    pub(crate) async fn empty(&self) {
        let mut in_hand = self.in_hand.subscribe();
        // The sender lives as long as this does.
        drop(in_hand.wait_for(|in_hand| *in_hand == 0).await);
    }

    /// Why no customer can come now.
    pub(crate) fn troubled(&self, why: String) {
        self.state().trouble = why;
    }

    /// Customers can come; whether they could not before.
    pub(crate) fn is_relieved(&self) -> bool {
        !take(&mut self.state().trouble).is_empty()
    }

    /// What `/status` shows of the front.
    pub(crate) fn status(&self) -> Value {
        let (longest, recent) = (self.holds.longest(), self.holds.longest_since_asked());
        let state = self.state();
        let (in_hand, most_in_hand) = state.ledger.counts();
        let Counts { served, given_back, refused, deleted_again } = state.counts;
        json!({
            "shop": self.shop(),
            "served": served,
            "in_hand": in_hand,
            "most_in_hand": most_in_hand,
            "given_back": given_back,
            "refused": refused,
            "deleted_again": deleted_again,
            "trouble": state.trouble,
            "longest_hold_us": longest.as_micros(),
            "longest_hold_since_last_status_us": recent.as_micros(),
        })
    }

    /// Does what the shop asks, each in a task of its own. Ends when nobody is left who could ask.
    pub(crate) async fn listen(self: Arc<Self>, mut asks: mpsc::UnboundedReceiver<Ask>) {
        while let Some(ask) = asks.recv().await {
            let desk = Arc::clone(&self);
            drop(self.holds.spawn(async move { desk.answer(ask).await }));
        }
    }

    async fn answer(&self, ask: Ask) {
        match ask {
            Ask::Find { name, found } => {
                drop(self.address(&name).await);
                if found.send(()).is_err() {
                    debug!("nobody waits any more for the address of `{name}`");
                }
            }
            Ask::Serve { id, reply_to, posted } => {
                self.serve(&id, reply_to.as_deref(), &posted).await;
            }
            Ask::GiveBack { id } => self.give_back(&id).await,
            Ask::Refuse { id, reason } => self.refuse(&id, &reason).await,
        }
    }

    /// The URL of the queue of that name.
    async fn address(&self, name: &str) -> Result<Arc<str>, Trouble> {
        if let Some(known) = self.state().addresses.get(name) {
            return Ok(Arc::clone(known));
        }
        let found: Arc<str> = self.sqs.queue_url(name).await?.into();
        let mut state = self.state();
        if state.addresses.len() >= ADDRESSES_MAX {
            state.addresses.clear();
        }
        state.addresses.insert(name.into(), Arc::clone(&found));
        Ok(found)
    }

    async fn serve(&self, id: &MessageId, reply_to: Option<&str>, posted: &PostedReceipt) {
        let Ok(body) = serde_json::to_string(posted) else { return };
        let (shop, order) = (posted.shop, posted.receipt.order);
        let mut pause = Backoff::new();
        while self.ledger(|ledger| ledger.receipt_handle(id)).is_some() {
            let url = match reply_to {
                Some(name) => self.address(name).await,
                None => Ok(self.settings.receipts_url.as_str().into()),
            };
            let sent = match &url {
                Ok(url) => self.sqs.send(url, &body, shop.name(), &order.0.to_string()).await,
                Err(trouble) => Err(trouble.clone()),
            };
            match (sent, reply_to) {
                (Ok(()), _) => return self.sent(id, posted).await,
                (Err(Trouble::NoQueue), Some(name)) => {
                    self.state().addresses.remove(name);
                    let reason =
                        format!("its receipt is to go to the queue `{name}`, which is not there");
                    return self.refuse(id, &reason).await;
                }
                (Err(Trouble::Refused(why)), _) => {
                    error!(order = order.0, "the receipt of order {order} is given up: {why}");
                    return self.give_back(id).await;
                }
                (Err(trouble @ (Trouble::NoQueue | Trouble::Unreachable(_))), _) => {
                    let wait = pause.next();
                    warn!(
                        order = order.0,
                        "the receipt of order {order} waits {wait:?}: {trouble}"
                    );
                    sleep(wait).await;
                }
            }
        }
    }

    /// From here on it is served, whatever comes.
    async fn sent(&self, id: &MessageId, posted: &PostedReceipt) {
        let (order, attempt) = (posted.receipt.order, posted.attempt);
        self.ledger(|ledger| ledger.sent(id));
        self.delete(id).await;
        if self.ledger(|ledger| ledger.served(id)) {
            self.state().counts.served += 1;
            info!(
                order = order.0,
                attempt,
                served = posted.receipt.served,
                "order {order} is served"
            );
        }
    }

    /// Deletes a message that is in hand, under the handle that it has by then.
    async fn delete(&self, id: &MessageId) {
        let mut pause = Backoff::new();
        while let Some(handle) = self.ledger(|ledger| ledger.receipt_handle(id)) {
            match self.sqs.delete(&self.settings.orders_url, &handle).await {
                Ok(()) | Err(Trouble::NoQueue) => return,
                Err(Trouble::Refused(why)) => return warn!("message {id} is not deleted: {why}"),
                Err(Trouble::Unreachable(why)) => {
                    let wait = pause.next();
                    warn!("message {id} waits {wait:?} to be deleted: {why}");
                    sleep(wait).await;
                }
            }
        }
    }

    /// An order that was served comes once more.
    pub(crate) async fn delete_again(&self, id: &MessageId, handle: &str) {
        match self.sqs.delete(&self.settings.orders_url, handle).await {
            Ok(()) => {
                self.state().counts.deleted_again += 1;
                info!("message {id} came again, though it was served: it is deleted once more");
            }
            Err(trouble) => warn!("message {id} comes again, though it was served: {trouble}"),
        }
    }

    async fn give_back(&self, id: &MessageId) {
        if let Some(handle) = self.ledger(|ledger| ledger.let_go(id)) {
            self.make_visible(&[handle]).await;
        }
    }

    /// Gives back all that is in hand and whose receipt is not sent.
    pub(crate) async fn give_back_all(&self) {
        let handles = self.ledger(Ledger::let_go_all);
        for handles in handles.chunks(BATCH_MAX) {
            self.make_visible(handles).await;
        }
    }

    async fn make_visible(&self, handles: &[Arc<str>]) {
        let url = &self.settings.orders_url;
        match self.sqs.change_visibility(url, handles, Duration::ZERO).await {
            Ok(_) => info!("{} orders are given back", handles.len()),
            Err(trouble) => {
                warn!("{} orders come back by themselves: {trouble}", handles.len());
            }
        }
        self.state().counts.given_back += u64::try_from(handles.len()).unwrap_or(u64::MAX);
    }

    /// Renews the time for which what is in hand is invisible to others.
    pub(crate) async fn renew(&self) {
        let handles: Vec<_> = self.ledger(|ledger| ledger.handles());
        for handles in handles.chunks(BATCH_MAX) {
            let Settings { orders_url, visibility, .. } = &self.settings;
            match self.sqs.change_visibility(orders_url, handles, *visibility).await {
                // Those that were settled meanwhile are not ours any more, and need not be.
                Ok(_) => {}
                Err(trouble) => warn!("{} orders are not renewed: {trouble}", handles.len()),
            }
        }
    }

    /// Puts an order among the dead letters, and deletes it then.
    pub(crate) async fn refuse(&self, id: &MessageId, reason: &str) {
        let reason = attribute_text(reason);
        let mut pause = Backoff::new();
        while let Some(body) = self.ledger(|ledger| ledger.body(id)) {
            let url = &self.settings.dead_letters_url;
            match self.sqs.send_dead_letter(url, &body, &reason).await {
                Ok(()) => break,
                Err(Trouble::Refused(why)) => {
                    warn!("message {id} is broken, and too big for its reason: {why}");
                    return self.give_back(id).await;
                }
                Err(trouble @ (Trouble::NoQueue | Trouble::Unreachable(_))) => {
                    let wait = pause.next();
                    warn!("message {id} waits {wait:?} for the dead letters' queue: {trouble}");
                    sleep(wait).await;
                }
            }
        }
        if self.ledger(|ledger| ledger.sent(id)) {
            self.delete(id).await;
            self.ledger(|ledger| ledger.served(id));
            self.state().counts.refused += 1;
            warn!(reason, "message {id} is among the dead letters");
        }
    }
}

/// What SQS takes as text: a sentence of bounded length, without the characters that XML has no place for.
fn attribute_text(text: &str) -> String {
    let fits = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    text.chars().take(REASON_MAX).map(|c| if fits(c) { c } else { '\u{FFFD}' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_text_that_a_queue_takes() {
        assert_eq!(attribute_text("no `\u{1}` here\u{FFFE}"), "no `\u{FFFD}` here\u{FFFD}");
        assert_eq!(attribute_text(&"x".repeat(2_000)).len(), REASON_MAX);
    }
}
