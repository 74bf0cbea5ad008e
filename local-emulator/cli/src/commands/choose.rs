//! `lunch choose`: from what a program is like to one way of doing several of its things at once, and the numbers behind it.

use std::fmt::Write as _;
use std::io::{self, BufRead, IsTerminal as _};
use std::process::Command;
use std::time::Duration;

use clap::ValueEnum as _;
use lunch_host::measured;
use serde_json::json;

use crate::args::{Choose, Said};
use crate::choose::known::{Known, Missing, Rate, Step, Work, bound};
use crate::choose::tree::{Choice, mermaid};
use crate::failure::{Code, Failure, OrFail as _};
use crate::{say, span};

/// A measured run that is shorter says more about how a process starts than about what it does.
const TOO_SHORT: Duration = Duration::from_millis(50);

pub(crate) fn run(asked: &Choose) -> Result<Code, Failure> {
    if asked.mermaid {
        say::answer(mermaid());
        return Ok(Code::Done);
    }
    let mut known = said(asked);
    if let [program, arguments @ ..] = asked.command.as_slice() {
        measure(&mut known, Command::new(program).args(arguments))?;
    }
    let (choice, steps) = if io::stdin().is_terminal() {
        ask(&mut known, &mut io::stdin().lock())?
    } else {
        known.choose().map_err(unknown)?
    };
    say::answer(if asked.json {
        as_json(choice, &steps, &known)
    } else {
        in_words(choice, &steps)
    });
    Ok(Code::Done)
}

fn said(asked: &Choose) -> Known {
    Known {
        runs: asked.runs,
        duration: asked.duration,
        worth: asked.worth,
        waits: asked.waits.map(bool::from),
        work: asked.work,
        can_await: asked.can_await.map(bool::from),
        shares: asked.shares.map(bool::from),
        longest: asked.longest,
        may_wait: asked.may_wait,
        measured: None,
    }
}

/// What was not said of it, one run says.
fn measure(known: &mut Known, command: &mut Command) -> Result<(), Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    // What it prints stands beside the answer.
    let (status, measured) = measured::run(command.stdout(io::stderr()))
        .or_fail_with(Code::Input, || {
            format!("`{program}` does not run\n(give a program on the PATH, or a path to one)")
        })?;
    if !status.success() {
        let sentence = format!(
            "`{program}` ended with {status}, and what it took says nothing\n(give a command that does its work)"
        );
        return Err(Failure::new(Code::Bad, sentence));
    }
    say::beside(format!(
        "measured: {} in all, {} of it in the processor; gave it up {} times to wait and {} times to others; {} MiB at most",
        span::show(measured.wall),
        span::show(measured.cpu()),
        measured.voluntary_switches,
        measured.involuntary_switches,
        measured.rss_bytes_max >> 20,
    ));
    if measured.wall < TOO_SHORT {
        say::beside(
            "(so short a run says more about how it starts than about what it does: give it more to do)",
        );
    }
    known.duration.get_or_insert(measured.wall);
    known.longest.get_or_insert(measured.wall);
    known.measured = Some(measured);
    Ok(())
}

fn unknown(missing: Missing) -> Failure {
    let sentence = format!(
        "one more thing is to be known: {}\n(say it with `{}`, or run `lunch choose` in a terminal, which asks)",
        missing.question(),
        missing.flag()
    );
    Failure::new(Code::Usage, sentence)
}

/// Asks for one thing after the other, until it is clear.
fn ask(known: &mut Known, from: &mut impl BufRead) -> Result<(Choice, Vec<Step>), Failure> {
    loop {
        let missing = match known.choose() {
            Ok(chosen) => return Ok(chosen),
            Err(missing) => missing,
        };
        say::beside(missing.question());
        let mut line = String::new();
        if from.read_line(&mut line).or_fail(Code::Fault)? == 0 {
            return Err(unknown(missing));
        }
        if let Err(sentence) = understand(known, missing, line.trim()) {
            say::beside(sentence);
        }
    }
}

fn understand(known: &mut Known, missing: Missing, text: &str) -> Result<(), String> {
    let span = || span::parse(text).map_err(|wrong| wrong.to_string());
    let yes = || Said::from_str(text, true).or_else(|_| first_letter(text)).map(bool::from);
    match missing {
        Missing::Runs => known.runs = Some(Rate::read(text)?),
        Missing::Duration => known.duration = Some(span()?),
        Missing::Waits => known.waits = Some(yes()?),
        Missing::Work => {
            let work = Work::from_str(text, true);
            known.work = Some(work.map_err(|_| format!("`{text}` is not `io`, `cpu` or `both`"))?);
        }
        Missing::CanAwait => known.can_await = Some(yes()?),
        Missing::Shares => known.shares = Some(yes()?),
        Missing::Longest => known.longest = Some(span()?),
        Missing::MayWait => known.may_wait = Some(span()?),
    }
    Ok(())
}

fn first_letter(text: &str) -> Result<Said, String> {
    match text {
        "y" | "Y" => Ok(Said::Yes),
        "n" | "N" => Ok(Said::No),
        _ => Err(format!("`{text}` is neither `yes` nor `no`")),
    }
}

fn in_words(choice: Choice, steps: &[Step]) -> String {
    let mut text = format!("{}\n\n  {}\n\n", choice.name(), choice.about());
    for step in steps {
        let (question, because) = (step.question.text(), &step.because);
        writeln!(text, "  {question:<38} {}: {because}", step.label())
            .expect("a string takes what is written");
    }
    if let Some(bound) = bound(choice) {
        writeln!(text, "  {:<38} {bound}", "And then?").expect("a string takes what is written");
    }
    text
}

fn as_json(choice: Choice, steps: &[Step], known: &Known) -> String {
    let steps = steps.iter().map(|step| {
        json!({ "question": step.question.text(), "answer": step.label(), "because": step.because })
    });
    let measured = known.measured.map(|measured| {
        json!({
            "wall_ms": millis(measured.wall),
            "cpu_ms": millis(measured.cpu()),
            "voluntary_switches": measured.voluntary_switches,
            "involuntary_switches": measured.involuntary_switches,
            "rss_bytes_max": measured.rss_bytes_max,
        })
    });
    let answer = json!({
        "choice": choice.name(),
        "about": choice.about(),
        "because": steps.collect::<Vec<_>>(),
        "bound": bound(choice),
        "measured": measured,
    });
    format!("{answer:#}\n")
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(lines: &str) -> Result<(Choice, Vec<Step>), Failure> {
        let mut known = Known { worth: Duration::from_secs(86_400), ..Known::default() };
        ask(&mut known, &mut lines.as_bytes())
    }

    #[test]
    fn who_sits_at_a_terminal_is_asked_until_it_is_clear() {
        let (choice, steps) = answered("often\n200/day\n3s\nCPU\nn\n3s\n2s\n").expect("clear");
        assert_eq!((choice, steps.len()), (Choice::Functions, 5));
        insta::assert_snapshot!(in_words(choice, &steps), @r"
        cloud functions

          An instance for each of them, which share nothing and go when idle: as many at once as the account allows, and the first of each has to start.

          Does it need speeding up at all?       yes: 200/day x 3.00 s = 60.9 hours a year; 24.0 hours and more are worth it
          What does it spend its time with?      calculating: as you say
          Do its tasks share what they change?   no: nothing is shared
          How long is its longest run?           15 minutes or less: 3.00 s; a function's timeout is 15m at most
          May a run wait for a cold start?       yes: it may wait 2.00 s; a cold start takes up to 1.00 s (of it INIT in Rust: 17.6 ms at the median, 29.9 ms at the 99th percentile)
          And then?                              1000 at once in a new account
        ");
    }

    #[test]
    fn who_stops_answering_is_told_what_is_missing() {
        let error = answered("200/day\n3s\n").expect_err("nothing more").render(false);
        assert!(error.contains("--work io|cpu|both"), "{error}");
    }
}
