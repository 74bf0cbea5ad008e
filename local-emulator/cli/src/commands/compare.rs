//! `lunch compare`: the article's two kinds of work over its four options, measured in one run, and its table beside them.

use std::rc::Rc;
use std::time::Duration;

use lunch_host::sandbox::Supervisor;

use crate::args::Compare;
use crate::commands::cloud;
use crate::compare::figures::Figures;
use crate::compare::measure::programs::Programs;
use crate::compare::measure::{Plan, aside, beyond, compiled, functions, workers};
use crate::compare::page::{Form, page, warning};
use crate::compare::report::Report;
use crate::door::Door;
use crate::ending::Ending;
use crate::failure::{Code, Failure};
use crate::say;

const LASTS: Duration = Duration::from_millis(300);
const LASTS_QUICK: Duration = Duration::from_millis(100);
const REPEATS: u32 = 3;
const REPEATS_QUICK: u32 = 1;

pub(crate) async fn run(asked: Compare, supervisor: Supervisor) -> Result<Code, Failure> {
    let programs = match &asked.programs {
        Some(folder) => Programs::taken(folder)?,
        None => Programs::build(&asked.workspace)?,
    };
    let plan = plan(&asked);
    // Nothing else is to be done meanwhile: what is measured has the machine for itself.
    let compiled = compiled::measure()?;
    let mut figures = Figures { compiled, ..workers::measure(&plan, &programs)? };
    on_a_cloud(&plan, &programs, &mut figures, supervisor).await?;
    beyond::play(&plan, &mut figures);
    warning(&figures).into_iter().for_each(say::beside);
    let report = Report::of(figures);
    say::answer(match (asked.json, asked.markdown) {
        (true, _) => report.as_json(),
        (false, true) => page(&report, Form::Markdown),
        (false, false) => page(&report, Form::Text),
    });
    Ok(Code::Done)
}

fn plan(asked: &Compare) -> Plan {
    let (lasts, repeats) =
        if asked.quick { (LASTS_QUICK, REPEATS_QUICK) } else { (LASTS, REPEATS) };
    let repeats = usize::try_from(asked.repeats.unwrap_or(repeats)).unwrap_or(1);
    Plan::of(&asked.sizes, repeats, asked.seconds.unwrap_or(lasts), asked.quick)
}

/// What needs a cloud: the functions, and the queues of the burger shop.
async fn on_a_cloud(
    plan: &Plan,
    programs: &Programs,
    figures: &mut Figures,
    supervisor: Supervisor,
) -> Result<(), Failure> {
    let mut ending = Ending::listen()?;
    let host = cloud::start(functions::config(plan, programs), supervisor)?;
    let port = host.port();
    let door = Rc::new(Door::new(port));
    let measuring = async {
        functions::measure(plan, &door, figures).await?;
        figures.aside = aside::measure(plan, &programs.burger, &door, port).await?;
        Ok(())
    };
    let measured = tokio::select! {
        measured = measuring => measured,
        why = host.lost() => Err(Failure::new(Code::Fault, why)),
        by = ending.asked() => Err(Failure::new(Code::Bad, format!("{by}: nothing was compared"))),
    };
    // A fault is worse than what came of the measuring.
    cloud::shut_down(host, Code::Done).await?;
    measured
}
