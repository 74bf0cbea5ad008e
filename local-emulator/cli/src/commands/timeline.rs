//! `lunch timeline`: what every instance of a running cloud lived through.

use crate::args;
use crate::door::Door;
use crate::failure::{Code, Failure, OrFail as _};
use crate::say;
use crate::story::{Lanes, Story, ahead};
use crate::timeline::trace;
use lunch_host::wire::{Ps, TimelineLine};

pub(crate) async fn run(asked: args::Timeline) -> Result<Code, Failure> {
    let door = Door::new(asked.door.port);
    let lines: Vec<TimelineLine> = door.read_lines("/_lunch/timeline").await.or_fail(Code::Door)?;
    if asked.json {
        for line in &lines {
            let mut json = serde_json::to_vec(line).or_fail(Code::Fault)?;
            json.push(b'\n');
            say::answer(json);
        }
        return Ok(Code::Done);
    }
    let ps: Ps = door.read("/_lunch/ps").await.or_fail(Code::Door)?;
    if let Some(file) = asked.perfetto {
        let story = Story::of_lines(lines);
        let trace = trace(&story.records, &story.names, ps.now).to_string();
        std::fs::write(&file, trace).or_fail_with(Code::Input, || {
            format!("the trace `{}` cannot be written", file.display())
        })?;
        say::beside(format!("wrote {}: open it in Perfetto's viewer", file.display()));
        return Ok(Code::Done);
    }
    let lanes = Lanes::all_if(asked.all);
    say::answer(Story::of_lines(lines).draw(ps.now, lanes, "`lunch timeline --all` draws all"));
    if let Some(ahead) = ahead(ps.ahead_ms) {
        say::beside(ahead);
    }
    Ok(Code::Done)
}
