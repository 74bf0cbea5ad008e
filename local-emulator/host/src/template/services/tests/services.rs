//! Services, and what refers to them.

use lunch_contract::ecs::Percents;

use super::{all_refused, all_taken, of, sentence, service, with_service};

#[test]
fn a_service_has_awss_defaults() {
    let template = service("").expect("a template");
    let burger = &template.services[0];
    assert_eq!((burger.name.as_str(), burger.cluster.as_str()), ("lunch-Burger", "default"));
    assert_eq!((burger.family.as_str(), burger.desired), ("lunch-BurgerTask", 1));
    assert_eq!((burger.percents, burger.breaker), (Percents::default(), None));
}

#[test]
fn a_services_counts_stay_within_awss_bounds() {
    all_refused(
        with_service,
        &[
            ("DesiredCount: 5001", "from 0 to 5000"),
            ("DesiredCount: -1", "from 0 to 5000"),
            ("DeploymentConfiguration: {MaximumPercent: 99}", "from 100 to 200"),
            (
                "DeploymentConfiguration: {MaximumPercent: 100}",
                "no deployment could stop a task or start one",
            ),
            (
                "DeploymentConfiguration: {DeploymentCircuitBreaker: {Rollback: true}}",
                "Enable` of `Burger` is not there",
            ),
            ("DeploymentConfiguration: {DeploymentCircuitBreaker: on}", "it must be a map"),
            ("LaunchType: ROCKET", "one of FARGATE, EC2, EXTERNAL"),
            ("ServiceName: a b", "1 to 255 letters"),
            ("Cluster: a b", "1 to 255 letters"),
        ],
    );
    all_taken(
        with_service,
        &[
            "DesiredCount: 5000",
            "DesiredCount: 0",
            "DeploymentConfiguration: {MaximumPercent: 100, MinimumHealthyPercent: 0}",
        ],
    );
    let said = sentence("", "  S: {Type: AWS::ECS::Service, Properties: {DesiredCount: 1}}");
    assert!(said.contains("`TaskDefinition` of `S` is not there"), "{said}");
}

#[test]
fn a_service_whose_task_definition_is_elsewhere_is_said() {
    for (definition, words) in [
        ("theirs", "the task definition `theirs` is not in this template"),
        ("lunch-BurgerTask:7", "the task definition `lunch-BurgerTask:7` is not in this template"),
        (
            "!ImportValue theirs",
            "`TaskDefinition` of `Burger` is left out: `Fn::ImportValue` is only",
        ),
    ] {
        let template = service(&format!("TaskDefinition: {definition}")).expect("a template");
        assert_eq!(template.services, []);
        let said = template.not_served.join("\n");
        assert!(said.contains(words), "{said}");
        assert!(
            said.contains("`lunch-BurgerTask` (`BurgerTask`): no service of this template runs it"),
            "{said}"
        );
    }
    for definition in
        ["lunch-BurgerTask", "lunch-BurgerTask:1", "!GetAtt BurgerTask.TaskDefinitionArn"]
    {
        let template = service(&format!("TaskDefinition: {definition}")).expect("a template");
        assert_eq!(template.services[0].family, "lunch-BurgerTask");
    }
}

#[test]
fn names_that_two_have_are_refused() {
    let twice = |kind: &str, name: &str, more: &str| {
        let one = |id: &str| {
            format!("  {id}: {{Type: AWS::ECS::{kind}, Properties: {{{name}: same{more}}}}}\n")
        };
        sentence("", &format!("{}{}", one("One"), one("Two")))
    };
    let containers = ", ContainerDefinitions: [{Name: a, Image: i, Memory: 4}]";
    for said in [
        twice("Cluster", "ClusterName", ""),
        twice("TaskDefinition", "Family", containers),
        twice("Service", "ServiceName", ", TaskDefinition: x"),
    ] {
        assert!(said.contains("`One` and `Two` are both named `same`"), "{said}");
    }
    let apart = "  One: {Type: AWS::ECS::Service, Properties: {ServiceName: same, Cluster: a, TaskDefinition: x}}\n  Two: {Type: AWS::ECS::Service, Properties: {ServiceName: same, Cluster: b, TaskDefinition: x}}";
    of("", apart).expect("they are in two clusters");
}

#[test]
fn a_rollback_is_read_and_said_not_to_be_emulated() {
    let breaker = |enable: bool| {
        let breaker = format!("{{Enable: {enable}, Rollback: true}}");
        service(&format!("DeploymentConfiguration: {{DeploymentCircuitBreaker: {breaker}}}"))
            .expect("a template")
    };
    let template = breaker(true);
    assert!(template.services[0].breaker.expect("it is there").rollback);
    let said = template.not_served.join("\n");
    assert!(
        said.contains("Rollback` of `Burger`: not emulated: a deployment that fails is ended"),
        "{said}"
    );
    assert_eq!(breaker(false).services[0].breaker, None);
    assert_eq!(breaker(false).not_served, [""; 0]);
}

#[test]
fn scaling_of_a_service_is_named_and_that_of_others_is_without_effect() {
    let rest = "  Target: {Type: AWS::ApplicationAutoScaling::ScalableTarget, Properties: {ServiceNamespace: ecs}}\n  Policy: {Type: AWS::ApplicationAutoScaling::ScalingPolicy, Properties: {ScalingTargetId: !Ref Target}}\n  Own: {Type: AWS::ApplicationAutoScaling::ScalingPolicy, Properties: {ServiceNamespace: !Sub ecs}}\n  Table: {Type: AWS::ApplicationAutoScaling::ScalableTarget, Properties: {ServiceNamespace: dynamodb}}\n  OfTable: {Type: AWS::ApplicationAutoScaling::ScalingPolicy, Properties: {ScalingTargetId: !Ref Table}}";
    let said = of("", rest).expect("a template").not_served;
    for (said, id) in said.iter().zip(["Target", "Policy", "Own"]) {
        assert!(said.contains(&format!("`{id}` (`AWS::ApplicationAutoScaling::Scal")), "{said}");
        assert!(said.contains("not emulated: its service keeps as many tasks"), "{said}");
    }
    let [_, _, _, target, policy] = said.as_slice() else { panic!("{said:?}") };
    assert!(target.contains("without effect here: `Table`"), "{target}");
    assert!(policy.contains("without effect here: `OfTable`"), "{policy}");
}

#[test]
fn what_refers_to_a_service_has_awss_shape() {
    let variables = "Environment: {Variables: {CLUSTER: !Ref Street, CLUSTER_ARN: !GetAtt Street.Arn, TASK: !Ref BurgerTask, TASK_ARN: !GetAtt BurgerTask.TaskDefinitionArn, SERVICE: !Ref Burger, NAME: !GetAtt Burger.Name, SERVICE_ARN: !GetAtt Burger.ServiceArn}}";
    let rest = format!(
        "  Street: {{Type: AWS::ECS::Cluster}}\n{}",
        with_service("Cluster: !GetAtt Street.Arn")
    );
    let template = of(variables, &rest).expect("a template");
    let has = &template.functions[0].variables;
    let arn = |rest: &str| format!("arn:aws:ecs:eu-central-2:123456789012:{rest}");
    assert_eq!((has["CLUSTER"].as_str(), has["NAME"].as_str()), ("lunch-Street", "lunch-Burger"));
    assert_eq!(has["CLUSTER_ARN"], arn("cluster/lunch-Street"));
    assert_eq!(has["TASK"], arn("task-definition/lunch-BurgerTask:1"));
    assert_eq!(has["TASK_ARN"], has["TASK"]);
    assert_eq!(has["SERVICE"], arn("service/lunch-Street/lunch-Burger"));
    assert_eq!(has["SERVICE_ARN"], has["SERVICE"]);
    assert_eq!(template.services[0].cluster, "lunch-Street");
    assert_eq!(template.placeholders, Vec::<String>::new());
    let default = of("Environment: {Variables: {SERVICE: !Ref Burger}}", &with_service(""))
        .expect("a template");
    assert_eq!(default.functions[0].variables["SERVICE"], arn("service/default/lunch-Burger"));
}
