//! Journals: what a run leaves, told again whole, and cut off anywhere.

use std::time::Duration;

use lunch_cloud::journal::{Entry, Header};
use lunch_cloud::{Delay, DelayModel, Event, FunctionConfig, InvocationKind, ReplyAt, Settings};
use lunch_contract::{FunctionId, Process, QualifierId, RequestId, ResponseEnding, RevisionId};
use lunch_sim::replay::{self, ReplayError};
use lunch_sim::{Act, Playbook, Simulation, Startup, Stepped};

/// Answers after a while.
struct Barista;

impl Playbook for Barista {
    fn start(&mut self, _: Process, _: FunctionId, _: RevisionId) -> Startup {
        Startup { takes: Duration::from_millis(2), failure: None, acts: vec![Act::Next] }
    }

    fn serve(&mut self, _: Process, request: RequestId) -> Vec<Act> {
        let mut acts = vec![Act::Sleep(Duration::from_millis(30 * (request.serial % 5)))];
        acts.extend(Act::respond(ResponseEnding::Complete));
        acts.push(Act::Next);
        acts
    }

    fn call_takes(&mut self) -> Duration {
        Duration::from_micros(50)
    }

    fn exit_takes(&mut self) -> Duration {
        Duration::from_millis(1)
    }

    fn kill_takes(&mut self) -> Duration {
        Duration::ZERO
    }

    fn termination_takes(&mut self) -> Duration {
        Duration::from_millis(1)
    }

    fn timer_late(&mut self) -> Duration {
        Duration::ZERO
    }
}

/// The journal of a few requests, some of which run into a timeout of 100 ms, with drawn cold starts.
fn journal() -> String {
    let settings = Settings { seed: 5, ..Settings::default() };
    let mut simulation = Simulation::new(settings.clone(), (), Barista, true);
    let mut entries: Vec<Entry> = Vec::new();
    let delay =
        DelayModel { init: Delay::LogNormal { mu: 2.8, sigma: 0.3 }, ..DelayModel::default() };
    let config =
        FunctionConfig { timeout: Duration::from_millis(100), delay, ..FunctionConfig::default() };
    let function = FunctionId(0);
    simulation.tell(Event::Deploy { function, revision: RevisionId(1), config }).expect("taken");
    entries.extend(simulation.world.entry.take());
    for serial in 0..10 {
        simulation.world.schedule(Duration::from_millis(40 * serial), serial);
    }
    while simulation.world.answers.len() < 10 {
        if let Some(Stepped::Outside(serial)) = simulation.step() {
            let request = RequestId { serial, index: u32::try_from(serial).expect("few") };
            let (kind, reply) = (InvocationKind::RequestResponse, ReplyAt::Response);
            simulation
                .tell(Event::Invoke {
                    request,
                    function,
                    kind,
                    reply,
                    qualifier: QualifierId::LATEST,
                })
                .expect("taken");
        }
        entries.extend(simulation.world.entry.take());
    }
    let json = |value: Result<String, serde_json::Error>| value.expect("it is plain data") + "\n";
    let mut text = json(serde_json::to_string(&Header::new(settings)));
    for entry in &entries {
        text += &json(serde_json::to_string(entry));
    }
    text
}

#[test]
fn a_journal_is_replayed_to_the_same_commands() {
    let text = journal();
    let replayed = replay::journal(text.as_bytes()).expect("it is this very cloud");
    assert_eq!(replayed.entries, text.lines().count() as u64 - 1);
    assert!(replayed.commands > 40, "{}", replayed.commands);
}

#[test]
fn a_journal_that_is_cut_off_anywhere_is_replayed_up_to_there() {
    let text = journal();
    for end in 0..text.len() {
        let cut = &text[..end];
        let whole_lines = cut.matches('\n').count() as u64;
        match replay::journal(cut.as_bytes()) {
            // Between two lines, or without the last line's end: then nothing is missing.
            Ok(replayed) => {
                let last_is_whole = text[end..].starts_with('\n') || cut.ends_with('\n');
                assert!(last_is_whole, "cut at {end}");
                let lines = whole_lines + u64::from(!cut.ends_with('\n'));
                assert_eq!(replayed.entries, lines - 1, "cut at {end}");
            }
            Err(ReplayError::CutOff { line, before }) => {
                assert_eq!((line, before.entries), (whole_lines + 1, whole_lines - 1));
            }
            Err(ReplayError::NotAJournal) => assert_eq!(whole_lines, 0, "cut at {end}"),
            Err(other) => panic!("cut at {end}: {other}"),
        }
    }
}

#[test]
fn a_journal_that_was_edited_is_told_apart_from_one_that_replays() {
    let text = journal();
    let edited =
        text.replacen("\"timeout\"", "\"timeout\" ", 1).replacen("\"deliver\"", "\"delivers\"", 1);
    let error = replay::journal(edited.as_bytes()).expect_err("there is no such command");
    assert!(matches!(error, ReplayError::Malformed { .. }), "{error}");

    let (line, spawn) =
        text.lines().enumerate().find(|(_, line)| line.contains("\"spawn\"")).expect("one");
    let edited = text.replacen(spawn, &spawn.replacen("\"revision\":1", "\"revision\":2", 1), 1);
    assert_ne!(edited, text);
    match replay::journal(edited.as_bytes()) {
        Err(ReplayError::Diverged { line: found, .. }) => assert_eq!(found, line as u64 + 1),
        other => panic!("{other:?}"),
    }
}
