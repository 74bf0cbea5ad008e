//! A rule each, with what AWS takes and what it refuses.

mod containers;
mod definitions;
mod services;

use super::Container;
use crate::template::tests::{of, sentence};
use crate::template::{Template, TemplateError};

/// A task definition with those properties and those containers' properties, of the first one called `burger`.
fn task(properties: &str, container: &str, more: &str) -> String {
    format!(
        "  BurgerTask: {{Type: AWS::ECS::TaskDefinition, Properties: {{{properties} ContainerDefinitions: [{{Name: burger, Image: burger, Memory: 64, {container}}}{more}]}}}}"
    )
}

const FARGATE: &str = "RequiresCompatibilities: [FARGATE], NetworkMode: awsvpc,";

fn container(container: &str) -> Container {
    let template = of("", &task("", container, "")).expect("a template");
    template.task_definitions[0].containers[0].clone()
}

/// What is said of a container that has those properties.
fn refused(container: &str) -> String {
    sentence("", &task("", container, ""))
}

/// That each of these is refused, with its place and these words.
fn all_refused(rest: impl Fn(&str) -> String, rows: &[(&str, &str)]) {
    for (given, words) in rows {
        let said = sentence("", &rest(given));
        assert!(said.starts_with("line 6, column "), "{given}: {said}");
        assert!(said.contains(words), "{given}: {said}");
    }
}

/// That each of these is taken.
fn all_taken(rest: impl Fn(&str) -> String, all: &[&str]) {
    for given in all {
        if let Err(error) = of("", &rest(given)) {
            panic!("{given}: {error}");
        }
    }
}

fn service(properties: &str) -> Result<Template, TemplateError> {
    of("", &with_service(properties))
}

fn with_service(properties: &str) -> String {
    // First, so that it stands in line 6, as what is refused elsewhere does.
    format!(
        "  Burger: {{Type: AWS::ECS::Service, Properties: {{TaskDefinition: !Ref BurgerTask, {properties}}}}}\n{}",
        task("", "", "")
    )
}
