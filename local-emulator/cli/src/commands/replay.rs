//! `lunch replay FILE`: a journal, told again in virtual time.

use std::fs::File;
use std::io::BufReader;
use std::time::{Duration, Instant};

use lunch_contract::Moment;
use lunch_sim::replay::{self, ReplayError, Replayed};

use crate::args;
use crate::failure::{Code, Failure, OrFail as _};
use crate::say;
use crate::span;
use crate::story::{Lanes, Story};
use lunch_host::wire::{Happened, TimelineLine};

pub(crate) fn run(asked: args::Replay) -> Result<Code, Failure> {
    let path = &asked.journal;
    let file = File::open(path)
        .or_fail_with(Code::Input, || format!("the journal `{}` cannot be read", path.display()))?;
    let began = Instant::now();
    let verdict = replay::journal(BufReader::new(file));
    let took = began.elapsed();
    let replayed = match &verdict {
        Ok(replayed) => Some(replayed),
        Err(error) => error.before(),
    };
    if let Some(replayed) = replayed {
        show(replayed, &asked)?;
    }
    match verdict {
        Ok(replayed) => {
            say::beside(format!("replayed: {}", identical(&replayed, took)));
            Ok(Code::Done)
        }
        Err(error) => {
            let code = code(&error);
            Err(error)
                .or_fail_with(code, || format!("`{}` was not replayed to its end", path.display()))
        }
    }
}

fn show(replayed: &Replayed, asked: &args::Replay) -> Result<(), Failure> {
    if !asked.json {
        let story = Story::of_records(replayed.records.clone());
        let lanes = Lanes::all_if(asked.all);
        say::answer(story.draw(replayed.end, lanes, "`--all` draws all"));
        return Ok(());
    }
    for (at, record) in &replayed.records {
        let happened = Happened::Record(record.clone());
        let line = TimelineLine { at: *at, function: None, happened };
        let mut json = serde_json::to_vec(&line).or_fail(Code::Fault)?;
        json.push(b'\n');
        say::answer(json);
    }
    Ok(())
}

const fn code(error: &ReplayError) -> Code {
    match error {
        ReplayError::Diverged { .. } => Code::Bad,
        ReplayError::NotAJournal
        | ReplayError::AnotherVersion { .. }
        | ReplayError::CutOff { .. }
        | ReplayError::Malformed { .. }
        | ReplayError::Unreadable { .. } => Code::Input,
    }
}

/// What a replay to the end is worth saying.
pub(crate) fn identical(replayed: &Replayed, took: Duration) -> String {
    let lived = replayed.end.since(Moment::ZERO);
    format!(
        "{} of the cloud's time in {}; {} events, {} decisions, all identical",
        span::show(lived),
        span::show(took),
        replayed.entries,
        replayed.commands
    )
}
