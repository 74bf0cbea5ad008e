//! Services as a template has them: made at the start, and deployed anew when the template, or what their containers run,
//! has changed. Services that others made over the API are left alone.

use lunch_cloud::ecs::{Event, Refusal, ServiceConfig};
use lunch_contract::ecs::{DefinitionId, Names as _, ServiceId, ServiceStatus};

use super::Driver;
use crate::tasks::{self, ServedDefinition, Tasks};
use crate::template::Service;

/// What a deployment changed about a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceDeployment {
    /// The service's name.
    pub service: String,
    /// What became of it.
    pub change: ServiceChange,
}

/// What became of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceChange {
    /// There was none of that name.
    Added {
        /// How many tasks it wants.
        desired: u32,
    },
    /// Its tasks are replaced by ones of another revision, within its minimum and maximum percent.
    Deployed {
        /// That of its task definition.
        revision: u32,
    },
    /// Its tasks stay what they are; it is told how many it wants, and how it moves between revisions.
    Updated {
        /// How many tasks it wants.
        desired: u32,
    },
    /// Its tasks end.
    Removed,
}

/// The service that is refused, and why: a name and a sentence.
type Refused = (String, String);

impl Driver {
    /// Has these services, and no other ones that a template has named before. A task definition that is the same as its
    /// family's newest revision makes none, and a service that is the same is left alone.
    ///
    /// # Errors
    /// The name of what is refused, and why; what came before it has been done.
    pub(crate) fn serve_tasks(&mut self, served: Tasks) -> Result<Vec<ServiceDeployment>, Refused> {
        let Tasks { definitions, services, secrets } = served;
        self.world.secrets = secrets;
        for one in definitions {
            self.have_definition(one)?;
        }
        let mut done = Vec::new();
        let is_kept = |one: &Service| services.iter().any(|other| is_same_name(one, other));
        let before = std::mem::take(&mut self.world.of_template);
        let (before, gone): (Vec<_>, Vec<_>) =
            before.into_iter().partition(|(service, _)| is_kept(service));
        self.world.of_template = before;
        let gone: Vec<_> = gone.into_iter().filter(|(_, id)| self.is_active(*id)).collect();
        for (service, id) in gone {
            let event = Event::DeleteService { service: id, force: true };
            self.tell(event).map_err(|why| refused(&service.name, why))?;
            done.push(ServiceDeployment { service: service.name, change: ServiceChange::Removed });
        }
        for one in services {
            let name = one.name.clone();
            let change = self.have_service(one)?;
            done.extend(change.map(|change| ServiceDeployment { service: name, change }));
        }
        Ok(done)
    }

    fn have_definition(&mut self, one: ServedDefinition) -> Result<(), Refused> {
        let family = one.definition.family.clone();
        let newest = self.world.book.newest(&family);
        let newest = newest.and_then(|id| self.world.book.definition(id));
        if newest.is_some_and(|(newest, _)| newest.is_same(&one)) {
            return Ok(());
        }
        let config = one.config();
        let definition = self.world.book.register(one);
        self.tell(Event::Register { definition, config }).map(drop).map_err(|why| {
            self.world.book.unregister_last();
            refused(&family, why)
        })
    }

    fn have_service(&mut self, one: Service) -> Result<Option<ServiceChange>, Refused> {
        let Some(definition) = self.world.book.newest(&one.family) else {
            return Err(refused(&one.name, Refusal::UnknownDefinition));
        };
        let place = self.world.of_template.iter().position(|(other, _)| is_same_name(other, &one));
        let found = place.map(|place| self.world.of_template.swap_remove(place));
        match found.filter(|(_, id)| self.is_active(*id)) {
            Some((before, id)) => {
                let change = self.update(&before, id, &one, definition);
                let kept = if change.is_ok() { one } else { before };
                self.world.of_template.push((kept, id));
                change
            }
            None => self.create(one, definition).map(Some),
        }
    }

    fn create(&mut self, one: Service, definition: DefinitionId) -> Result<ServiceChange, Refused> {
        let book = &self.world.book;
        let is_taken = |id| book.cluster(id) == one.cluster && book.service(id) == one.name;
        let mut all = self.cloud.ecs().services().map(|view| view.service);
        let is_taken = all.any(|id| is_taken(id) && self.is_active(id));
        drop(all);
        if is_taken {
            return Err((one.name, "somebody made a service of that name by the API".to_owned()));
        }
        let service = self.world.book.add_service(&one.cluster, &one.name);
        let config = tasks::service_config(&one, definition);
        self.tell(Event::CreateService { service, config }).map_err(|why| {
            self.world.book.remove_last_service();
            refused(&one.name, why)
        })?;
        let desired = one.desired;
        self.world.of_template.push((one, service));
        Ok(ServiceChange::Added { desired })
    }

    /// Only what the template changed is changed: whoever scaled a service meanwhile keeps what they have.
    fn update(
        &mut self,
        before: &Service,
        service: ServiceId,
        one: &Service,
        definition: DefinitionId,
    ) -> Result<Option<ServiceChange>, Refused> {
        let Some(view) = self.cloud.ecs().service(service) else { return Ok(None) };
        let is_scaled = before.desired != one.desired;
        let desired = if is_scaled { one.desired } else { view.config.desired };
        let config = ServiceConfig { desired, ..tasks::service_config(one, definition) };
        if config == view.config {
            return Ok(None);
        }
        let is_deployed = definition != view.config.definition;
        self.tell(Event::UpdateService { service, config, force: false })
            .map_err(|why| refused(&one.name, why))?;
        let revision = self.world.book.definition(definition).map_or(0, |(_, revision)| revision);
        Ok(Some(if is_deployed {
            ServiceChange::Deployed { revision }
        } else {
            ServiceChange::Updated { desired }
        }))
    }

    fn is_active(&self, service: ServiceId) -> bool {
        let view = self.cloud.ecs().service(service);
        view.is_some_and(|view| view.status == ServiceStatus::Active)
    }
}

fn is_same_name(one: &Service, other: &Service) -> bool {
    one.name == other.name && one.cluster == other.cluster
}

fn refused(name: &str, why: Refusal) -> Refused {
    (name.to_owned(), tasks::sentence(why).to_owned())
}
