//! The services in the cloud that composes all of them.

use lunch_cloud::drive::{Input, Telling as _};
use lunch_cloud::ecs::{Command as Word, Event, Refusal};
use lunch_cloud::journal::{Entry, Replay};
use lunch_cloud::{Cloud, Command, Record, Refused, Settings, Wake};
use lunch_contract::Moment;
use lunch_contract::ecs::{ServiceId, TaskStatus};

use crate::kitchen::{BURGER, V1, by, id, plain, run, service};

/// A cloud, the journal of what it was told, and what it commanded last.
struct Told {
    cloud: Cloud<Vec<(Moment, Record)>>,
    journal: Vec<Entry>,
}

impl Told {
    fn new() -> Self {
        Self { cloud: Cloud::new(Settings::default(), Vec::new()), journal: Vec::new() }
    }

    fn tell(&mut self, millis: u64, input: impl Into<Input>) -> (Option<Refused>, Vec<Command>) {
        let (at, input) = (Moment::from_millis(millis), input.into());
        let refusal = input.clone().tell(&mut self.cloud, at).err();
        let commands: Vec<_> = std::iter::from_fn(|| self.cloud.poll_command()).collect();
        self.journal.push(Entry { at, input, refusal, commands: commands.clone() });
        (refusal, commands)
    }
}

fn burger(told: &mut Told) {
    told.tell(0, Event::Register { definition: V1, config: plain() });
    let event = Event::CreateService { service: BURGER, config: service(V1, 1) };
    let (refusal, commands) = told.tell(0, event);
    assert_eq!(refusal, None);
    let run = run(0, 0);
    let start = Command::Ecs(Word::Start { run, definition: V1 });
    assert_eq!(commands.last(), Some(&start));
    told.tell(100, Event::Started { run });
}

#[test]
fn services_are_told_asked_and_woken_like_all_others() {
    let mut told = Told::new();
    burger(&mut told);
    let (at, wake) = told.cloud.poll_timeout().expect("a task's first second");
    assert_eq!(at, Moment::from_millis(1_100));
    assert!(matches!(wake, Wake::Ecs(_)), "{wake}");
    told.tell(1_100, Input::Timeout);
    assert!(told.cloud.ecs().service(BURGER).expect("it is shown").steady);
    let event = Event::DeleteService { service: ServiceId(9), force: true };
    assert_eq!(told.tell(1_200, event).0, Some(Refused::Ecs(Refusal::UnknownService)));
    let recorded = told.cloud.trace().iter();
    let ran = recorded.filter(|(_, record)| {
        matches!(record, Record::Ecs(lunch_cloud::ecs::Record::Task { to, .. })
            if *to == TaskStatus::Running)
    });
    assert_eq!(ran.count(), 1);
}

#[test]
fn the_end_of_the_cloud_is_the_end_of_its_tasks() {
    let mut told = Told::new();
    burger(&mut told);
    let (_, commands) = told.tell(200, lunch_cloud::Event::ShutDown);
    assert_eq!(commands, [Command::Ecs(Word::Terminate { run: run(0, 0) })]);
    assert!(!told.cloud.settled(), "its container is being ended");
    told.tell(300, Event::Exited { run: run(0, 0), exit: by(0) });
    assert!(told.cloud.settled());
    assert_eq!(told.cloud.ecs().task(id(0)).expect("it is shown").last_status, TaskStatus::Stopped);
}

#[test]
fn a_journal_with_services_replays_to_the_same_commands() {
    let mut told = Told::new();
    burger(&mut told);
    told.tell(5_000, Input::Timeout);
    told.tell(6_000, Event::Exited { run: run(0, 0), exit: by(3) });
    told.tell(7_000, lunch_cloud::Event::ShutDown);
    let mut replay = Replay::new(Settings::default(), ());
    for entry in &told.journal {
        replay.step(entry).unwrap_or_else(|divergence| panic!("{divergence}"));
    }
    assert_eq!(replay.entries(), 6);
}
