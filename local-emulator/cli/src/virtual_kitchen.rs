//! A day of two services in the virtual world, for tests of what is drawn of tasks.

use std::time::Duration;

use lunch_cloud::ecs::{ContainerConfig, Event, ServiceConfig, TaskConfig};
use lunch_cloud::{Pace, Record, Settings, ecs};
use lunch_contract::ecs::{
    DefinitionId, HealthCheck, Percents, RestartPolicy, ServiceId, StartFailure, TaskId,
};
use lunch_contract::{Exit, Moment};
use lunch_host::wire::AboutTask;
use lunch_sim::tasks::{Script, Stage};

use crate::task_names::TaskNames;

/// One service whose first task ends by itself and whose second one is stopped, and whose next revision cannot be
/// started; and one whose tasks have two containers, of which the second is started again in its place.
pub(crate) fn records() -> Vec<(Moment, Record)> {
    let settings =
        ecs::Settings { provisioning: Duration::from_millis(400), ..ecs::Settings::of(Pace::Fast) };
    let mut stage = Stage::new(Settings { ecs: settings, ..Settings::default() });
    let works = Script::works(Duration::from_millis(300));
    let crashes = Some((Duration::from_secs(4), Exit::Code(7).into()));
    stage.script(GRILL, 0, vec![Script { exits: crashes, ..works }, works]);
    stage.script(NEW_GRILL, 0, vec![Script { fails: Some(StartFailure::CannotPull), ..works }]);
    let killed = Some((Duration::from_secs(70), Exit::Signal(9).into()));
    stage.script(SALAD, 1, vec![Script { exits: killed, ..works }, works]);
    for (definition, containers) in [(GRILL, grill()), (NEW_GRILL, grill()), (SALAD, salad())] {
        let config = TaskConfig { containers, one_at_a_time: false };
        stage.tell(Event::Register { definition, config }).expect("taken");
    }
    for (service, definition) in [(BURGERS, GRILL), (SALADS, SALAD)] {
        let config = service_of(definition);
        stage.tell(Event::CreateService { service, config }).expect("taken");
    }
    stage.pass(at(9_000));
    let second = stage.cloud().ecs().tasks().map(|task| task.task).max().expect("they run");
    stage.tell(Event::StopTask { task: second }).expect("taken");
    stage.pass(at(80_000));
    let (service, config) = (BURGERS, service_of(NEW_GRILL));
    stage.tell(Event::UpdateService { service, config, force: false }).expect("taken");
    stage.pass(at(86_000));
    stage.into_records()
}

const GRILL: DefinitionId = DefinitionId(0);
const NEW_GRILL: DefinitionId = DefinitionId(1);
const SALAD: DefinitionId = DefinitionId(2);
const BURGERS: ServiceId = ServiceId(0);
const SALADS: ServiceId = ServiceId(1);

fn at(ms: u64) -> Moment {
    Moment::from_millis(ms)
}

fn service_of(definition: DefinitionId) -> ServiceConfig {
    let breaker = Some(ecs::Breaker { rollback: false });
    ServiceConfig { definition, desired: 1, percents: Percents::default(), breaker }
}

fn grill() -> Vec<ContainerConfig> {
    vec![ContainerConfig::default()]
}

fn salad() -> Vec<ContainerConfig> {
    let check = HealthCheck {
        interval: Duration::from_secs(5),
        timeout: Duration::from_secs(2),
        retries: 2,
        start_period: Duration::ZERO,
    };
    let attempt_period = Duration::from_secs(60);
    let restart = Some(RestartPolicy { attempt_period, ..RestartPolicy::default() });
    let makers = ContainerConfig { health_check: Some(check), ..ContainerConfig::default() };
    vec![makers, ContainerConfig { restart, ..ContainerConfig::default() }]
}

/// What they are called, as a host tells it.
pub(crate) fn names(records: &[(Moment, Record)]) -> TaskNames {
    let mut names = TaskNames::default();
    for (_, record) in records {
        let Record::Ecs(record) = record else { continue };
        let about = |owner: &str, task: Option<TaskId>, container: Option<&str>| AboutTask {
            owner: owner.to_owned(),
            task: task.map(|task| format!("{:032x}", task.serial)),
            container: container.map(str::to_owned),
            text: None,
        };
        names.learn(record, about_of(record, about));
    }
    names
}

fn about_of(
    record: &ecs::Record,
    about: impl Fn(&str, Option<TaskId>, Option<&str>) -> AboutTask,
) -> AboutTask {
    use ecs::Record as Of;
    // The salads' task is the second one that is placed.
    let owner = |task: TaskId| if task.serial == 1 { "salad" } else { "burger" };
    match record {
        Of::Placed { task, .. } | Of::Task { task, .. } | Of::Counted { task, .. } => {
            about(owner(*task), Some(*task), None)
        }
        Of::Container { run, .. } | Of::Exited { run, .. } | Of::Health { run, .. } => {
            let name = match (run.task.serial, run.container) {
                (1, 0) => "makers",
                (1, _) => "washer",
                (_, _) => "grill",
            };
            about(owner(run.task), Some(run.task), Some(name))
        }
        Of::Deployed { service, .. }
        | Of::Rollout { service, .. }
        | Of::DeploymentGone { service, .. }
        | Of::Service { service, .. }
        | Of::Said { service, .. } => {
            about(if *service == SALADS { "salad" } else { "burger" }, None, None)
        }
    }
}
