//! The front itself: takes orders as long as there are places for them, and closes when it is told to.

use std::io;
use std::net::TcpListener as StdListener;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use menu::Order;
use post::MissingVariable;
use serde::de::DeserializeOwned;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{MissedTickBehavior, interval_at, sleep, timeout};
use tracing::{info, warn};

use crate::backoff::Backoff;
use crate::desk::{Desk, Place};
use crate::holds::Holds;
use crate::http::{self, Routes};
use crate::ledger::{Arrival, MessageId};
use crate::settings::Settings;
use crate::sqs::{BATCH_MAX, REPLY_TO, Sqs};
use crate::taken::{Ask, Customers, Taken, Ticket};

/// What is under way from the queue when the shop closes is waited for so long: it would be invisible otherwise.
const LAST_LOOK: Duration = Duration::from_millis(500);
/// Renewed so often within a visibility timeout.
const RENEWALS: u32 = 3;
/// Kept of the stop timeout for giving back, at most; of a short one a quarter.
const FOR_GIVING_BACK: Duration = Duration::from_secs(2);

/// The shop cannot be opened.
#[derive(Debug, Error)]
pub enum NotOpened {
    /// AWS is nowhere.
    #[error(transparent)]
    Aws(#[from] MissingVariable),
    /// Nobody can listen there.
    #[error("the shop's door cannot be opened at `{listen}`")]
    Door {
        /// `LISTEN`.
        listen: std::net::SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The door was opened, and cannot be served.
    #[error("the shop's front cannot work on its event loop")]
    Loop(#[source] io::Error),
}

/// A shop's front. [`open`](Self::open) it, hand its [`Customers`] to the shop, and let it [`run`](Self::run).
#[derive(Debug)]
pub struct Front<Item> {
    desk: Arc<Desk>,
    listener: StdListener,
    places: Arc<Semaphore>,
    orders: mpsc::Sender<Taken<Item>>,
    asks: (mpsc::UnboundedSender<Ask>, mpsc::UnboundedReceiver<Ask>),
}

impl<Item: DeserializeOwned + Send + 'static> Front<Item> {
    /// Opens a shop that can hold so many orders at once, taken and not served. Nothing is taken before [`run`](Self::run).
    /// What the front does on its event loop is measured by `holds`.
    ///
    /// # Errors
    /// If AWS or the door's address cannot be used.
    pub fn open(
        settings: Settings,
        room: NonZeroUsize,
        holds: Holds,
    ) -> Result<(Self, Customers<Item>), NotOpened> {
        let sqs = Sqs::from_env(settings.wait)?;
        Self::open_at(sqs, settings, room, holds)
    }

    fn open_at(
        sqs: Sqs,
        settings: Settings,
        room: NonZeroUsize,
        holds: Holds,
    ) -> Result<(Self, Customers<Item>), NotOpened> {
        let listen = settings.listen;
        let listener =
            StdListener::bind(listen).map_err(|source| NotOpened::Door { listen, source })?;
        listener.set_nonblocking(true).map_err(|source| NotOpened::Door { listen, source })?;
        let (orders, customers) = mpsc::channel(room.get());
        let front = Self {
            desk: Arc::new(Desk::new(settings, sqs, holds)),
            listener,
            places: Arc::new(Semaphore::new(room.get())),
            orders,
            asks: mpsc::unbounded_channel(),
        };
        Ok((front, Customers { orders: customers }))
    }

    /// Faces the street until SIGTERM (or Ctrl-C) comes; then takes no more orders, waits until those in hand are served,
    /// gives back what is not in time, and returns: within the stop timeout. The shop may be left as it stands then.
    ///
    /// # Errors
    /// If there is no event loop to do it on.
    pub async fn run(self, routes: impl Routes) -> Result<(), NotOpened> {
        self.run_until(routes, told_to_end()?).await
    }

    /// The same until `told` has ended, for whoever has asked for [`told_to_end`] before.
    ///
    /// # Errors
    /// If there is no event loop to do it on.
    pub async fn run_until(
        self,
        routes: impl Routes,
        told: impl Future<Output = ()>,
    ) -> Result<(), NotOpened> {
        let Self { desk, listener, places, orders, asks } = self;
        let listener = TcpListener::from_std(listener).map_err(NotOpened::Loop)?;
        let at = listener.local_addr().map_err(NotOpened::Loop)?;
        info!(shop = desk.shop(), "the {} shop is open, its door is at {at}", desk.shop());

        let (closing, is_closing) = watch::channel(false);
        let holds = &desk.holds;
        let (ask, asked) = asks;
        drop(holds.spawn(http::serve(listener, Arc::clone(&desk), Arc::new(routes))));
        drop(holds.spawn(Arc::clone(&desk).listen(asked)));
        drop(holds.spawn(renew(Arc::clone(&desk))));
        let till = Till { desk: Arc::clone(&desk), places, orders, ask, is_closing };
        let taking = holds.spawn(till.take_orders());
        told.await;
        info!("the {} shop is closing", desk.shop());
        closing.send_replace(true);
        close(&desk, taking).await;
        Ok(())
    }
}

/// Ends when the process is told to, by SIGTERM or Ctrl-C, from this call on. A shop that takes a while to open asks for it
/// first: as the first process of a container it would not even be ended by a SIGTERM that it does not listen for.
///
/// # Errors
/// If there is no event loop to do it on.
///
/// # Panics
/// Outside of a runtime of tokio.
pub fn told_to_end() -> Result<impl Future<Output = ()>, NotOpened> {
    let mut end = signal(SignalKind::terminate()).map_err(NotOpened::Loop)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(NotOpened::Loop)?;
    Ok(async move {
        tokio::select! {
            _ = end.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Waits for what is in hand, as long as the stop timeout leaves time to give back the rest.
async fn close(desk: &Desk, taking: tokio::task::JoinHandle<()>) {
    let stop_timeout = desk.settings.stop_timeout;
    let for_giving_back = FOR_GIVING_BACK.min(stop_timeout / 4);
    let all_served = async {
        // It ends by itself; were it to panic, what it took is given back all the same.
        drop(taking.await);
        desk.empty().await;
    };
    if timeout(stop_timeout - for_giving_back, all_served).await.is_err() {
        drop(timeout(for_giving_back, desk.give_back_all()).await);
    }
    info!("the {} shop is closed", desk.shop());
}

async fn renew(desk: Arc<Desk>) {
    let every = desk.settings.visibility / RENEWALS;
    let mut beat = interval_at(tokio::time::Instant::now() + every, every);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        desk.renew().await;
    }
}

/// Who takes orders out of the queue.
struct Till<Item> {
    desk: Arc<Desk>,
    places: Arc<Semaphore>,
    orders: mpsc::Sender<Taken<Item>>,
    ask: mpsc::UnboundedSender<Ask>,
    is_closing: watch::Receiver<bool>,
}

impl<Item: DeserializeOwned + Send + 'static> Till<Item> {
    async fn take_orders(self) {
        let mut pause = Backoff::new();
        let mut is_closing = self.is_closing.clone();
        while let Some(places) = until(&mut is_closing, self.free_places()).await {
            let settings = &self.desk.settings;
            let url = &settings.orders_url;
            let mut receiving = Box::pin(self.desk.sqs.receive(
                url,
                places.len(),
                settings.wait,
                settings.visibility,
            ));
            let received = match until(&mut is_closing, receiving.as_mut()).await {
                Some(received) => received,
                None => timeout(LAST_LOOK, receiving).await.unwrap_or_else(|_| Ok(Vec::new())),
            };
            match received {
                Ok(messages) => {
                    pause = Backoff::new();
                    if self.desk.is_relieved() {
                        info!("the orders' queue `{url}` can be read again");
                    }
                    messages.into_iter().zip(places).for_each(|(message, place)| {
                        self.take(message, place);
                    });
                }
                Err(trouble) => {
                    drop(places);
                    let wait = pause.next();
                    warn!(
                        "the orders' queue `{url}` cannot be read, next try in {wait:?}: {trouble}"
                    );
                    self.desk
                        .troubled(format!("the orders' queue `{url}` cannot be read: {trouble}"));
                    until(&mut is_closing, sleep(wait)).await;
                }
            }
        }
    }

    /// At least one place for an order, and as many as are free now.
    async fn free_places(&self) -> Vec<Place> {
        let Ok(first) = Arc::clone(&self.places).acquire_owned().await else { return Vec::new() };
        let more = (1..BATCH_MAX).map_while(|_| Arc::clone(&self.places).try_acquire_owned().ok());
        std::iter::once(first).chain(more).collect()
    }

    fn take(&self, message: Message, place: Place) {
        let attempt = attempt(&message);
        let reply_to = reply_to(&message);
        let (Some(id), Some(handle)) = (message.message_id, message.receipt_handle) else { return };
        let (id, handle): (MessageId, Arc<str>) = (id.into(), handle.into());
        let body: Arc<str> = message.body.unwrap_or_default().into();
        let arrived = self
            .desk
            .ledger(|ledger| ledger.arrived(&id, Arc::clone(&handle), Arc::clone(&body), place));
        let desk = Arc::clone(&self.desk);
        match arrived {
            Arrival::New => {}
            Arrival::InHand => return info!("message {id} came again while it is in hand"),
            Arrival::Served => {
                let again = async move { desk.delete_again(&id, &handle).await };
                return drop(self.desk.holds.spawn(again));
            }
        }
        match serde_json::from_str::<Order<Item>>(&body) {
            Ok(order) => {
                let desk = Some(self.ask.clone());
                let ticket = Ticket { shop: self.desk.settings.shop, id, reply_to, desk };
                // There is room for as many as there are places; without a shop it goes back by being dropped.
                drop(self.orders.try_send(Taken::new(order, attempt, ticket)));
            }
            Err(why) => {
                let reason = format!("this is no order of the {} shop: {why}", self.desk.shop());
                drop(self.desk.holds.spawn(async move { desk.refuse(&id, &reason).await }));
            }
        }
    }
}

/// Waits for something, but not once the shop is closing.
async fn until<T>(
    is_closing: &mut watch::Receiver<bool>,
    what: impl Future<Output = T>,
) -> Option<T> {
    tokio::select! {
        biased;
        // Without its sender, too, it is closing.
        _ = is_closing.wait_for(|is_closing| *is_closing) => None,
        done = what => Some(done),
    }
}

/// How often it has come out of its queue, this time included.
fn attempt(message: &Message) -> u32 {
    let counted = MessageSystemAttributeName::ApproximateReceiveCount;
    let count = message.attributes.as_ref().and_then(|attributes| attributes.get(&counted));
    count.and_then(|count| count.parse().ok()).unwrap_or(1)
}

fn reply_to(message: &Message) -> Option<Box<str>> {
    let attributes = message.message_attributes.as_ref()?;
    attributes.get(REPLY_TO)?.string_value().map(Into::into)
}

#[cfg(test)]
mod tests;
