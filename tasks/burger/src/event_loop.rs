//! The engine `async`: three activities on one event loop in one thread. An activity gives up control at its points and
//! nowhere else, and at each of them even where it need not wait, so that no activity keeps the others from going on.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use shopfront::Holds;
use tokio::sync::Notify;
use tokio::task::{JoinHandle, yield_now};
use tokio::time::sleep;

use crate::customers::{Customers, InHand};
use crate::shop::Shop;
use crate::trace::{Activity, Point};

/// What the activities tell each other. Each is waited for by one of them.
#[derive(Debug, Default)]
struct Bells {
    /// There is an order in the queue.
    order: Notify,
    /// There is room in the orders queue.
    room: Notify,
    /// There is a patty on the tray.
    patty: Notify,
}

/// Starts the three activities on the current event loop. They end with it; the till's ends when no customer comes any more.
pub fn start<C: Customers>(
    shop: &Arc<Shop<C::Order>>,
    customers: C,
    holds: &Holds,
) -> [JoinHandle<()>; 3] {
    let bells = Arc::new(Bells::default());
    let worker = || Worker { shop: Arc::clone(shop), bells: Arc::clone(&bells) };
    [
        holds.spawn(worker().traced(Activity::Till, worker().take_orders(customers))),
        holds.spawn(worker().traced(Activity::Cook, worker().cook_patties())),
        holds.spawn(worker().traced(Activity::Maker, worker().make_burgers())),
    ]
}

struct Worker<Order> {
    shop: Arc<Shop<Order>>,
    bells: Arc<Bells>,
}

impl<Order: InHand> Worker<Order> {
    async fn take_orders(self, mut customers: impl Customers<Order = Order>) {
        let at = async |point, waiting| self.at(Activity::Till, point, waiting).await;
        while let Some(order) = self.at(Activity::Till, Point::NextCustomer, customers.next()).await
        {
            self.shop.kitchen().speak(order);
            at(Point::AddOrder, self.until(&self.bells.room, || self.shop.kitchen().add())).await;
            self.bells.order.notify_one();
        }
    }

    async fn cook_patties(self) {
        let mut due = Duration::ZERO;
        loop {
            if self.shop.look(due) > 0 {
                self.bells.patty.notify_one();
            }
            due = self.shop.next_look(due);
            let pause = sleep(self.shop.time_until(due));
            self.at(Activity::Cook, Point::AllChecked, pause).await;
        }
    }

    async fn make_burgers(self) {
        loop {
            self.wait_for_patties(1).await;
            let order = self.at(Activity::Maker, Point::WaitOrder, self.order()).await;
            self.bells.room.notify_one();
            let patties = order.patties();
            self.wait_for_patties(patties).await;
            self.shop.assemble();
            self.at(Activity::Maker, Point::FindCustomer, order.find()).await;
            order.serve();
            self.shop.served(patties);
        }
    }

    /// Until there are so many in the maker's hand.
    async fn wait_for_patties(&self, count: usize) {
        while self.shop.kitchen().patties_in_hand() < count {
            let patty = self.until(&self.bells.patty, || self.shop.kitchen().take_patty());
            self.at(Activity::Maker, Point::WaitPatty, patty).await;
        }
    }

    async fn order(&self) -> Order {
        loop {
            let order = self.shop.kitchen().take_order();
            match order {
                Some(order) => return order,
                None => self.bells.order.notified().await,
            }
        }
    }

    async fn until(&self, bell: &Notify, is_done: impl Fn() -> bool) {
        while !is_done() {
            bell.notified().await;
        }
    }

    /// Gives up control at a point, and waits there for what is to come.
    async fn at<T>(&self, activity: Activity, point: Point, waiting: impl Future<Output = T>) -> T {
        self.shop.trace.stands(activity, Some(point));
        yield_now().await;
        let come = waiting.await;
        self.shop.trace.stands(activity, None);
        come
    }

    fn traced<F>(self, activity: Activity, doing: F) -> Traced<Order, F> {
        Traced { shop: self.shop, activity, doing: Box::pin(doing) }
    }
}

/// An activity, of which every end of a poll is traced: that is where others can go on.
struct Traced<Order, F> {
    shop: Arc<Shop<Order>>,
    activity: Activity,
    doing: Pin<Box<F>>,
}

impl<Order, F: Future<Output = ()>> Future for Traced<Order, F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let activity = self.activity;
        self.shop.trace.goes_on(activity);
        let polled = self.doing.as_mut().poll(context);
        match polled {
            Poll::Pending => self.shop.trace.gives_up(activity),
            Poll::Ready(()) => self.shop.trace.ends(activity),
        }
        polled
    }
}
