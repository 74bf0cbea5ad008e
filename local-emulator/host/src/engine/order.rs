//! What an engine is told of a container: the task definition in the engine's words.

use lunch_contract::ecs::ContainerRun;
use serde_json::{Map, Value, json};

use super::Owner;
use crate::template::Container;

/// A container to be.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) run: ContainerRun,
    /// Its name in the engine, which no other one has.
    pub(crate) name: String,
    /// `Image`; `None`: only AWS knows it.
    pub(crate) image: Option<String>,
    /// The body of the call that makes it.
    pub(crate) body: Value,
}

/// What a container is known by in the engine, beside its name.
#[derive(Clone, Debug)]
pub(crate) struct Labels {
    pub(crate) owner: Owner,
    pub(crate) task_arn: String,
}

/// Memory's unit in a task definition, in bytes.
const MIB: u64 = 1024 * 1024;

impl Order {
    /// Of a container with that environment, in a task that may have so much memory.
    pub(crate) fn of(
        run: ContainerRun,
        name: String,
        container: &Container,
        task_memory_mib: Option<u32>,
        environment: &[(String, String)],
        labels: &Labels,
    ) -> Self {
        let image = container.image.clone();
        let body = body(container, task_memory_mib, environment, labels);
        Self { run, name, image, body }
    }
}

fn body(
    container: &Container,
    task_memory_mib: Option<u32>,
    environment: &[(String, String)],
    labels: &Labels,
) -> Value {
    let variables: Vec<_> =
        environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut body = json!({
        "Image": container.image,
        "Env": variables,
        "Labels": labels.all(&container.name),
        // ECS asks by the task definition's check only.
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": host(container, task_memory_mib),
    });
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body[name] = value;
        }
    };
    set("Cmd", container.command.as_ref().map(|words| json!(words)));
    set("Entrypoint", container.entry_point.as_ref().map(|words| json!(words)));
    set("User", container.user.as_ref().map(|user| json!(user)));
    set("WorkingDir", container.working_directory.as_ref().map(|folder| json!(folder)));
    body
}

/// How it stands on this machine.
fn host(container: &Container, task_memory_mib: Option<u32>) -> Value {
    let mut host = json!({
        // A bridge would reach neither the door nor the task's own address, which are loopback's.
        "NetworkMode": "host",
        "ReadonlyRootfs": container.read_only_root,
    });
    if let Some(memory_mib) = container.memory_mib.or(task_memory_mib) {
        let bytes = u64::from(memory_mib) * MIB;
        host["Memory"] = json!(bytes);
        // With swap, as much as that: none.
        host["MemorySwap"] = json!(bytes);
    }
    if let Some(mib) = container.memory_reservation_mib {
        host["MemoryReservation"] = json!(u64::from(mib) * MIB);
    }
    // Fewer than two the kernel does not know; nobody is the smallest share.
    if let Some(units) = container.cpu_units.filter(|units| *units >= 2) {
        host["CpuShares"] = json!(units);
    }
    host
}

impl Labels {
    fn all(&self, container: &str) -> Value {
        let mut all = Map::new();
        all.insert("com.amazonaws.ecs.task-arn".to_owned(), json!(self.task_arn));
        all.insert("com.amazonaws.ecs.container-name".to_owned(), json!(container));
        all.extend(self.owner.labels().map(|(name, value)| (name.to_owned(), json!(value))));
        Value::Object(all)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::template::{Options, read};

    /// The first container of a task definition with those lines.
    fn container(test: &str, lines: &str) -> Container {
        let name = format!("lunch-order-{}-{test}.yaml", std::process::id());
        let path = std::env::temp_dir().join(name);
        let text = format!(
            "Resources:\n  Kitchen:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      Memory: 512\n      \
             ContainerDefinitions:\n        - {{Name: grill, Image: burger, {lines}}}\n"
        );
        fs::write(&path, text).expect("the folder for temporary files can be written");
        let options = Options {
            path: path.clone(),
            parameter_overrides: Vec::new(),
            region: "us-east-1".to_owned(),
            account: "123456789012".to_owned(),
            stack_name: None,
        };
        let template = read(&options).expect("it is a template");
        fs::remove_file(path).expect("it is ours");
        template.task_definitions[0].containers[0].clone()
    }

    fn told(container: &Container) -> Value {
        let labels = Labels { owner: Owner::here("/lime".as_ref()), task_arn: "arn:1".to_owned() };
        let environment = [("STREET".to_owned(), "lime=1".to_owned())];
        body(container, Some(512), &environment, &labels)
    }

    #[test]
    fn what_a_task_definition_does_not_say_is_the_images() {
        let told = told(&container("plain", "Essential: true"));
        assert_eq!(told["Image"], "burger");
        assert_eq!(told["Env"], json!(["STREET=lime=1"]));
        assert_eq!(told["HostConfig"]["NetworkMode"], "host");
        assert_eq!(told["HostConfig"]["Memory"], 512 * 1024 * 1024, "the task's");
        assert_eq!(told["Labels"]["com.amazonaws.ecs.task-arn"], "arn:1");
        assert_eq!(told["Labels"]["lunch.project"], "/lime");
        for name in ["Cmd", "Entrypoint", "User", "WorkingDir"] {
            assert!(told.get(name).is_none(), "{name}: {told}");
        }
    }

    #[test]
    fn what_a_task_definition_says_is_told_in_the_engines_words() {
        let lines = "Memory: 64, MemoryReservation: 32, Cpu: 128, Command: [fry, two words], EntryPoint: [/burger], \
                     User: \"7:7\", WorkingDirectory: /kitchen, ReadonlyRootFilesystem: true";
        let told = told(&container("full", lines));
        assert_eq!(told["Cmd"], json!(["fry", "two words"]));
        assert_eq!(told["Entrypoint"], json!(["/burger"]));
        assert_eq!(told["User"], "7:7");
        assert_eq!(told["WorkingDir"], "/kitchen");
        let host = &told["HostConfig"];
        assert_eq!(host["Memory"], 64 * 1024 * 1024, "its own");
        assert_eq!(host["MemorySwap"], host["Memory"]);
        assert_eq!(host["MemoryReservation"], 32 * 1024 * 1024);
        assert_eq!(host["CpuShares"], 128);
        assert_eq!(host["ReadonlyRootfs"], true);
    }
}
