//! What the timeline's lines about tasks and services are about, by the names that the book has.

use std::collections::BTreeMap;

use lunch_cloud::ecs::{Origin, Record};
use lunch_contract::ecs::{ContainerRun, Names as _, ServiceId, TaskId};

use crate::tasks::Book;
use crate::wire::AboutTask;

/// Whose the tasks are whose places were seen: the book forgets them earlier than the timeline.
#[derive(Debug, Default)]
pub(super) struct Guests {
    services: BTreeMap<TaskId, ServiceId>,
}

impl Guests {
    /// What a record is about, as far as that is known.
    pub(super) fn of(&mut self, record: &Record, book: &Book) -> Option<AboutTask> {
        match record {
            Record::Placed { task, origin } => {
                if let Origin::Service { service, .. } = origin {
                    self.services.insert(*task, *service);
                }
                self.task(*task, book)
            }
            Record::Task { task, reason, .. } => {
                let about = self.task(*task, book)?;
                Some(AboutTask { text: reason.map(|reason| reason.text(book)), ..about })
            }
            Record::Counted { task, .. } => self.task(*task, book),
            Record::Container { run, .. }
            | Record::Exited { run, .. }
            | Record::Health { run, .. } => self.container(*run, book),
            Record::Deployed { service, .. }
            | Record::Rollout { service, .. }
            | Record::DeploymentGone { service, .. }
            | Record::Service { service, .. } => Some(of_service(*service, book)),
            Record::Said { service, message } => {
                let text = Some(message.text(*service, book));
                Some(AboutTask { text, ..of_service(*service, book) })
            }
        }
    }

    /// What a container is called, and whose it is.
    pub(super) fn container(&self, run: ContainerRun, book: &Book) -> Option<AboutTask> {
        let container = book.container(run.task, run.container);
        let container = container.map(|(container, _)| container.name.clone());
        Some(AboutTask { container, ..self.task(run.task, book)? })
    }

    fn task(&self, task: TaskId, book: &Book) -> Option<AboutTask> {
        let by_service = || self.services.get(&task).map(|service| book.service(*service));
        let owner = book.owner(task).map(str::to_owned).or_else(by_service)?;
        let id = book.task(task).map(|placed| placed.id.clone());
        Some(AboutTask { owner, task: id, ..AboutTask::default() })
    }
}

fn of_service(service: ServiceId, book: &Book) -> AboutTask {
    AboutTask { owner: book.service(service), ..AboutTask::default() }
}
