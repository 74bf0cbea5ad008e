//! `lunch rush`: a crowd, start to end. The cloud runs in this process and is called as any client calls it; what came
//! of every order is told, and the journal of this very crowd is played again in virtual time.

mod afterwards;
mod crowd;
mod follow;
mod journal;

use std::rc::Rc;
use std::time::Duration;

use lunch_contract::Outcome;
use lunch_host::sandbox::Supervisor;
use lunch_host::template::Follow;
use lunch_host::wire::{AnsweredRequest, Ps, TimelineLine};
use lunch_host::{Host, Listen};

use self::crowd::{Call, Crowd, Known};
use self::follow::{Before, ByFunctions};
use self::journal::JournalFile;
use crate::args::{self, NamedDelay};
use crate::behaviour::unusual;
use crate::commands::cloud::{self, Plan};
use crate::door::Door;
use crate::ending::Ending;
use crate::failure::{Code, Failure};
use crate::progress::Serving;
use crate::say;
use crate::story::{Lanes, Story};
use crate::summary::{PassedOn, Served, Sight, Summary};

pub(crate) async fn run(mut asked: args::Rush, supervisor: Supervisor) -> Result<Code, Failure> {
    asked.cloud.cold_start.get_or_insert_with(NamedDelay::rust_al2023);
    let plan = Plan::read(&asked.cloud, Listen::loopback(0))?;
    let crowd = Crowd::read(&asked, plan.orders.as_deref())?;
    let journal = JournalFile::choose(asked.cloud.journal.as_deref(), &plan.folder)?;
    let follow = plan.template.follow.clone();
    let by_functions = ByFunctions::of(&plan.template.mappings);
    let (mut config, _) = plan.build(false)?;
    config.journal = Some(journal.path().to_owned());
    config.keeping = asked.durable.map(|durable| args::keeping(&asked.cloud.template, durable));
    unusual(&config.settings).into_iter().for_each(say::beside);
    let idle_max = afterwards::idle_max(&config.settings.reclaim);
    // The whole crowd stays in sight, however big.
    config.timeline_lines_max = config.timeline_lines_max.max(crowd.timeline_lines_max());

    let mut ending = Ending::listen()?;
    let host = cloud::start(config, supervisor)?;
    let outcome = tokio::select! {
        lunchtime = lunchtime(&host, &crowd, follow.as_ref().zip(Some(&by_functions)), idle_max) => lunchtime,
        why = host.lost() => Err(Failure::new(Code::Fault, why)),
        by = ending.asked() => Err(Failure::new(Code::Bad, format!("{by}: the crowd was sent home"))),
    };
    let shut_down = tokio::select! {
        code = cloud::shut_down(host, Code::Done) => code,
        _ = ending.asked() => Err(Failure::new(Code::Bad, "ended at once")),
    };
    let told = tell(&asked, &crowd, outcome?);
    let replayed = journal.replay()?;
    say::answer(replayed);
    // A fault is worse than what came of the crowd.
    shut_down.map(|_| told)
}

/// All that is to be known of a lunchtime, while the cloud still runs.
#[derive(Debug)]
struct Lunchtime {
    orders: Vec<Served>,
    passed_on: Vec<PassedOn>,
    others: Vec<Outcome>,
    timeline: Vec<TimelineLine>,
    ps: Ps,
}

async fn lunchtime(
    host: &Host,
    crowd: &Crowd,
    follow: Option<(&Follow, &ByFunctions)>,
    idle_max: Option<Duration>,
) -> Result<Lunchtime, Failure> {
    let door = Rc::new(Door::new(host.port()));
    let before = match follow {
        Some((follow, _)) => Before::look(&door, follow).await?,
        None => Before::default(),
    };
    let mut progress = Serving::begin(crowd.orders.len(), crowd.lasts());
    let mut calls: Vec<Call> = crowd::serve(&crowd.orders, &door, &mut progress).await;
    let passed_on = match follow {
        Some((follow, by_functions)) => {
            let answered: Vec<AnsweredRequest> = door.read_lines("/_lunch/requests").await?;
            let waiting = crowd::passed_on(&calls, follow, &Known::of(&answered));
            follow::until_each_has_its_outcome(
                &door,
                follow,
                &before,
                by_functions,
                waiting,
                &progress,
            )
            .await?
        }
        None => Vec::new(),
    };
    if let Some(idle_max) = idle_max {
        afterwards::until_all_have_gone(&door, idle_max, &progress).await?;
    }
    let ps = door.read("/_lunch/ps").await?;
    let timeline = door.read_lines("/_lunch/timeline").await?;
    let answered: Vec<AnsweredRequest> = door.read_lines("/_lunch/requests").await?;
    progress.done();
    let orders = crowd::fates(&mut calls, &Known::of(&answered));
    let others = crowd::others(&orders, &answered);
    Ok(Lunchtime { orders, passed_on, others, timeline, ps })
}

/// The timeline and the summary, and whether all went as it should.
fn tell(asked: &args::Rush, crowd: &Crowd, lunchtime: Lunchtime) -> Code {
    let story = Story::of_lines(lunchtime.timeline);
    let lanes = Lanes::all_if(asked.all);
    let all = "`lunch rush --all` draws all";
    let sight = Sight {
        orders: &lunchtime.orders,
        passed_on: &lunchtime.passed_on,
        others: &lunchtime.others,
        records: &story.records,
    };
    let summary = Summary::new(sight, cloud::modelled(&asked.cloud));
    say::answer(format!("{}\n{}", story.draw(lunchtime.ps.now, lanes, all), summary.render()));
    if let Some(left) = afterwards::left(&lunchtime.ps) {
        say::answer(left);
    }
    let whole = summary.is_whole();
    if !whole {
        say::beside("not every order has exactly one outcome: see above, and `--journal FILE`");
    }
    let malformed = crowd.malformed.len();
    if malformed > 0 {
        let lines = if malformed == 1 { "line is no order" } else { "lines are no orders" };
        say::beside(format!("{malformed} {lines} (named above); the rest was played"));
    }
    if whole && malformed == 0 { Code::Done } else { Code::Bad }
}
