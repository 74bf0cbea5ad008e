//! What the front hands to the shop: an order, with a ticket by which the shop says what became of it.

use std::fmt;
use std::mem::take;

use menu::{Order, Outcome, PostedReceipt, Shop};
use tokio::sync::{mpsc, oneshot};

use crate::ledger::MessageId;

/// What the shop asks of the front.
#[derive(Debug)]
pub(crate) enum Ask {
    /// Look that queue up, so that it is known when there is a receipt for it.
    Find { name: Box<str>, found: oneshot::Sender<()> },
    /// Send the receipt, then delete the order.
    Serve { id: MessageId, reply_to: Option<Box<str>>, posted: PostedReceipt },
    /// Somebody else may make it.
    GiveBack { id: MessageId },
    /// Nobody can make it.
    Refuse { id: MessageId, reason: String },
}

/// Where the customers come from, one order after the other: never more of them than the shop can hold.
#[derive(Debug)]
pub struct Customers<Item> {
    pub(crate) orders: mpsc::Receiver<Taken<Item>>,
}

impl<Item> Customers<Item> {
    /// The next customer's order; `None` once the shop is closing and nobody is left.
    pub async fn next(&mut self) -> Option<Taken<Item>> {
        self.orders.recv().await
    }

    /// The same, for a thread that has no event loop.
    ///
    /// # Panics
    /// Within an event loop.
    pub fn next_blocking(&mut self) -> Option<Taken<Item>> {
        self.orders.blocking_recv()
    }
}

/// An order in the shop's hands. Its message stays invisible to others until the shop has said what became of it; one that
/// is dropped is given back.
#[derive(Debug)]
pub struct Taken<Item> {
    /// What is to be made.
    pub order: Order<Item>,
    /// The how-manieth time it came out of its queue.
    pub attempt: u32,
    ticket: Ticket,
}

#[derive(Debug)]
pub(crate) struct Ticket {
    pub(crate) shop: Shop,
    pub(crate) id: MessageId,
    pub(crate) reply_to: Option<Box<str>>,
    /// Where the shop's asks go; `None` once it has said what became of the order. The other end bounds it: no order has
    /// more than one ask besides those for its address.
    pub(crate) desk: Option<mpsc::UnboundedSender<Ask>>,
}

impl<Item> Taken<Item> {
    pub(crate) const fn new(order: Order<Item>, attempt: u32, ticket: Ticket) -> Self {
        Self { order, attempt, ticket }
    }

    /// Shouts for the customer: looks up the order's reply address. An address that cannot be found now is looked for
    /// again when the order is served.
    pub async fn find(&self) {
        if let Some(finding) = self.ticket.find() {
            // The front has gone: there is nobody to serve any more.
            drop(finding.await);
        }
    }

    /// The same, for a thread that has no event loop.
    ///
    /// # Panics
    /// Within an event loop.
    pub fn find_blocking(&self) {
        if let Some(finding) = self.ticket.find() {
            drop(finding.blocking_recv());
        }
    }

    /// Gives it back: its message is visible to others at once. Dropping it does the same.
    pub fn give_back(self) {
        drop(self);
    }

    /// Puts it among the dead letters: nobody can make this.
    pub fn refuse(mut self, reason: String) {
        let id = MessageId::clone(&self.ticket.id);
        self.ticket.settle(Ask::Refuse { id, reason });
    }
}

impl<Item: fmt::Display> Taken<Item> {
    /// Hands over what was made: the front sends the receipt and deletes the order, while the shop goes on.
    pub fn serve(mut self) {
        let ticket = &mut self.ticket;
        let posted = PostedReceipt {
            shop: ticket.shop,
            outcome: Outcome::Served,
            attempt: self.attempt,
            receipt: self.order.receipt(),
        };
        let (id, reply_to) = (MessageId::clone(&ticket.id), take(&mut ticket.reply_to));
        ticket.settle(Ask::Serve { id, reply_to, posted });
    }
}

impl Ticket {
    fn find(&self) -> Option<oneshot::Receiver<()>> {
        let (name, desk) = (self.reply_to.clone()?, self.desk.as_ref()?);
        let (found, finding) = oneshot::channel();
        desk.send(Ask::Find { name, found }).ok().map(|()| finding)
    }

    fn settle(&mut self, ask: Ask) {
        if let Some(desk) = self.desk.take() {
            // Without a front the message becomes visible by itself.
            drop(desk.send(ask));
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let id = MessageId::clone(&self.id);
        self.settle(Ask::GiveBack { id });
    }
}
