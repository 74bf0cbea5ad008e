//! A template's ECS services in `lunch check`: what each container would run, and with which variables.

use std::fmt::Write as _;

use lunch_host::template::{Container, Runs, Service, TaskDefinition, Template};

use super::on_one_line;
use crate::summary::{plain_table, right_align};

pub(super) fn write(text: &mut String, template: &Template) -> std::fmt::Result {
    if !template.services.is_empty() {
        writeln!(text, "\n{}", table(template).trim_fmt())?;
    }
    let with_variables = |definition: &&TaskDefinition| {
        template.services.iter().any(|service| service.family == definition.family)
    };
    for definition in template.task_definitions.iter().filter(with_variables) {
        for container in &definition.containers {
            variables(text, definition, container)?;
        }
    }
    Ok(())
}

/// One row for each container; a service is named in its first one.
fn table(template: &Template) -> comfy_table::Table {
    let mut table = plain_table();
    table.set_header([
        "SERVICE",
        "LOGICAL ID",
        "DESIRED",
        "TASK DEFINITION",
        "CONTAINER",
        "WOULD RUN",
    ]);
    for service in &template.services {
        let Service { name, logical_id, desired, family, .. } = service;
        let definition = template.task_definitions.iter().find(|one| one.family == *family);
        let mut named = [name.clone(), logical_id.clone(), desired.to_string(), family.clone()];
        for container in definition.map_or(&[][..], |definition| &definition.containers) {
            let [name, id, desired, family] = std::mem::take(&mut named);
            table.add_row([
                name,
                id,
                desired,
                family,
                container.name.clone(),
                runs(&container.runs),
            ]);
        }
    }
    right_align(&mut table, 2..3);
    table
}

/// What a process that stands for a container would run, in words.
fn runs(runs: &Runs) -> String {
    match runs {
        Runs::Command(words) => {
            let words = words.iter().map(|word| on_one_line(word)).collect::<Vec<_>>();
            format!("`{}`", words.join(" "))
        }
        Runs::Binary(name) => {
            format!("the Rust binary `{name}`, else only as a container")
        }
    }
}

fn variables(
    text: &mut String,
    definition: &TaskDefinition,
    container: &Container,
) -> std::fmt::Result {
    if container.variables.is_empty() && container.secrets.is_empty() {
        return Ok(());
    }
    writeln!(text, "\nvariables of container {} of {}:", container.name, definition.family)?;
    for (name, value) in &container.variables {
        writeln!(text, "  {name}={}", on_one_line(value))?;
    }
    for (name, value_from) in &container.secrets {
        let value_from =
            value_from.as_deref().map_or_else(|| "where only AWS knows".to_owned(), on_one_line);
        writeln!(text, "  {name}: a secret, on AWS from {value_from}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use lunch_host::Listen;

    use super::super::tests::{PORT, asked};
    use super::super::{Plan, in_use};

    #[test]
    fn services_are_shown_with_what_each_container_would_run_and_its_variables() {
        let asked = asked(&[
            "--template",
            "../host/tests/templates/services.yaml",
            "--stack-name",
            "street",
        ]);
        let plan = Plan::read(&asked.cloud, Listen::loopback(0)).expect("it is right");
        let template = in_use(plan.template, &plan.config.environment, PORT);
        let mut shown = String::new();
        super::write(&mut shown, &template).expect("a string takes all");
        insta::assert_snapshot!(shown);
    }
}
