//! Who is called what: clusters, families with their revisions, services and tasks, with AWS's ids and ARNs.

mod registry;

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::rc::Rc;

use lunch_cloud::ecs::Origin;
use lunch_contract::ecs::{
    ContainerRun, DefinitionId, DeploymentId, Names, RunId, ServiceId, TaskId,
};

use super::served::{ContainerProgram, ServedDefinition};
use crate::template::Container;

pub(crate) use self::registry::{Asked, Registered, Run};

/// The cluster of a task that nobody named one for.
const DEFAULT_CLUSTER: &str = "default";

/// No task is older.
const OLDEST: TaskId = TaskId { serial: 0, index: 0 };

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Book {
    /// `arn:aws:ecs:REGION:ACCOUNT`.
    prefix: String,
    clusters: BTreeSet<String>,
    deleted_clusters: BTreeSet<String>,
    /// By their ids.
    definitions: Vec<Definition>,
    /// By their ids.
    services: Vec<Service>,
    tasks: BTreeMap<TaskId, Placed>,
    by_id: BTreeMap<String, TaskId>,
    /// Of the tasks that are not over.
    addresses: BTreeSet<(Ipv4Addr, TaskId)>,
    /// How many `RunTask`s there have been.
    runs: u64,
    /// Those that are being told of, each with its tasks so far.
    running: BTreeMap<RunId, (Rc<Run>, Vec<TaskId>)>,
}

#[derive(Debug)]
struct Definition {
    served: ServedDefinition,
    revision: u32,
    registered: Registered,
}

#[derive(Debug)]
struct Service {
    name: String,
    cluster: String,
    asked: Asked,
}

/// A task that has its place.
#[derive(Debug)]
pub(crate) struct Placed {
    /// AWS's id: 32 hexadecimal digits.
    pub(crate) id: String,
    pub(crate) definition: DefinitionId,
    pub(crate) cluster: String,
    /// Its service's name, where it is one's.
    pub(crate) service: Option<String>,
    /// The `RunTask` that it came of, where it came of one.
    pub(crate) run: Option<Rc<Run>>,
    /// What whoever stopped it said.
    pub(crate) stop_reason: Option<String>,
    /// Why containers did not start, in AWS's words and ours.
    pub(crate) not_started: BTreeMap<u8, String>,
    /// Its own address, at which its containers listen.
    pub(crate) address: Ipv4Addr,
}

impl Placed {
    /// Its service's name, where it is one's.
    pub(crate) fn service(&self) -> Option<&str> {
        self.service.as_deref()
    }
}

impl Book {
    /// An empty one.
    pub(crate) fn new(region: &str, account: &str) -> Self {
        let prefix = format!("arn:aws:ecs:{region}:{account}");
        let clusters = BTreeSet::from([DEFAULT_CLUSTER.to_owned()]);
        Self { prefix, clusters, ..Self::default() }
    }

    /// The next revision of its family.
    pub(crate) fn register(&mut self, served: ServedDefinition) -> DefinitionId {
        let family = &served.definition.family;
        let of_family = |one: &&Definition| one.served.definition.family == *family;
        let revision = self.definitions.iter().filter(of_family).count() + 1;
        let revision = u32::try_from(revision).unwrap_or(u32::MAX);
        self.definitions.push(Definition { served, revision, registered: Registered::default() });
        DefinitionId(number(self.definitions.len() - 1))
    }

    /// A service's name, in a cluster that is there from now on.
    pub(crate) fn add_service(&mut self, cluster: &str, name: &str) -> ServiceId {
        self.create_cluster(cluster);
        let (name, cluster) = (name.to_owned(), cluster.to_owned());
        self.services.push(Service { name, cluster, asked: Asked::default() });
        ServiceId(number(self.services.len() - 1))
    }

    /// The newest revision of a family.
    pub(crate) fn newest(&self, family: &str) -> Option<DefinitionId> {
        let is_of = |one: &Definition| one.served.definition.family == family;
        self.definitions.iter().rposition(is_of).map(|place| DefinitionId(number(place)))
    }

    /// A task has its place, under these 128 bits.
    pub(crate) fn place(
        &mut self,
        task: TaskId,
        definition: DefinitionId,
        origin: Origin,
        bits: u128,
        address: Ipv4Addr,
    ) {
        let run = self.joins(task, origin);
        let service = match origin {
            Origin::Run { .. } => None,
            Origin::Service { service, .. } => self.services.get(service.0 as usize),
        };
        let of_run = run.as_ref().map_or(DEFAULT_CLUSTER, |run| run.cluster.as_str());
        let cluster = service.map_or(of_run, |one| one.cluster.as_str()).to_owned();
        let service = service.map(|one| one.name.clone());
        let id = format!("{bits:032x}");
        self.by_id.insert(id.clone(), task);
        self.addresses.insert((address, task));
        let (stop_reason, not_started) = (None, BTreeMap::new());
        let placed =
            Placed { id, definition, cluster, service, run, stop_reason, not_started, address };
        self.tasks.insert(task, placed);
    }

    /// The task is over: its address is free. It is still shown.
    pub(crate) fn unplace(&mut self, task: TaskId) {
        if let Some(placed) = self.tasks.get(&task) {
            self.addresses.remove(&(placed.address, task));
        }
    }

    /// The task is shown no longer.
    pub(crate) fn forget(&mut self, task: TaskId) {
        self.unplace(task);
        if let Some(gone) = self.tasks.remove(&task) {
            self.by_id.remove(&gone.id);
        }
    }

    pub(crate) fn task(&self, task: TaskId) -> Option<&Placed> {
        self.tasks.get(&task)
    }

    /// The task that has had that address for the longest time, of those that are not over.
    pub(crate) fn holder(&self, address: Ipv4Addr) -> Option<TaskId> {
        let mut all = self.addresses.range((address, OLDEST)..);
        all.next().filter(|(of, _)| *of == address).map(|(_, task)| *task)
    }

    /// A container of a task, and what runs for it.
    pub(crate) fn container(
        &self,
        task: TaskId,
        container: u8,
    ) -> Option<(&Container, Option<&ContainerProgram>)> {
        let placed = self.task(task)?;
        let own = placed.run.as_ref().and_then(|run| run.served.as_ref());
        let served = own.or_else(|| Some(self.definition(placed.definition)?.0))?;
        let place = usize::from(container);
        let program = served.programs.get(place).and_then(Option::as_ref);
        Some((served.definition.containers.get(place)?, program))
    }

    /// A task definition and its revision.
    pub(crate) fn definition(&self, id: DefinitionId) -> Option<(&ServedDefinition, u32)> {
        self.definitions.get(id.0 as usize).map(|one| (&one.served, one.revision))
    }

    /// What a task is for, as a human calls it: its service, else its family.
    pub(crate) fn owner(&self, task: TaskId) -> Option<&str> {
        let placed = self.task(task)?;
        let family = || Some(self.definition(placed.definition)?.0.definition.family.as_str());
        placed.service.as_deref().or_else(family)
    }

    /// A task's ARN.
    pub(crate) fn task_arn(&self, placed: &Placed) -> String {
        format!("{}:task/{}/{}", self.prefix, placed.cluster, placed.id)
    }

    /// A container's ARN. What AWS draws for its last part is here the task's id with the container's place at its end.
    pub(crate) fn container_arn(&self, placed: &Placed, container: u8) -> String {
        let Placed { id, cluster, .. } = placed;
        let part = |from: usize, to: usize| id.get(from..to).unwrap_or_default();
        let parts = [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 30)];
        let own = parts.join("-");
        format!("{}:container/{cluster}/{id}/{own}{container:02x}", self.prefix)
    }

    /// The ARN of the cluster that a task is in.
    pub(crate) fn cluster_arn(&self, placed: &Placed) -> String {
        format!("{}:cluster/{}", self.prefix, placed.cluster)
    }

    /// The task of that id.
    pub(crate) fn by_id(&self, id: &str) -> Option<TaskId> {
        self.by_id.get(id).copied()
    }

    /// What a container is told apart by, of all tasks: AWS's id of it on Fargate has this shape.
    pub(crate) fn container_id(&self, run: ContainerRun) -> Option<String> {
        let ContainerRun { task, container, run } = run;
        Some(format!("{}-{container}{run:09}", self.task(task)?.id))
    }
}

impl Book {
    /// The name of a service's cluster.
    pub(crate) fn cluster(&self, service: ServiceId) -> &str {
        let found = self.services.get(service.0 as usize);
        found.map_or(DEFAULT_CLUSTER, |service| service.cluster.as_str())
    }
}

impl Names for Book {
    fn service(&self, service: ServiceId) -> String {
        self.services.get(service.0 as usize).map(|one| one.name.clone()).unwrap_or_default()
    }

    fn task(&self, task: TaskId) -> String {
        Self::task(self, task).map(|one| one.id.clone()).unwrap_or_default()
    }

    fn deployment(&self, deployment: DeploymentId) -> String {
        format!("ecs-svc/{:019}", deployment.0)
    }
}

/// There are fewer of anything that the book has.
fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_called_as_aws_would_call_it() {
        let mut book = Book::new("eu-west-1", "123456789012");
        let service = book.add_service("street", "burger");
        let task = TaskId { serial: 0, index: 0 };
        let origin = Origin::Service { service, deployment: DeploymentId(0) };
        book.place(task, DefinitionId(0), origin, 0x0c0f_fee0, Ipv4Addr::new(127, 9, 9, 9));
        let placed = book.task(task).expect("it has its place");
        assert_eq!(
            book.task_arn(placed),
            "arn:aws:ecs:eu-west-1:123456789012:task/street/0000000000000000000000000c0ffee0"
        );
        assert_eq!(book.owner(task), Some("burger"));
        assert_eq!(
            book.container_arn(placed, 3),
            "arn:aws:ecs:eu-west-1:123456789012:container/street/0000000000000000000000000c0ffee0/00000000-0000-0000-0000-00000c0ffe03"
        );
        assert_eq!(book.holder(Ipv4Addr::new(127, 9, 9, 9)), Some(task));
        assert_eq!(book.by_id("0000000000000000000000000c0ffee0"), Some(task));
        let run = ContainerRun { task, container: 1, run: 2 };
        let id = book.container_id(run).expect("it has its place");
        assert_eq!(id, "0000000000000000000000000c0ffee0-1000000002");
        book.forget(task);
        assert!(book.task(task).is_none());
        assert_eq!(book.holder(Ipv4Addr::new(127, 9, 9, 9)), None);
        assert_eq!(book.by_id("0000000000000000000000000c0ffee0"), None);
    }

    #[test]
    fn who_shares_an_address_is_no_holder_of_it_until_the_one_before_is_over() {
        let mut book = Book::new("eu-west-1", "123456789012");
        let origin = Origin::Run { run: RunId(0) };
        let tasks = [0, 1].map(|index| TaskId { serial: u64::from(index) + 4, index });
        for task in tasks {
            book.place(task, DefinitionId(0), origin, u128::from(task.serial), Ipv4Addr::LOCALHOST);
        }
        assert_eq!(book.holder(Ipv4Addr::LOCALHOST), Some(tasks[0]));
        book.unplace(tasks[0]);
        assert_eq!(book.holder(Ipv4Addr::LOCALHOST), Some(tasks[1]));
        assert!(book.task(tasks[0]).is_some(), "it is still shown");
    }
}
