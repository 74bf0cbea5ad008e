//! Task definitions: what holds for all their containers together.

use lunch_contract::ecs::DependencyCondition;

use super::super::{Dependency, Runs};
use super::{FARGATE, all_refused, all_taken, of, refused, sentence, task};

#[test]
fn a_task_has_an_essential_container_and_ten_at_most() {
    let more = |count: usize| -> String {
        (0..count).map(|n| format!(", {{Name: c{n}, Image: i, Memory: 4}}")).collect()
    };
    of("", &task("", "", &more(9))).expect("ten are not too many");
    all_refused(
        |more| task("", "", more),
        &[
            (&more(10), "is 11 containers; it must be 1 to 10 containers"),
            (
                ", {Name: burger, Image: i}",
                "`burger`; it must be a name that no other container of it has",
            ),
            (", {Name: a b, Image: i}", "1 to 255 letters, digits, `-` and `_`"),
            (", {Image: i}", "`ContainerDefinitions.1.Name` of `BurgerTask` is not there"),
            (", {Name: c}", "`ContainerDefinitions.c.Image` of `BurgerTask` is not there"),
            (", c", "`ContainerDefinitions.1` of `BurgerTask` is `c`; it must be a map"),
        ],
    );
    let said = refused("Essential: false");
    assert!(said.contains("none is essential; it must be with at least one that is"), "{said}");
    let none = "  T: {Type: AWS::ECS::TaskDefinition, Properties: {ContainerDefinitions: []}}";
    assert!(sentence("", none).contains("without a container"), "{}", sentence("", none));
    let one = "  T: {Type: AWS::ECS::TaskDefinition, Properties: {ContainerDefinitions: one}}";
    assert!(sentence("", one).contains("is `one`; it must be a list of maps"));
}

#[test]
fn a_container_waits_for_others_that_there_are_and_for_none_in_a_circle() {
    let others = ", {Name: init, Image: i, Memory: 4, Essential: false}, {Name: proxy, Image: i, Memory: 4, HealthCheck: {Command: [CMD, ok]}}";
    let on = |name: &str, condition: &str| {
        format!("DependsOn: [{{ContainerName: {name}, Condition: {condition}}}]")
    };
    let rest = |given: &str| task("", given, others);
    let taken = [
        on("init", "SUCCESS"),
        on("init", "COMPLETE"),
        on("proxy", "HEALTHY"),
        on("proxy", "START"),
    ];
    all_taken(rest, &taken.each_ref().map(String::as_str));
    all_refused(
        rest,
        &[
            (
                &on("till", "START"),
                "is `till`; it must be one of its containers, `burger`, `init`, `proxy`",
            ),
            (&on("burger", "START"), "is `burger` -> `burger`, a circle"),
            (&on("proxy", "SUCCESS"), "`Essential: false` for COMPLETE and SUCCESS"),
            (&on("proxy", "COMPLETE"), "`Essential: false` for COMPLETE and SUCCESS"),
            (&on("init", "HEALTHY"), "a container with a `HealthCheck` for HEALTHY"),
            (&on("init", "LATER"), "is `LATER`; it must be START, COMPLETE, SUCCESS or HEALTHY"),
            (
                "DependsOn: [{ContainerName: init, Other: x}]",
                "Condition` of `BurgerTask` is not there",
            ),
            (
                "DependsOn: [{Condition: START, Other: x}]",
                "ContainerName` of `BurgerTask` is not there",
            ),
        ],
    );
    let one = of("", &rest(&on("init", "SUCCESS"))).expect("a template");
    let dependency =
        Dependency { container: "init".to_owned(), condition: DependencyCondition::Success };
    assert_eq!(one.task_definitions[0].containers[0].depends_on, [dependency]);
    let circle = format!(
        ", {{Name: a, Image: i, Memory: 4, {}}}, {{Name: b, Image: i, Memory: 4, {}}}",
        on("b", "START"),
        on("burger", "START")
    );
    let said = sentence("", &task("", &on("a", "START"), &circle));
    assert!(said.contains("`burger` -> `a` -> `b` -> `burger`, a circle"), "{said}");
}

#[test]
fn fargate_has_its_sizes_and_a_network_of_its_own_for_each_task() {
    let size = |given: &str| task(&format!("{FARGATE} {given},"), "", "");
    all_taken(
        size,
        &[
            "Cpu: 256, Memory: 512",
            "Cpu: '0.25 vCPU', Memory: '2 GB'",
            "Cpu: 16384, Memory: 122880",
            "Cpu: !ImportValue x, Memory: 700",
            "Cpu: 256, Memory: !ImportValue x",
        ],
    );
    all_refused(
        size,
        &[
            (
                "Cpu: 300, Memory: 512",
                "is `300`; it must be one of 256, 512, 1024, 2048, 4096, 8192, 16384, the CPU units that Fargate has",
            ),
            ("Memory: 512", "`Cpu` of `BurgerTask` is not there"),
            ("Cpu: 256", "`Memory` of `BurgerTask` is not there"),
            (
                "Cpu: 256, Memory: 4096",
                "must be 512, 1024 or 2048 MiB, as Fargate has it with 256 CPU units",
            ),
            (
                "Cpu: 8192, Memory: 17408",
                "must be 16384 to 61440 by 4096 MiB, as Fargate has it with 8192",
            ),
            (
                "Cpu: much, Memory: 512",
                "a number of CPU units such as `256`, or of vCPUs such as `0.25 vCPU`",
            ),
            ("Cpu: 256, Memory: much", "a number of MiB such as `512`, or of GB such as `0.5 GB`"),
        ],
    );
    all_refused(
        |mode| {
            task(
                &format!("RequiresCompatibilities: [FARGATE], Cpu: 256, Memory: 512, {mode}"),
                "",
                "",
            )
        },
        &[
            (
                "NetworkMode: bridge,",
                "is `bridge`; it must be `awsvpc`, the only one that Fargate has",
            ),
            ("NetworkMode: wire,", "is `wire`; it must be one of awsvpc, bridge, host, none"),
            ("", "`NetworkMode` of `BurgerTask` is not there"),
        ],
    );
    let said = sentence("", &task("RequiresCompatibilities: [MOON],", "", ""));
    assert!(said.contains("one of FARGATE, EC2, EXTERNAL, MANAGED_INSTANCES"), "{said}");
    // Elsewhere there are machines of any size.
    of("", &task("RequiresCompatibilities: [EC2], Cpu: 300, Memory: 700,", "", ""))
        .expect("a template");
}

#[test]
fn containers_reserve_no_more_memory_than_their_task_has() {
    let more = |memory: &str| format!(", {{Name: b, Image: i, {memory}}}");
    let rest = |memory: &str| task("Memory: 512,", "", &more(memory));
    all_taken(rest, &["Memory: 448", "Memory: 512, MemoryReservation: 448", "Essential: true"]);
    all_refused(
        rest,
        &[
            (
                "Memory: 449",
                "is `512`; it must be at least the 513 MiB that its containers reserve together",
            ),
            ("Memory: 513", "is `513`; it must be at most the task's `Memory`, 512"),
            ("Memory: 4, MemoryReservation: 5", "is `5`; it must be at most its `Memory`, 4"),
            ("Memory: none", "a whole number from 1"),
        ],
    );
    let said = sentence("", &task("", "", &more("Cpu: 10")));
    assert!(said.contains("`ContainerDefinitions.b.Memory` of `BurgerTask` is not there; it must be there, or `MemoryReservation`"), "{said}");
}

#[test]
fn what_only_aws_knows_of_a_task_is_left_out_and_said() {
    let given = "Image: !ImportValue i, Command: [!ImportValue c], User: !ImportValue u, Environment: [{Name: A, Value: !ImportValue a}, {Name: B, Value: !If [No, x, !Ref AWS::NoValue]}, !If [No, {Name: C, Value: x}, !Ref AWS::NoValue]], Secrets: [{Name: S, ValueFrom: !ImportValue s}], LogConfiguration: {LogDriver: awslogs, Options: {awslogs-group: !ImportValue g, awslogs-region: !Ref AWS::Region}}";
    let conditions = "Conditions: {No: !Equals [a, b]}";
    let rest = format!("{}\n{conditions}", task("Cpu: !ImportValue c,", given, ""));
    let template = of("", &rest.replace("Image: burger, ", "")).expect("a template");
    let task = &template.task_definitions[0];
    let burger = &task.containers[0];
    assert_eq!(
        (task.cpu_units, &burger.image, &burger.command, &burger.user),
        (None, &None, &None, &None)
    );
    assert_eq!((burger.variables.len(), burger.left_out.len()), (0, 1));
    assert_eq!(burger.secrets["S"], None);
    let log = burger.log.as_ref().expect("it is there");
    assert_eq!(log.options.keys().collect::<Vec<_>>(), ["awslogs-region"]);
    let said = template.not_served.join("\n");
    for path in ["Image", "Command", "User", "LogConfiguration.Options.awslogs-group"] {
        assert!(
            said.contains(&format!(
                "`ContainerDefinitions.burger.{path}` of `BurgerTask` is left out"
            )),
            "{path}: {said}"
        );
    }
    assert!(
        said.contains("variable `A` of container `burger` of `BurgerTask` is left out: "),
        "{said}"
    );
    assert!(said.contains("ValueFrom` of `BurgerTask` is left out"), "{said}");
}

#[test]
fn a_process_runs_what_the_metadata_says_or_the_containers_binary() {
    let with = |metadata: &str| {
        let task = task("", "", ", {Name: side, Image: i, Memory: 4}");
        task.replace(
            "TaskDefinition, ",
            &format!("TaskDefinition, Metadata: {{Lunch: {metadata}}}, "),
        )
    };
    let template = of("", &with("{Containers: {burger: {Command: [./run, '--fast']}}}"));
    let containers = &template.expect("a template").task_definitions[0].containers;
    assert_eq!(containers[0].runs, Runs::Command(vec!["./run".to_owned(), "--fast".to_owned()]));
    assert_eq!(containers[1].runs, Runs::Binary("side".to_owned()));
    all_refused(
        with,
        &[
            (
                "{Containers: {salad: {Command: [x]}}}",
                "with `salad` in it; it must be of the task definition's containers only, `burger`, `side`",
            ),
            (
                "{Containers: {burger: {Comand: [x]}}}",
                "`Metadata.Lunch.Containers.burger.Command` of `BurgerTask` is not there",
            ),
            ("{Containers: {burger: {Command: []}}}", "a list of texts, the program first"),
            ("{Containers: {burger: {Command: x}}}", "a list of texts, the program first"),
            ("{Containers: {burger: {Command: ['']}}}", "a list of texts, the program first"),
            ("{Containers: {burger: {Command: [[x]]}}}", "a list of texts, the program first"),
            ("{Containers: [burger]}", "is no map"),
        ],
    );
}
