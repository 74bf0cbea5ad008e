//! `lunch logs [NAME] [--follow]`: what the functions wrote, and what AWS would write about them.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Color, Style};
use hyper::HeaderMap;
use lunch_host::wire::{LOGS_WHOLE_FROM, LogKind, LogLine};

use crate::args;
use crate::door::{CallError, Door, escaped};
use crate::failure::{Code, Failure};
use crate::say;
use crate::terminal::{Stream, harmless};

pub(crate) async fn run(asked: args::Logs) -> Result<Code, Failure> {
    let door = Door::new(asked.door.port);
    let function = asked.name.as_deref().map(|name| format!("&function={}", escaped(name)));
    let function = function.unwrap_or_default();
    let look = Look { json: asked.json, colour: Stream::Out.wants_colour() };
    let route = |from: u64, wait: bool| format!("/_lunch/logs?from={from}&wait={wait}{function}");
    let mut from = 0;
    let (headers, mut lines) = read(&door, &route(from, false)).await?;
    let whole = whole_from(&headers);
    if whole > from {
        say::beside(forgotten(whole, asked.name.as_deref(), lines.is_empty()));
    } else if lines.is_empty() && !asked.follow {
        say::beside("nothing was logged yet");
    }
    loop {
        say::answer(look.all(&lines));
        from = lines.last().map_or(from, |line| line.number + 1);
        if !asked.follow {
            return Ok(Code::Done);
        }
        lines = match read(&door, &route(from, true)).await {
            Ok((headers, lines)) => {
                // Of one function's lines it is not known whether those between were any of its.
                let whole = whole_from(&headers);
                if asked.name.is_none() && whole > from {
                    say::beside(forgotten(whole, None, lines.is_empty()));
                }
                lines
            }
            Err(CallError::Broken { .. } | CallError::Nobody { .. }) => {
                say::beside("the cloud has ended");
                return Ok(Code::Done);
            }
            Err(error) => return Err(error.into()),
        };
    }
}

async fn read(door: &Door, route: &str) -> Result<(HeaderMap, Vec<LogLine>), CallError> {
    door.read_headed_lines(route).await
}

/// The number from which on nothing is forgotten.
fn whole_from(headers: &HeaderMap) -> u64 {
    let number = headers.get(LOGS_WHOLE_FROM).and_then(|value| value.to_str().ok()?.parse().ok());
    number.unwrap_or(0)
}

/// That the log begins in the middle.
fn forgotten(whole_from: u64, name: Option<&str>, is_empty: bool) -> String {
    let nothing = match name {
        Some(name) if is_empty => format!("nothing of `{name}` is there: "),
        Some(_) | None => String::new(),
    };
    format!(
        "{nothing}older lines, before number {whole_from}, are no longer kept (the newest 16 MiB of all functions are)"
    )
}

/// How lines are shown.
#[derive(Clone, Copy, Debug)]
struct Look {
    json: bool,
    colour: bool,
}

impl Look {
    fn all(self, lines: &[LogLine]) -> String {
        let mut text = String::new();
        for line in lines {
            let shown = if self.json {
                serde_json::to_string(line).expect("our own types are JSON")
            } else {
                self.line(line)
            };
            writeln!(text, "{shown}").expect("a string takes what is written");
        }
        text
    }

    /// The function's own words stand behind `|`, AWS's behind `*`.
    fn line(self, line: &LogLine) -> String {
        let mark = match line.kind {
            LogKind::Function => '|',
            LogKind::Platform => '*',
        };
        let style = match (line.kind, self.colour) {
            (LogKind::Platform, true) => {
                Style::new().fg_color(Some(Color::Ansi(AnsiColor::BrightBlack)))
            }
            (LogKind::Platform | LogKind::Function, _) => Style::new(),
        };
        // The clock's part of `2026-11-24T16:28:01.042Z`.
        let clock = line.time.get(11..23).unwrap_or(&line.time);
        let text = harmless(&line.text.trim_end().replace('\t', "  "));
        format!("{style}{clock} {} {} {mark} {text}{style:#}", line.by, line.function)
    }
}

#[cfg(test)]
mod tests {
    use lunch_contract::{InstanceId, Moment};

    use super::*;

    #[test]
    fn the_functions_words_and_awss_are_told_apart() {
        let line = |kind, text: &str| LogLine {
            number: 0,
            at: Moment::ZERO,
            time: "2026-11-24T16:28:01.042Z".into(),
            kind,
            by: InstanceId { serial: 4, index: 0 }.into(),
            function: "coffee".into(),
            stream: "2026/11/24/[$LATEST]0".into(),
            request_id: None,
            text: text.into(),
        };
        let lines = [
            line(LogKind::Function, "grinding\u{1b}[2J"),
            line(LogKind::Platform, "REPORT RequestId: 1\tDuration: 1.23 ms\t"),
        ];
        assert_eq!(
            Look { json: false, colour: false }.all(&lines),
            "16:28:01.042 i-0004 coffee | grinding\n\
             16:28:01.042 i-0004 coffee * REPORT RequestId: 1  Duration: 1.23 ms\n"
        );
        let json = Look { json: true, colour: false }.all(&lines);
        let read: Vec<LogLine> =
            json.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(read, lines);
    }
    #[test]
    fn a_log_that_begins_in_the_middle_is_told_so() {
        let mut headers = HeaderMap::new();
        assert_eq!(whole_from(&headers), 0);
        headers.insert(LOGS_WHOLE_FROM, 93.into());
        assert_eq!(whole_from(&headers), 93);
        let told = "older lines, before number 93, are no longer kept (the newest 16 MiB of all functions are)";
        assert_eq!(forgotten(93, Some("tea"), false), told);
        assert_eq!(forgotten(93, Some("tea"), true), format!("nothing of `tea` is there: {told}"));
    }
}
