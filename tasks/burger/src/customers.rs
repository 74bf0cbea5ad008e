//! Where orders come from and receipts go, as the engines see it: the street's front, or a test's few customers.

use std::fmt;
use std::future::Future;

use shopfront::Taken;

use crate::burger::Burger;

/// The customers, one after the other.
pub trait Customers: Send + 'static {
    /// What they hand in.
    type Order: InHand;

    /// The next one's order; `None` if no one comes any more.
    fn next(&mut self) -> impl Future<Output = Option<Self::Order>> + Send;

    /// The same, for a thread that blocks.
    fn next_blocking(&mut self) -> Option<Self::Order>;
}

/// An order that the shop has taken and not served.
pub trait InHand: fmt::Debug + Send + 'static {
    /// How many patties it takes.
    fn patties(&self) -> usize;

    /// Finds the customer.
    fn find(&self) -> impl Future<Output = ()> + Send;

    /// The same, for a thread that blocks.
    fn find_blocking(&self);

    /// Hands it over.
    fn serve(self);
}

impl Customers for shopfront::Customers<Burger> {
    type Order = Taken<Burger>;

    fn next(&mut self) -> impl Future<Output = Option<Self::Order>> + Send {
        Self::next(self)
    }

    fn next_blocking(&mut self) -> Option<Self::Order> {
        Self::next_blocking(self)
    }
}

impl InHand for Taken<Burger> {
    fn patties(&self) -> usize {
        self.order.item.patties.count()
    }

    fn find(&self) -> impl Future<Output = ()> + Send {
        Self::find(self)
    }

    fn find_blocking(&self) {
        Self::find_blocking(self);
    }

    fn serve(self) {
        Self::serve(self);
    }
}
