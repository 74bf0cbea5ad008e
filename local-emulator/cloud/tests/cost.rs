//! What an event costs, counted in steps and not in time: it grows with the logarithm of the instances at most.

use std::time::Duration;

use lunch_cloud::{
    Choice, Cloud, Command, Event, FunctionConfig, InvocationKind, ReplyAt, Settings,
};
use lunch_contract::{
    Exit, FunctionId, IdAllocator, Limits, Moment, Participant, Process, QualifierId, RequestId,
    ResponseEnding, RevisionId,
};

const FUNCTION: FunctionId = FunctionId(0);

/// A cloud whose processes do at once what is asked of them, and a count of events and commands.
struct Crowd {
    cloud: Cloud<()>,
    now: Moment,
    ids: IdAllocator,
    /// Who has which request in hand.
    in_hand: Vec<(Process, RequestId)>,
    told: u64,
}

impl Crowd {
    /// That many instances, all busy.
    fn of(instances: u32, choice: Choice) -> Self {
        let settings = Settings { choice, limits: Limits::relaxed(), ..Settings::default() };
        let cloud = Cloud::new(settings, ());
        let mut crowd = Self {
            cloud,
            now: Moment::ZERO,
            ids: IdAllocator::default(),
            in_hand: Vec::new(),
            told: 0,
        };
        let config =
            FunctionConfig { timeout: Duration::from_secs(900), ..FunctionConfig::default() };
        crowd.tell(Event::Deploy { function: FUNCTION, revision: RevisionId(1), config });
        for _ in 0..instances {
            crowd.invoke();
        }
        crowd
    }

    fn pass(&mut self, span: Duration) {
        self.now = self.now + span;
        self.cloud.handle_timeout(self.now);
        self.told += 1;
        self.carry_out();
    }

    fn tell(&mut self, event: Event) {
        self.told += 1;
        self.cloud.handle(self.now, event).expect("it is taken");
        self.carry_out();
    }

    /// Carries out all commands, and what comes of them at once.
    fn carry_out(&mut self) {
        while let Some(command) = self.cloud.poll_command() {
            self.told += 1;
            let follows = match command {
                Command::Spawn { process, .. } => {
                    Event::Next { process, participant: Participant::Runtime }
                }
                Command::Kill { process } => Event::Exited { process, exit: Exit::Signal(9) },
                Command::Deliver { process, request, .. } => {
                    self.in_hand.push((process, request));
                    continue;
                }
                Command::Release { request } => {
                    self.ids.free(request.index);
                    continue;
                }
                Command::Notify { .. }
                | Command::Reply { .. }
                | Command::Freeze { .. }
                | Command::Thaw { .. }
                | Command::Terminate { .. }
                | Command::Retire { .. }
                | Command::Queue(_)
                | Command::Source(_)
                | Command::Asynchronous(_)
                | Command::Ecs(_) => continue,
            };
            self.told += 1;
            self.cloud.handle(self.now, follows).expect("it is taken");
        }
    }

    fn invoke(&mut self) {
        let (index, serial) = self.ids.allocate();
        let request = RequestId { serial, index };
        let (kind, reply) = (InvocationKind::RequestResponse, ReplyAt::Response);
        self.tell(Event::Invoke {
            request,
            function: FUNCTION,
            kind,
            reply,
            qualifier: QualifierId::LATEST,
        });
    }

    /// The one who was given something first answers and asks for more.
    fn answer(&mut self, index: usize) {
        let (process, request) = self.in_hand.swap_remove(index);
        self.tell(Event::ResponseStarted { process, request, error: false });
        self.tell(Event::ResponseEnded { process, request, ending: ResponseEnding::Complete });
        self.tell(Event::Next { process, participant: Participant::Runtime });
    }

    /// Steps for each event and command of what is done.
    fn cost(&mut self, work: impl FnOnce(&mut Self)) -> f64 {
        let (steps, told) = (self.cloud.operations(), self.told);
        work(self);
        #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
        let cost = (self.cloud.operations() - steps) as f64 / (self.told - told) as f64;
        cost
    }
}

/// The sizes that the issue names.
const SIZES: [u32; 3] = [10, 1_000, 100_000];

/// Holds a kind of work to the logarithm: what it costs at 10 instances, times how much longer the logarithm is.
fn holds(what: &str, choice: Choice, work: impl Fn(&mut Crowd)) {
    let mut first = None;
    for instances in SIZES {
        let mut crowd = Crowd::of(instances, choice);
        let cost = crowd.cost(&work);
        let logarithm = f64::from(instances).log2();
        let (small, small_logarithm) = *first.get_or_insert((cost, logarithm));
        let bound = small.max(1.0) * logarithm / small_logarithm * 1.5;
        assert!(
            cost <= bound,
            "{what}, {choice:?}: {cost:.2} steps at {instances} instances, and {bound:.2} are allowed"
        );
    }
}

#[test]
fn steady_traffic_costs_the_logarithm_at_most() {
    for (_, choice) in Choice::ALL {
        holds("one answers, one comes", choice, |crowd| {
            for _ in 0..200 {
                crowd.answer(0);
                crowd.invoke();
                crowd.pass(Duration::from_millis(1));
            }
        });
    }
}

#[test]
fn a_crowd_that_leaves_and_comes_back_costs_the_logarithm_at_most() {
    for (_, choice) in Choice::ALL {
        holds("all answer, freeze and are called again", choice, |crowd| {
            let all = crowd.in_hand.len().min(2_000);
            for _ in 0..all {
                crowd.answer(0);
            }
            crowd.pass(Duration::from_millis(20));
            for _ in 0..all {
                crowd.invoke();
            }
        });
    }
}

#[test]
fn the_end_of_a_quiet_function_costs_the_logarithm_at_most() {
    holds("all go after 640 s", Choice::MostRecentlyUsed, |crowd| {
        while !crowd.in_hand.is_empty() {
            crowd.answer(0);
        }
        crowd.pass(Duration::from_secs(641));
        assert_eq!(crowd.cloud.instances().count(), 0);
    });
}

#[test]
fn new_code_for_a_busy_crowd_costs_no_more_than_its_event() {
    let cost = |instances| {
        let mut crowd = Crowd::of(instances, Choice::MostRecentlyUsed);
        let config = FunctionConfig::default();
        crowd.cost(|crowd| {
            crowd.tell(Event::Deploy { function: FUNCTION, revision: RevisionId(2), config });
        })
    };
    assert!(cost(100_000) <= cost(10) + 1.0, "the old ones go when their hands are empty");
}
