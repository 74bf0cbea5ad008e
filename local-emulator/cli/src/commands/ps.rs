//! `lunch ps`: the functions and the living instances of a running cloud.

mod tasks;

use std::fmt::Write as _;

use comfy_table::Table;
use lunch_cloud::Phase;

use crate::args;
use crate::door::Door;
use crate::failure::{Code, Failure};
use crate::say;
use crate::span;
use crate::story::ahead;
use crate::summary::{plain_table, right_align};
use lunch_host::wire::{Ps, PsInstance};

pub(crate) async fn run(asked: args::Ps) -> Result<Code, Failure> {
    let door = Door::new(asked.door.port);
    let ps: Ps = door.read("/_lunch/ps").await?;
    say::answer(render(&ps, Events::shown_if(asked.events)));
    if let Some(ahead) = ahead(ps.ahead_ms) {
        say::beside(ahead);
    }
    Ok(Code::Done)
}

/// Whether the services' events are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Events {
    Shown,
    Hidden,
}

impl Events {
    /// By the flag of that name.
    const fn shown_if(events: bool) -> Self {
        if events { Self::Shown } else { Self::Hidden }
    }
}

fn render(ps: &Ps, events: Events) -> String {
    let mut text = format!("{}\n", functions(ps).trim_fmt());
    urls(&mut text, ps).expect("a string takes what is written");
    if ps.instances.is_empty() {
        text.push_str("\nno instance lives: the next request is cold\n");
    } else {
        writeln!(text, "\n{}", instances(ps).trim_fmt()).expect("a string takes what is written");
    }
    tasks::write(&mut text, ps, events == Events::Shown).expect("a string takes what is written");
    text
}

fn functions(ps: &Ps) -> Table {
    let mut table = plain_table();
    table.set_header(["FUNCTION", "INSTANCES", "AVAILABLE", "IN FLIGHT", "WAITING", "RESERVED"]);
    for function in &ps.functions {
        table.add_row([
            function.name.clone(),
            function.instances.to_string(),
            function.available.to_string(),
            function.in_flight.to_string(),
            function.waiting.to_string(),
            function.reserved.map_or_else(|| "-".to_owned(), |reserved| reserved.to_string()),
        ]);
    }
    right_align(&mut table, 1..6);
    table
}

/// The functions' URLs by the names for browsers; `up` shows those for programs too.
fn urls(text: &mut String, ps: &Ps) -> std::fmt::Result {
    if ps.functions.iter().any(|function| !function.urls.is_empty()) {
        writeln!(text, "\nfunction URLs:")?;
    }
    for function in &ps.functions {
        for url in &function.urls {
            let name = &function.name;
            let alias = url.qualifier.as_ref().map(|alias| format!(":{alias}")).unwrap_or_default();
            writeln!(text, "  {name}{alias}  {} ({})", url.by_host, url.auth)?;
        }
    }
    Ok(())
}

fn instances(ps: &Ps) -> Table {
    let mut table = plain_table();
    let isolated = ps.instances.iter().any(|instance| instance.isolation.is_some());
    let mut header =
        vec!["INSTANCE", "FUNCTION", "PHASE", "FOR", "AGE", "SERVED", "MEMORY", "PID", "NEXT"];
    header.extend(isolated.then_some("KEPT APART BY"));
    table.set_header(header);
    for instance in &ps.instances {
        let mut row = vec![
            instance.instance.clone(),
            instance.function.clone(),
            phase(instance.phase).to_owned(),
            span::show(ps.now.since(instance.since)),
            span::show(ps.now.since(instance.born)),
            instance.invocations.to_string(),
            memory(instance),
            instance.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string()),
            next(ps, instance),
        ];
        if isolated {
            row.push(instance.isolation.clone().unwrap_or_else(|| "-".to_owned()));
        }
        table.add_row(row);
    }
    right_align(&mut table, 3..8);
    table
}

/// The most that it has had, of what it may have.
fn memory(instance: &PsInstance) -> String {
    let PsInstance { memory_mb: used, memory_size_mb: size, .. } = instance;
    let over = if used > size { ", too much" } else { "" };
    format!("{used} of {size} MB{over}")
}

/// What it has in hand, and what it waits for.
fn next(ps: &Ps, instance: &PsInstance) -> String {
    let mut parts: Vec<_> =
        instance.requests.iter().map(|request| format!("serves {request}")).collect();
    if let Some((at, what)) = &instance.wake {
        parts.push(format!("{what} in {}", span::show(at.since(ps.now))));
    }
    if parts.is_empty() { "-".to_owned() } else { parts.join(", ") }
}

/// In AWS's words.
pub(crate) const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Placing => "placing",
        Phase::Init => "init",
        Phase::Reinit => "init again",
        Phase::Invoke => "invoke",
        Phase::Idle => "idle",
        Phase::Frozen => "frozen",
        Phase::Resetting => "resetting",
        Phase::Reset => "reset",
        Phase::Stopping => "shutdown",
        Phase::Gone => "gone",
    }
}

#[cfg(test)]
mod tests {
    use lunch_contract::Moment;

    use super::*;
    use lunch_host::wire::{PsContainer, PsFunction, PsService, PsStopped, PsTask};

    fn ps(instances: Vec<PsInstance>) -> Ps {
        let living = u32::try_from(instances.len()).expect("few");
        Ps {
            now: Moment::from_millis(20_000),
            time: "2026-11-24T12:00:00.000Z".into(),
            ahead_ms: 0,
            services: Vec::new(),
            tasks: Vec::new(),
            stopped_tasks: Vec::new(),
            functions: vec![PsFunction {
                name: "CoffeeFunction".into(),
                instances: living,
                available: living,
                in_flight: 0,
                waiting: 0,
                reserved: Some(12),
                urls: Vec::new(),
            }],
            instances,
        }
    }

    #[test]
    fn instances_stand_below_their_functions() {
        let instance = PsInstance {
            instance: "i-0004".into(),
            function: "CoffeeFunction".into(),
            phase: Phase::Frozen,
            since: Moment::from_millis(18_000),
            born: Moment::from_millis(3_000),
            invocations: 14,
            pid: Some(4_242),
            isolation: None,
            memory_mb: 15,
            memory_size_mb: 128,
            wake: Some((Moment::from_millis(658_000), "idle expiry".into())),
            requests: Vec::new(),
        };
        insta::assert_snapshot!(render(&ps(vec![instance]), Events::Hidden));
    }

    #[test]
    fn the_urls_of_functions_stand_below_them() {
        let mut ps = ps(Vec::new());
        let url = |qualifier: Option<&str>, auth: &str, host: &str| lunch_host::wire::ShownUrl {
            qualifier: qualifier.map(str::to_owned),
            auth: auth.to_owned(),
            by_host: format!("http://{host}.lambda-url.us-east-1.localhost:9001/"),
            by_path: String::new(),
        };
        ps.functions[0].urls = vec![url(None, "NONE", "a1"), url(Some("live"), "AWS_IAM", "b2")];
        insta::assert_snapshot!(render(&ps, Events::Hidden));
    }

    fn task(serial: u32, last_status: &str, containers: &[(&str, Option<i32>)]) -> PsTask {
        let id = "0123456789abcdef0123456789abcdef";
        let containers = containers.iter().map(|(name, exit_code)| PsContainer {
            name: (*name).to_owned(),
            last_status: last_status.to_owned(),
            health: "UNKNOWN".into(),
            restarts: 0,
            exit_code: *exit_code,
        });
        PsTask {
            task: format!("task-{serial:04}"),
            arn: format!("arn:aws:ecs:us-east-1:123456789012:task/street/{id}"),
            owner: "burger".into(),
            last_status: last_status.into(),
            health: "HEALTHY".into(),
            address: "127.9.8.7".into(),
            since: Moment::from_millis(16_000),
            pids: Vec::new(),
            cpu_ms: 0,
            memory_mb: 9,
            memory_size_mb: Some(512),
            containers: containers.collect(),
            stopped: None,
        }
    }

    fn street() -> Ps {
        let mut ps = ps(Vec::new());
        let said = |ms, text: &str| (Moment::from_millis(ms), format!("(service burger) {text}"));
        let events = vec![
            said(15_000, "has started 2 tasks: (task 0a) (task 0b)."),
            said(3_000, "has reached a steady state."),
        ];
        ps.services = vec![PsService {
            name: "burger".into(),
            cluster: "street".into(),
            desired: 2,
            running: 1,
            pending: 0,
            rollout: "IN_PROGRESS".into(),
            event: events.first().cloned(),
            events,
        }];
        let running = [("till", None), ("grill", None)];
        let (pids, cpu_ms) = (vec![4_242, 4_243], 1_240);
        ps.tasks = vec![PsTask { pids, cpu_ms, ..task(4, "RUNNING", &running) }];
        let stopped = |code: &str, reason: &str| {
            let (at, code, reason) = (Moment::from_millis(19_000), code.into(), reason.into());
            Some(PsStopped { at, code, reason })
        };
        let exited = stopped("EssentialContainerExited", "Essential container in task exited");
        let failed = stopped("TaskFailedToStart", "Task failed to start");
        let (ended, memory_mb) = ([("till", Some(0)), ("grill", Some(137))], 612);
        ps.stopped_tasks = vec![
            PsTask { memory_mb, stopped: exited, ..task(3, "STOPPED", &ended) },
            PsTask { memory_mb: 0, stopped: failed, ..task(2, "STOPPED", &[("grill", None)]) },
        ];
        ps
    }

    #[test]
    fn services_and_tasks_stand_below_functions() {
        insta::assert_snapshot!(render(&street(), Events::Hidden));
    }

    #[test]
    fn what_services_have_said_is_shown_to_who_asks() {
        let without = render(&street(), Events::Hidden);
        let with = render(&street(), Events::Shown);
        insta::assert_snapshot!(with.strip_prefix(&without).expect("it stands below"));
    }

    #[test]
    fn of_many_tasks_that_are_over_the_last_are_shown_and_the_others_counted() {
        let mut ps = street();
        let one = ps.stopped_tasks[0].clone();
        ps.stopped_tasks.resize(23, one);
        let shown = render(&ps, Events::Hidden);
        assert_eq!(shown.matches("task-0003").count() + shown.matches("task-0002").count(), 8);
        assert!(
            shown.ends_with("15 more tasks are over (`lunch timeline` draws them)\n"),
            "{shown}"
        );
    }

    #[test]
    fn without_instances_the_next_request_is_cold() {
        insta::assert_snapshot!(render(&ps(Vec::new()), Events::Hidden));
    }
}
