//! What an event costs, counted in steps, and what a message costs, counted in bytes.

mod post;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use lunch_cloud::sqs::{Command, Event, NewMessage, QueueConfig, Settings, Sqs};
use lunch_contract::Moment;
use lunch_contract::sqs::{CallId, DedupId, GroupId, Handle, Limits, MessageId, NameId, QueueId};
use post::{fifo, standard};

const QUEUE: QueueId = QueueId(0);

/// In debug a twentieth: the logarithm is little shorter.
const MANY: u32 = if cfg!(debug_assertions) { 50_000 } else { 1_000_000 };

/// A queue with many messages.
struct Crowd {
    sqs: Sqs<()>,
    now: Moment,
    serial: u32,
    calls: u64,
    /// Events and commands.
    told: u64,
    group: fn(u32) -> Option<u64>,
    handles: Vec<Handle>,
}

impl Crowd {
    fn of(count: u32, config: QueueConfig, group: fn(u32) -> Option<u64>) -> Self {
        let limits = Limits { in_flight_max: u32::MAX, ..Limits::aws() };
        let settings = Settings { limits, ..Settings::default() };
        let (sqs, now) = (Sqs::new(settings, ()), Moment::ZERO);
        let mut crowd = Self { sqs, now, serial: 0, calls: 0, told: 0, group, handles: Vec::new() };
        crowd.tell(Event::CreateQueue { queue: QUEUE, name: NameId(0), config });
        for _ in 0..count {
            crowd.send();
        }
        crowd
    }

    fn tell(&mut self, event: Event) {
        self.told += 1;
        self.now = self.now + Duration::from_millis(1);
        self.sqs.handle(self.now, event).expect("it is taken");
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(command) = self.sqs.poll_command() {
            self.told += 1;
            if let Command::Received { messages, .. } = command {
                self.handles.extend(messages.iter().map(|delivery| delivery.handle));
            }
        }
    }

    fn send(&mut self) {
        let message = MessageId { serial: u64::from(self.serial), index: self.serial };
        let dedup = scattered(self.serial).map(|hash| DedupId(u128::from(hash) << 64));
        let group = (self.group)(self.serial).map(GroupId::of);
        self.serial += 1;
        let message = NewMessage { message, bytes: 100, delay: None, group, dedup };
        self.tell(Event::Send { queue: QUEUE, message });
    }

    fn receive(&mut self) {
        let (call, queue) = (CallId(self.calls), QUEUE);
        self.calls += 1;
        let (wait, visibility, attempt) = (None, None, None);
        self.tell(Event::Receive { call, queue, max: 1, wait, visibility, attempt });
    }

    /// Each of the things that are done to a queue, a thousand times: steps for each event and command.
    fn work(&mut self) -> f64 {
        let (steps, told) = (self.sqs.operations(), self.told);
        for round in 0..1_000 {
            self.send();
            self.receive();
            let handle = self.handles.pop().expect("something was received");
            if round % 2 == 0 {
                self.tell(Event::Delete { queue: QUEUE, handle });
            } else {
                let timeout = Duration::from_secs(round % 3);
                self.tell(Event::ChangeVisibility { queue: QUEUE, handle, timeout });
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
        let cost = (self.sqs.operations() - steps) as f64 / (self.told - told) as f64;
        cost
    }
}

fn holds(config: QueueConfig, group: fn(u32) -> Option<u64>) {
    let few = Crowd::of(1_000, config, group).work();
    let many = Crowd::of(MANY, config, group).work();
    assert!(many <= 2.0 * few, "{many:.2} steps at {MANY} messages, {few:.2} at 1,000");
}

#[test]
fn a_standard_queue_costs_the_logarithm_at_most() {
    holds(standard(), |_| None);
}

#[test]
fn a_queue_of_many_tenants_costs_the_logarithm_at_most() {
    holds(standard(), |serial| Some(u64::from(serial % 1_000)));
}

#[test]
fn a_fifo_queue_costs_the_logarithm_at_most() {
    holds(fifo(), |serial| Some(u64::from(serial % 1_000)));
    holds(fifo(), |serial| Some(u64::from(serial)));
}

#[test]
fn a_hundred_queues_cost_a_message_no_more_than_one() {
    let mut crowd = Crowd::of(1_000, standard(), |_| None);
    let one = crowd.work();
    for queue in 1..100 {
        let (queue, name) = (QueueId(queue), NameId(u64::from(queue)));
        crowd.tell(Event::CreateQueue { queue, name, config: standard() });
    }
    assert!(crowd.work() <= one * 1.25);
}

/// Counts the bytes that this thread has in hand.
struct Counting;

thread_local! {
    static IN_HAND: Cell<usize> = const { Cell::new(0) };
}

#[expect(unsafe_code, reason = "an allocator is unsafe by its trait; this one only counts")]
// SAFETY: all is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_HAND.set(IN_HAND.get().wrapping_add(layout.size()));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_HAND.set(IN_HAND.get().wrapping_sub(layout.size()));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes for each message beyond its own.
fn bytes_each(
    config: QueueConfig,
    group: fn(u32) -> Option<u64>,
    prepare: fn(&mut Crowd),
) -> usize {
    let before = IN_HAND.get();
    let mut crowd = Crowd::of(MANY, config, group);
    prepare(&mut crowd);
    crowd.handles = Vec::new();
    IN_HAND.get().wrapping_sub(before) / MANY as usize
}

/// Groups come in no order, as hashes do.
fn scattered(serial: u32) -> Option<u64> {
    Some(u64::from(serial).wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// Past the deduplication window, whose entries are counted apart.
fn past_the_window(crowd: &mut Crowd) {
    crowd.now = crowd.now + Duration::from_secs(301);
    crowd.sqs.handle_timeout(crowd.now);
    crowd.drain();
}

fn in_flight(crowd: &mut Crowd) {
    for _ in 0..MANY {
        crowd.receive();
    }
}

#[test]
fn a_waiting_message_costs_the_machine_90_bytes_at_most() {
    let waits = bytes_each(standard(), |_| None, |_| ());
    assert!(waits <= 90, "{waits}");
}

#[test]
fn a_message_costs_the_machine_140_bytes_at_most_whatever_it_does() {
    let for_hours = QueueConfig { visibility: Duration::from_secs(43_200), ..standard() };
    let flies = bytes_each(for_hours, |_| None, in_flight);
    let tenants = bytes_each(standard(), scattered, |_| ());
    let groups = bytes_each(fifo(), scattered, past_the_window);
    let all = [flies, tenants, groups];
    assert!(all.iter().all(|&bytes| bytes <= 140), "{all:?}");
}

#[test]
fn five_minutes_of_deduplication_cost_another_120_bytes_at_most() {
    let all = bytes_each(fifo(), scattered, |_| ());
    let message = bytes_each(fifo(), scattered, past_the_window);
    assert!(all - message <= 120, "{all} and then {message}");
}
