//! `lunch up`, when something of its functions has changed: read, build and deploy them anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use lunch_host::build::Sources;
use lunch_host::{Change, Config, Deployment, Host, Listen, ServiceChange, ServiceDeployment};

use crate::args::{self, TasksAs};
use crate::commands::advance::few;
use crate::commands::cloud::Plan;
use crate::failure::{Code, Failure, OrFail as _};
use crate::say;
use crate::watch::Watch;

/// Deploys for ever what changes. What cannot be built or deployed is told, and what serves goes on serving.
pub(crate) async fn follow(host: &Host, asked: &args::Up, mut watch: Watch) {
    loop {
        let changed = watch.changed().await;
        say::beside(format!("\nlunch: {} changed", shown(&changed)));
        match anew(host, asked, &mut watch).await {
            Ok((functions, services)) if functions.is_empty() && services.is_empty() => {
                say::beside("lunch: no function and no service is another one by that");
            }
            Ok((functions, services)) => {
                functions.iter().for_each(|deployment| say::beside(told(deployment)));
                services.iter().for_each(|deployment| say::beside(told_of_service(deployment)));
            }
            Err(failure) => {
                failure.tell();
                say::beside("lunch: what served before goes on serving");
            }
        }
    }
}

async fn anew(
    host: &Host,
    asked: &args::Up,
    watch: &mut Watch,
) -> Result<(Vec<Deployment>, Vec<ServiceDeployment>), Failure> {
    let (cloud, tasks_as) = (asked.cloud.clone(), asked.tasks.unwrap_or(TasksAs::Process));
    // A build takes its time, and the cloud goes on meanwhile.
    let built = tokio::task::spawn_blocking(move || built(&cloud, tasks_as)).await;
    let (config, sources) = built.or_fail(Code::Fault)??;
    watch.turn_to(sources);
    host.deploy(config).or_fail(Code::Input)
}

fn built(asked: &args::Cloud, tasks_as: TasksAs) -> Result<(Config, Sources), Failure> {
    let mut plan = Plan::read(asked, Listen::loopback(0))?;
    plan.tasks_as = tasks_as;
    plan.build(true)
}

fn shown(changed: &BTreeSet<PathBuf>) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let name = |path: &PathBuf| {
        let path: &Path = path.strip_prefix(&here).unwrap_or(path);
        format!("`{}`", path.display())
    };
    few(&changed.iter().map(name).collect::<Vec<_>>())
}

/// What became of a function, and which of its instances drain.
fn told(deployment: &Deployment) -> String {
    let Deployment { function, change, going, busy } = deployment;
    let mut sentence = match change {
        Change::Added => format!("lunch: `{function}` is served now"),
        Change::Revised { revision } => {
            format!("lunch: revision {revision} of `{function}` serves from now on")
        }
        Change::Removed => format!("lunch: `{function}` is not served any more"),
    };
    if !going.is_empty() {
        write!(sentence, "; draining: {}", few(going)).expect("a string takes what is written");
    }
    if !busy.is_empty() {
        write!(sentence, " ({} when done with what is in hand)", few(busy))
            .expect("a string takes what is written");
    }
    sentence
}

/// What became of a service.
fn told_of_service(deployment: &ServiceDeployment) -> String {
    let ServiceDeployment { service, change } = deployment;
    let tasks =
        |count: u32| if count == 1 { "1 task".to_owned() } else { format!("{count} tasks") };
    match change {
        ServiceChange::Added { desired } => {
            format!("lunch: service `{service}` is there now, and wants {}", tasks(*desired))
        }
        ServiceChange::Deployed { revision } => format!(
            "lunch: service `{service}` replaces its tasks: revision {revision} of its task definition"
        ),
        ServiceChange::Updated { desired } => {
            format!("lunch: service `{service}` is updated, and wants {}", tasks(*desired))
        }
        ServiceChange::Removed => format!("lunch: service `{service}` is gone; its tasks end"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_is_told_with_who_drains() {
        let deployment = |change, going: &[&str], busy: &[&str]| Deployment {
            function: "coffee".into(),
            change,
            going: going.iter().map(ToString::to_string).collect(),
            busy: busy.iter().map(ToString::to_string).collect(),
        };
        assert_eq!(told(&deployment(Change::Added, &[], &[])), "lunch: `coffee` is served now");
        assert_eq!(
            told(&deployment(Change::Revised { revision: 2 }, &["i-0001", "i-0002"], &["i-0002"])),
            "lunch: revision 2 of `coffee` serves from now on; draining: i-0001, i-0002 (i-0002 when done with what \
             is in hand)"
        );
        assert_eq!(
            told(&deployment(Change::Removed, &[], &[])),
            "lunch: `coffee` is not served any more"
        );
    }
}
