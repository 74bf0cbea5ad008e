//! What holds of containers' processes: under the supervisor, and of whole tasks in a cloud.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use lunch_contract::Exit;
use lunch_contract::ecs::{ContainerRun, TaskId};
use lunch_host::tasks::{ContainerProgram, Secrets, ServedDefinition, Tasks};
use lunch_host::template::{Options, read};
use lunch_host::wire::{LogLine, Ps, PsTask};
use lunch_host::{Config, Folders, Host, Launch, ProcessName, Processes as _, Report, Signal};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::look::{all, holders};
use crate::world::World;

const fn run(container: u8, run: u32) -> ContainerRun {
    ContainerRun { task: TaskId { serial: 0, index: 0 }, container, run }
}

impl World {
    /// Starts a shell for a container, with that script and arguments, in the host's folders.
    fn container(&mut self, run: ContainerRun, script: &str, arguments: &[&str]) -> fs::File {
        let (output, write) = nix::unistd::pipe().expect("there are descriptors");
        let mut environment = self.environment();
        environment.retain(|(name, _)| !name.starts_with("AWS_"));
        let metadata = format!("http://here/v4/{run}");
        environment.push(("ECS_CONTAINER_METADATA_URI_V4".to_owned(), metadata));
        let shell = ["-c", script, "shop"];
        let words = shell.iter().chain(arguments);
        self.sandbox.spawn(Launch {
            process: run.into(),
            program: "/bin/sh".into(),
            arguments: words.map(ToString::to_string).collect(),
            code: self.folder().to_owned(),
            folders: Folders::Host,
            environment,
            output: write,
        });
        output.into()
    }

    async fn container_started(&mut self, expected: ContainerRun) {
        match self.report().await {
            Report::Started { process, .. } if process == ProcessName::Container(expected) => {}
            other => panic!("{expected} starts, and not {other:?}"),
        }
    }

    async fn container_exited(&mut self, expected: ContainerRun) -> Exit {
        match self.report().await {
            Report::Exited { process, exit, .. } if process == ProcessName::Container(expected) => {
                self.forget(process.owner());
                exit
            }
            other => panic!("{expected} ends, and not {other:?}"),
        }
    }
}

pub(crate) async fn a_containers_process_has_its_arguments_and_the_hosts_folders(
    world: &mut World,
) {
    let output = world.container(run(0, 0), "echo \"$1 $2\"; pwd", &["two words", "more"]);
    world.container_started(run(0, 0)).await;
    assert_eq!(world.container_exited(run(0, 0)).await, Exit::Code(0));
    assert_eq!(all(output), format!("two words more\n{}\n", world.folder().display()));
}

pub(crate) async fn two_containers_run_at_once_and_each_ends_with_what_it_left(world: &mut World) {
    // One that leaves its parent's session, and outlives it.
    let script = "setsid sleep 600 & echo up; exec sleep 600";
    let outputs = [run(0, 0), run(1, 0)].map(|one| world.container(one, script, &[]));
    world.container_started(run(0, 0)).await;
    world.container_started(run(1, 0)).await;
    wait_for_survivors(world, 4).await;
    world.sandbox.signal(run(0, 0).into(), Signal::Kill);
    assert_eq!(world.container_exited(run(0, 0)).await, Exit::Signal(9));
    // The other one's live on.
    wait_for_survivors(world, 2).await;
    world.sandbox.signal(run(1, 0).into(), Signal::Terminate);
    assert_eq!(world.container_exited(run(1, 0)).await, Exit::Signal(15));
    assert_eq!(world.survivors(), 0);
    drop(outputs);
}

/// Waits until so many live: one that is turning into another program has no environment to be known by for a moment.
async fn wait_for_survivors(world: &mut World, count: usize) {
    let bound = Instant::now() + Duration::from_secs(20);
    while world.survivors() != count {
        assert!(Instant::now() < bound, "{} of them live, and not {count}", world.survivors());
        world.none().await;
    }
}

/// A template with one service of one container, with these lines of the container's.
fn tasks(folder: &Path, desired: u32, lines: &str, script: &str) -> Tasks {
    let path = folder.join("template.yaml");
    let text = format!(
        "Resources:\n  Kitchen:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      \
         Family: kitchen\n      ContainerDefinitions:\n        - Name: grill\n          Image: grill\n          Memory: 64\n{lines}  \
         Shop:\n    Type: AWS::ECS::Service\n    Properties:\n      ServiceName: burger\n      \
         DesiredCount: {desired}\n      TaskDefinition: !Ref Kitchen\n"
    );
    fs::write(&path, text).expect("the folder is there");
    let options = Options {
        path,
        parameter_overrides: Vec::new(),
        region: "us-east-1".to_owned(),
        account: "123456789012".to_owned(),
        stack_name: None,
    };
    let template = read(&options).expect("it is a template");
    let program = ContainerProgram {
        program: "/bin/sh".into(),
        arguments: vec!["-c".to_owned(), script.to_owned()],
        folder: folder.to_owned(),
        stamp: 0,
    };
    let definition = template.task_definitions[0].clone();
    let definitions = vec![ServedDefinition { definition, programs: vec![Some(program)] }];
    Tasks { definitions, services: template.services, secrets: Secrets::default() }
}

/// A cloud with real processes.
struct Street {
    host: Host,
}

impl Street {
    fn open(sandbox: lunch_host::sandbox::Sandbox, tasks: Tasks) -> Self {
        let config = Config { tasks, ..Config::new(Vec::new()) };
        Self { host: Host::start(config, Box::new(sandbox)).expect("it starts") }
    }

    async fn read(&self, path: &str) -> String {
        self.call("GET", path, "").await
    }

    async fn call(&self, method: &str, path: &str, body: &str) -> String {
        let address = self.host.addresses()[0];
        let mut stream = tokio::net::TcpStream::connect(address).await.expect("it listens");
        let call = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(call.as_bytes()).await.expect("it is heard");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("it is answered");
        answer.split_once("\r\n\r\n").expect("it is HTTP").1.to_owned()
    }

    async fn ps(&self) -> Ps {
        serde_json::from_str(&self.read("/_lunch/ps").await).expect("our own type")
    }

    async fn lines(&self) -> Vec<String> {
        let text = self.read("/_lunch/logs").await;
        let lines = text.lines().map(serde_json::from_str::<LogLine>);
        lines.map(|line| line.expect("our own type").text).collect()
    }

    /// That a task finds itself where its containers are told to look.
    async fn is_told_of_itself(&self, lines: &[String], task: &PsTask) {
        let id = task.arn.rsplit('/').next().expect("an ARN has parts");
        let is_its = |line: &&String| {
            line.starts_with("ECS_CONTAINER_METADATA_URI_V4=") && line.contains(id)
        };
        let line = lines.iter().find(is_its).expect("it is told where");
        let path = &line[line.find("/v4/").expect("it is a URL")..];
        let told = |text: String| serde_json::from_str::<serde_json::Value>(&text).expect("JSON");
        let container = told(self.read(path).await);
        assert_eq!(container["Name"], "grill");
        assert_eq!(container["Networks"][0]["IPv4Addresses"][0], task.address.as_str());
        let whole = told(self.read(&format!("{path}/task")).await);
        assert_eq!(whole["TaskARN"], task.arn.as_str());
        assert_eq!(whole["KnownStatus"], "RUNNING");
        assert_eq!(whole["Containers"][0], container);
        assert_eq!(whole["ServiceName"], "burger");
        assert_eq!(container["Limits"], serde_json::json!({ "Memory": 64 }));
        for name in ["CreatedAt", "StartedAt"] {
            assert!(
                container[name].as_str().is_some_and(|time| time.ends_with('Z')),
                "{container}"
            );
        }
        let arn = container["ContainerARN"].as_str().expect("it has one");
        assert!(arn.starts_with("arn:aws:ecs:us-east-1:123456789012:container/"), "{arn}");
        let stats = told(self.read(&format!("{path}/stats")).await);
        let memory = &stats["memory_stats"];
        assert!(memory["usage"].as_u64().is_some_and(|usage| usage > 0), "{stats}");
        assert!(memory["max_usage"].as_u64() >= memory["usage"].as_u64(), "{stats}");
        assert_eq!(memory["limit"], 64 * 1_048_576);
        let cpu =
            |stats: &serde_json::Value| stats["cpu_stats"]["cpu_usage"]["total_usage"].as_u64();
        assert!(cpu(&stats) > Some(0), "{stats}");
        assert_eq!(stats["pids_stats"]["current"], 2, "the shell and the one that it waits for");
        let all = told(self.read(&format!("{path}/task/stats")).await);
        let same = &all[container["DockerId"].as_str().expect("it has one")];
        assert!(cpu(same) >= cpu(&stats), "{all}");
        assert_eq!(same["precpu_stats"], stats["cpu_stats"], "the look before");
    }

    /// Waits until that holds.
    async fn until(&self, what: &str, holds: impl Fn(&Ps, &[String]) -> bool) -> (Ps, Vec<String>) {
        let bound = Instant::now() + Duration::from_secs(30);
        loop {
            let (ps, lines) = (self.ps().await, self.lines().await);
            if holds(&ps, &lines) {
                return (ps, lines);
            }
            assert!(Instant::now() < bound, "{what}: not in 30 s: {ps:?} {lines:?}");
            tokio::task::yield_now().await;
        }
    }
}

pub(crate) async fn tasks_run_with_an_address_each_and_end_with_the_cloud(world: World) {
    let lines = "          PortMappings: [{ContainerPort: 8080}]\n          \
                 Environment: [{Name: LISTEN, Value: \"0.0.0.0:8080\"}]\n";
    let token = world.token();
    let script = format!(
        "export SANDBOX_TOKEN={token}; trap 'echo closing; exit 0' TERM; env | sort; \
         sleep 600 & while true; do wait; done"
    );
    let folder = world.folder().to_owned();
    let street = Street::open(world.into_sandbox(), tasks(&folder, 2, lines, &script));
    let (ps, lines) = street
        .until("two tasks run", |ps, lines| {
            let running = ps.tasks.iter().filter(|task| task.last_status == "RUNNING").count();
            running == 2 && lines.iter().filter(|line| line.starts_with("SANDBOX")).count() == 2
        })
        .await;
    let addresses: Vec<_> = ps.tasks.iter().map(|task| task.address.clone()).collect();
    assert_ne!(addresses[0], addresses[1]);
    for address in &addresses {
        assert!(lines.contains(&format!("LISTEN={address}:8080")), "{address} of {lines:?}");
    }
    for line in ["AWS_EXECUTION_ENV=AWS_ECS_FARGATE", "AWS_REGION=us-east-1"] {
        assert!(lines.iter().any(|one| one == line), "{line} of {lines:?}");
    }
    assert!(lines.iter().all(|line| !line.starts_with("CARGO")), "nothing is inherited");
    assert_eq!(ps.services[0].running, 2);
    for task in &ps.tasks {
        street.is_told_of_itself(&lines, task).await;
    }
    let began = Instant::now();
    assert_eq!(street.host.shut_down().await, Vec::<String>::new(), "no fault");
    assert!(began.elapsed() < Duration::from_secs(20), "they end by SIGTERM");
    assert_eq!(holders(&token), Vec::<i32>::new());
}

pub(crate) async fn a_task_that_ended_is_replaced_and_its_health_is_asked_for(world: World) {
    let lines = "          HealthCheck: {Command: [CMD-SHELL, \"test $STREET = lime\"], Interval: 5}\n          \
                 Environment: [{Name: STREET, Value: lime}]\n";
    let folder = world.folder().to_owned();
    // The first one ends by itself.
    let script = "echo open; mkdir first 2>/dev/null && exit 7; exec sleep 600";
    let street = Street::open(world.into_sandbox(), tasks(&folder, 1, lines, script));
    let (ps, _) = street
        .until("a second one is healthy", |ps, _| {
            ps.tasks.iter().any(|task| task.health == "HEALTHY")
        })
        .await;
    assert_eq!(ps.tasks.len(), 1);
    assert_eq!(ps.tasks[0].task, "task-0001");
    assert_eq!(street.host.shut_down().await, Vec::<String>::new(), "no fault");
}

pub(crate) async fn a_service_is_scaled_and_a_task_that_was_stopped_is_replaced(world: World) {
    let folder = world.folder().to_owned();
    let street = Street::open(world.into_sandbox(), tasks(&folder, 1, "", "exec sleep 600"));
    let running = |ps: &Ps| {
        let tasks = ps.tasks.iter().filter(|task| task.last_status == "RUNNING");
        tasks.map(|task| task.task.clone()).collect::<Vec<_>>()
    };
    street.until("one runs", |ps, _| running(ps) == ["task-0000"]).await;
    let scale = |service: &str| format!(r#"{{"service": "{service}", "desired": 2}}"#);
    let told = street.call("POST", "/_lunch/scale", &scale("burger")).await;
    assert_eq!(told, r#"{"before":1}"#);
    street.until("two run", |ps, _| running(ps) == ["task-0000", "task-0001"]).await;
    let stop = r#"{"task": "task-0000"}"#;
    let told = street.call("POST", "/_lunch/stop", stop).await;
    assert_eq!(told, r#"{"task":"task-0000","service":"burger"}"#);
    let is_over = |ps: &Ps| ps.tasks.iter().all(|task| task.task != "task-0000");
    let is_replaced = |ps: &Ps| running(ps) == ["task-0001", "task-0002"];
    street.until("it is replaced", |ps, _| is_over(ps) && is_replaced(ps)).await;
    let told = street.call("POST", "/_lunch/stop", stop).await;
    assert!(told.contains("there is no task `task-0000` that is not over"), "{told}");
    let told = street.call("POST", "/_lunch/scale", &scale("tea")).await;
    assert!(told.contains("there is no service `tea`\\n(there is `burger`)"), "{told}");
    assert_eq!(street.host.shut_down().await, Vec::<String>::new(), "no fault");
}

pub(crate) async fn a_container_that_has_had_too_much_memory_is_told_of_once(world: World) {
    let folder = world.folder().to_owned();
    let script = "x=$(head -c 80000000 /dev/zero | tr '\\0' x); echo full; trap 'exit 3' TERM; \
                  sleep 600 & while true; do wait; done";
    let street = Street::open(world.into_sandbox(), tasks(&folder, 1, "", script));
    let is_full = |lines: &[String]| lines.iter().any(|line| line == "full");
    let warned = |lines: &[String]| {
        let lines = lines.iter().filter(|line| line.contains("more than its 64 MiB"));
        lines.count()
    };
    street
        .until("it is full, and that is said", |ps, lines| {
            is_full(lines) && ps.tasks[0].memory_mb > 75 && warned(lines) == 1
        })
        .await;
    let timeline = street.read("/_lunch/timeline").await;
    assert!(timeline.contains(r#""container_memory_exceeded""#), "{timeline}");
    street.call("POST", "/_lunch/scale", r#"{"service": "burger", "desired": 0}"#).await;
    let (ps, lines) = street.until("it is over", |ps, _| ps.tasks.is_empty()).await;
    assert_eq!(warned(&lines), 1, "{lines:?}");
    let over = &ps.stopped_tasks[0];
    assert_eq!((over.last_status.as_str(), over.containers[0].exit_code), ("STOPPED", Some(3)));
    assert!(over.memory_mb > 75, "{over:?}");
    let stopped = over.stopped.as_ref().expect("it is over");
    assert_eq!(stopped.code, "ServiceSchedulerInitiated");
    assert!(stopped.reason.starts_with("Scaling activity initiated by"), "{stopped:?}");
    let said: Vec<_> = ps.services[0].events.iter().map(|(_, text)| text.clone()).collect();
    assert!(said.iter().any(|text| text.contains("has started 1 tasks")), "{said:?}");
    let timeline = street.read("/_lunch/timeline").await;
    let line = timeline.lines().find(|line| line.contains(r#""exited""#)).expect("it is there");
    assert!(
        line.contains(r#""owner":"burger""#) && line.contains(r#""container":"grill""#),
        "{line}"
    );
    assert_eq!(street.host.shut_down().await, Vec::<String>::new(), "no fault");
}

pub(crate) async fn a_secret_without_a_value_is_said_and_one_with_a_value_is_given(world: World) {
    let lines = "          Secrets: [{Name: RECIPE, ValueFrom: \"arn:aws:ssm:us-east-1:123456789012:parameter/r\"}]\n";
    let folder = world.folder().to_owned();
    let mut served = tasks(&folder, 1, lines, "echo \"$RECIPE\"; exec sleep 600");
    if world.is_as_granted() {
        let value = BTreeMap::from([("RECIPE".to_owned(), "two patties".to_owned())]);
        served.secrets = Secrets::new(value);
        let street = Street::open(world.into_sandbox(), served);
        street.until("it has it", |_, lines| lines.iter().any(|line| line == "two patties")).await;
        assert_eq!(street.host.shut_down().await, Vec::<String>::new(), "no fault");
        return;
    }
    let street = Street::open(world.into_sandbox(), served);
    let timeline = street.read("/_lunch/timeline").await;
    assert!(timeline.contains("unable to pull secrets: the secret `RECIPE`"), "{timeline}");
    assert_eq!(street.host.shut_down().await, Vec::<String>::new(), "no fault");
}
