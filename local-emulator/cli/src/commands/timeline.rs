//! `lunch timeline`: what every instance of a running cloud lived through.

use std::path::Path;

use crate::args;
use crate::door::Door;
use crate::failure::{Code, Failure, OrFail as _};
use crate::say;
use crate::story::{Lanes, Story, ahead};
use crate::timeline::trace;
use lunch_host::wire::{Ps, TimelineLine};

pub(crate) async fn run(asked: args::Timeline) -> Result<Code, Failure> {
    let door = Door::new(asked.door.port);
    let lines: Vec<TimelineLine> = door.read_lines("/_lunch/timeline").await?;
    if asked.json {
        for line in &lines {
            let mut json = serde_json::to_vec(line).or_fail(Code::Fault)?;
            json.push(b'\n');
            say::answer(json);
        }
        return Ok(Code::Done);
    }
    let ps: Ps = door.read("/_lunch/ps").await?;
    let (lanes, see_all) = (Lanes::all_if(asked.all), "`lunch timeline --all` draws all");
    let story = Story::of_lines(lines);
    if let Some(file) = asked.perfetto {
        let trace = trace(&story.records, &story.names, &story.tasks, ps.now).to_string();
        return write(&file, trace, "open it in Perfetto's viewer");
    }
    if let Some(file) = asked.svg {
        return write(&file, story.picture(ps.now, lanes, see_all), "open it in a browser");
    }
    say::answer(story.draw(ps.now, lanes, see_all));
    if let Some(ahead) = ahead(ps.ahead_ms) {
        say::beside(ahead);
    }
    Ok(Code::Done)
}

fn write(file: &Path, text: String, hint: &str) -> Result<Code, Failure> {
    std::fs::write(file, text)
        .or_fail_with(Code::Input, || format!("`{}` cannot be written", file.display()))?;
    say::beside(format!("wrote {}: {hint}", file.display()));
    Ok(Code::Done)
}
