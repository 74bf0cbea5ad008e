//! `lunch replay FILE`: a journal, told again in virtual time.

use std::fs::File;
use std::io::BufReader;
use std::time::{Duration, Instant};

use lunch_cloud::{Command, Refused};
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
            say::beside(identical(&replayed, took));
            Ok(Code::Done)
        }
        Err(error) => {
            let code = code(&error);
            Err(readable(error))
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
        let line = TimelineLine { at: *at, function: None, about: None, happened };
        let mut json = serde_json::to_vec(&line).or_fail(Code::Fault)?;
        json.push(b'\n');
        say::answer(json);
    }
    Ok(())
}

/// So many characters of the recorded and of the replayed commands are shown.
const SHOWN_CHARS: usize = 500;

/// A difference as lines of JSON below each other, as the journal has them; other errors as they are.
pub(crate) fn readable(error: ReplayError) -> anyhow::Error {
    let ReplayError::Diverged { source, .. } = &error else { return error.into() };
    let told = format!(
        "recorded: {}\nreplayed: {}",
        commands(&source.recorded),
        commands(&source.replayed)
    );
    anyhow::Error::msg(told).context(error.to_string())
}

fn commands((refusal, commands): &(Option<Refused>, Vec<Command>)) -> String {
    let json = match refusal {
        Some(refusal) => serde_json::json!({ "refused": refusal, "commands": commands }),
        None => serde_json::json!({ "commands": commands }),
    }
    .to_string();
    match json.chars().count().saturating_sub(SHOWN_CHARS) {
        0 => json,
        more => {
            let shown: String = json.chars().take(SHOWN_CHARS).collect();
            format!("{shown}… ({more} more characters)")
        }
    }
}

/// Whose fault it is that a journal does not replay.
pub(crate) const fn code(error: &ReplayError) -> Code {
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
        "replayed: {} of cloud time in {}; {} events, {} decisions identical",
        span::show(lived),
        span::show(took),
        replayed.entries,
        replayed.commands
    )
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::{env, fs, process};

    use super::*;
    use crate::virtual_lunch::{self, Fate};

    const ORDERS: [(u64, Fate); 3] =
        [(0, Fate::Takes(200)), (50, Fate::Takes(60_000)), (900, Fate::Takes(100))];

    /// A journal on the disk, for as long as this lives.
    struct Journal(PathBuf);

    impl Drop for Journal {
        fn drop(&mut self) {
            fs::remove_file(&self.0).expect("it is ours");
        }
    }

    /// One that was changed so.
    fn changed(name: &str, change: impl FnOnce(String) -> String) -> Journal {
        let path = env::temp_dir().join(format!("lunch-{name}-{}", process::id()));
        let text = change(virtual_lunch::journal(&ORDERS));
        fs::write(&path, text).expect("the folder for temporary files can be written");
        Journal(path)
    }

    fn replayed(name: &str, change: impl FnOnce(String) -> String) -> Result<Code, Failure> {
        let journal = changed(name, change);
        run(args::Replay { journal: journal.0.clone(), json: false, all: false })
    }

    /// What a human reads, with the file's name left out.
    fn told(failure: &Failure) -> String {
        let text = failure.render(false);
        let (before, rest) = text.split_once('`').expect("the file is named");
        let (_, after) = rest.split_once('`').expect("the file is named");
        format!("{before}`FILE`{after}")
    }

    #[test]
    fn a_journal_replays_to_the_same_decisions() {
        assert_eq!(replayed("whole", |text| text).expect("its own"), Code::Done);
    }

    #[test]
    fn a_journal_that_was_cut_off_replays_up_to_there() {
        let cut = |mut text: String| {
            text.truncate(text.len() - 9);
            text
        };
        let failure = replayed("cut", cut).expect_err("cut off");
        assert_eq!(failure.code, Code::Input);
        insta::assert_snapshot!(told(&failure), @r"
        error: `FILE` was not replayed to its end
          because line `21` of the journal is cut off; the `19` entries before it replay to the same commands
        (whoever wrote it was ended in the middle of that line: remove it, and the rest is whole)
        ");
    }

    #[test]
    fn a_journal_of_another_version_is_refused_and_says_so() {
        let other = |text: String| text.replace(r#""lunch_journal":3"#, r#""lunch_journal":99"#);
        let failure = replayed("version", other).expect_err("another version");
        assert_eq!(failure.code, Code::Input);
        insta::assert_snapshot!(told(&failure), @r"
        error: `FILE` was not replayed to its end
          because the journal has version `99`, and this program replays version `3`
        (replay it with the `lunch` that wrote it)
        ");
    }

    #[test]
    fn a_malformed_line_is_named_by_its_number() {
        let broken = |text: String| {
            let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
            lines[4] = "{}".to_owned();
            lines.join("\n")
        };
        let failure = replayed("malformed", broken).expect_err("malformed");
        assert_eq!(failure.code, Code::Input);
        insta::assert_snapshot!(told(&failure), @r"
        error: `FILE` was not replayed to its end
          because line `5` of the journal is malformed; the `3` entries before it replay to the same commands
          because missing field `at` at line 1 column 2
        (a journal has one JSON object per line and is not for editing)
        ");
    }

    #[test]
    fn what_is_no_journal_is_told_what_one_is() {
        let failure = replayed("none", |_| "at lunch\n".to_owned()).expect_err("no journal");
        insta::assert_snapshot!(told(&failure), @r"
        error: `FILE` was not replayed to its end
          because line `1` does not begin a journal of `lunch`
        (a journal is what `--journal FILE` writes)
        ");
    }

    #[test]
    fn other_decisions_are_a_bad_end_and_not_a_wrong_input() {
        let other =
            |text: String| text.replacen(r#""timeout":{"secs":2"#, r#""timeout":{"secs":1"#, 1);
        let failure = replayed("diverged", other).expect_err("another timeout");
        assert_eq!(failure.code, Code::Bad);
        let told = told(&failure);
        assert!(told.contains("replays to other commands"), "{told}");
        let line = |lead: &str| told.lines().find_map(|line| line.trim().strip_prefix(lead));
        let recorded = line("because recorded: ").expect("what was recorded is shown");
        let replayed = line("replayed: ").expect("what came of it now is shown");
        assert!(recorded.starts_with("{\"commands\":["), "{told}");
        assert!(replayed.starts_with("{\"commands\":["), "{told}");
        assert_ne!(recorded, replayed);
        assert!(told.contains("(it was edited, or is of another build"), "{told}");
    }
}
