//! What the machine refuses of a template's services, in sentences.

use lunch_cloud::ecs::{Invalid, Refusal};

/// Why, and what to do.
pub(crate) const fn sentence(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::InvalidDefinition(invalid) => of_definition(invalid),
        Refusal::UnknownDefinition => "there is no such task definition",
        Refusal::DesiredOutOfRange => "AWS lets no service have so many tasks",
        Refusal::ImpossiblePercents => {
            "its minimum and maximum percent are none that AWS takes, or would let no task be replaced"
        }
        Refusal::DefinitionInUse | Refusal::ServiceInUse => "it is there already",
        Refusal::UnknownService => "there is no such service",
        Refusal::ServiceNotActive => "it was deleted",
        Refusal::ScaledAboveZero => "it still wants tasks",
        Refusal::CountOutOfRange => "AWS starts 1 to 10 tasks at once",
        Refusal::OneAtATime => {
            "there is such a task, and its fixed host port lets no other one be beside it"
        }
        Refusal::UnknownTask | Refusal::Gone => "there is no such task",
        Refusal::ShutDown => "the cloud ends",
    }
}

/// Why a container without a process is not started, and what to do.
pub(crate) fn container_only(name: &str) -> String {
    format!(
        "no process stands for the container `{name}`, which can be run as a container only (say what it runs in the \
         template: `Metadata.Lunch.Containers.{name}.Command` of a task definition of the same family)"
    )
}

const fn of_definition(invalid: Invalid) -> &'static str {
    match invalid {
        Invalid::Containers => "it has to have one container to ten",
        Invalid::NoneEssential => "one of its containers has to be essential",
        Invalid::OutOfRange => {
            "a health check, a restart policy or a stop timeout is outside of what AWS takes"
        }
        Invalid::UnknownDependency => "a container depends on one that there is not",
        Invalid::EssentialCompletes => {
            "a container waits for the end of an essential one, with which its task would end"
        }
        Invalid::NoHealthCheck => "a container waits for the health of one without a health check",
        Invalid::Circle => "its containers depend on each other in a circle",
    }
}
