//! boto3 and ECS, each answer held against the service model, and the AWS CLI; what boto3 calls and expects stands in
//! `tasks.py`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use lunch_tests::{Cloud, Folder, workspace};
use serde_json::Value;

use super::{command, run};

/// A cloud whose one service has one container, and the folder of its template.
fn street() -> (Cloud, Folder) {
    let folder = Folder::make();
    let script = "#!/bin/sh\n[ \"$1\" = --exit ] && exit \"$2\"\necho \"serving $* in $STREET\"\n\
                  trap 'exit 0' TERM\nsleep 600 & wait\n";
    let script = folder.write("serve.sh", script);
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let template = folder.write(
        "template.yaml",
        r#"
Resources:
  Street: {Type: AWS::ECS::Cluster, Properties: {ClusterName: street}}
  Kitchen:
    Type: AWS::ECS::TaskDefinition
    Metadata: {Lunch: {Containers: {grill: {Command: [./serve.sh, --slowly]}}}}
    Properties:
      Family: kitchen
      Cpu: "256"
      Memory: "512"
      ContainerDefinitions:
        - Name: grill
          Image: grill
          PortMappings: [{ContainerPort: 8080}]
          Environment: [{Name: LISTEN, Value: "0.0.0.0:8080"}, {Name: STREET, Value: lime}]
  Burger:
    Type: AWS::ECS::Service
    Properties: {ServiceName: burger, Cluster: street, TaskDefinition: !Ref Kitchen}
"#,
    );
    (Cloud::builder().template(template).argument("--no-build").start(), folder)
}

/// Runs one function of the script.
#[track_caller]
fn calls(name: &str) {
    let script = workspace().join("tests/clients/tasks.py");
    let (cloud, _folder) = street();
    let (code, _, said) = run(command("python", &cloud).arg(&script).arg(name));
    assert_eq!(code, Some(0), "{name}: {said}");
}

#[test]
fn boto3_leads_a_service_through_its_life() {
    calls("a_whole_life");
}

#[test]
fn boto3_runs_a_task_and_is_told_of_its_end() {
    calls("a_task_and_its_end");
}

#[test]
fn boto3_is_told_of_what_can_be_run_as_a_container_only() {
    calls("what_is_run_as_a_container_only");
}

#[test]
fn boto3_is_refused_with_awss_own_errors_of_ecs() {
    calls("what_is_refused");
}

#[test]
fn every_member_of_the_model_that_ecs_does_not_take_is_refused_by_its_name() {
    calls("what_is_not_emulated");
}

/// `aws ecs COMMAND ...`: what it printed.
#[track_caller]
fn aws(cloud: &Cloud, arguments: &str) -> Value {
    let words = arguments.split_whitespace();
    let (code, out, said) = run(command("aws", cloud).arg("ecs").args(words));
    assert_eq!(code, Some(0), "aws ecs {arguments}: {said}");
    serde_json::from_str(&out).unwrap_or_default()
}

#[test]
fn the_aws_cli_leads_a_cluster_through_its_life() {
    let (cloud, _folder) = street();
    let aws = |arguments: &str| aws(&cloud, arguments);
    aws("create-cluster --cluster-name alley");
    let container = r#"[{"name":"grill","image":"grill","memory":64}]"#;
    let made = aws(&format!(
        "register-task-definition --family kitchen --container-definitions {container}"
    ));
    assert_eq!(made["taskDefinition"]["revision"], 2);
    aws(
        "create-service --cluster alley --service-name burger --task-definition kitchen:2 --desired-count 1",
    );
    aws("wait services-stable --cluster alley --services burger");
    let told = aws("update-service --cluster alley --service burger --desired-count 2");
    assert_eq!(told["service"]["desiredCount"], 2);
    let ran = aws("run-task --cluster alley --task-definition kitchen --started-by me");
    let task = ran["tasks"][0]["taskArn"].as_str().expect("it is there").to_owned();
    aws(&format!("wait tasks-running --cluster alley --tasks {task}"));
    aws(&format!("stop-task --cluster alley --task {task} --reason closing"));
    aws(&format!("wait tasks-stopped --cluster alley --tasks {task}"));
    let told = aws(&format!("describe-tasks --cluster alley --tasks {task}"));
    assert_eq!(told["tasks"][0]["stoppedReason"], "closing");
    let told = aws("describe-services --cluster alley --services burger");
    assert_eq!(told["services"][0]["runningCount"], 2);
    let clusters = aws("list-clusters");
    assert_eq!(clusters["clusterArns"].as_array().map(Vec::len), Some(3), "{clusters}");
    let told = aws("delete-service --cluster alley --service burger --force");
    assert_eq!(told["service"]["status"], "DRAINING");
    aws("wait services-inactive --cluster alley --services burger");
    let told = aws("delete-cluster --cluster alley");
    assert_eq!(told["cluster"]["status"], "INACTIVE");
    let arguments = ["describe-task-definition", "--task-definition", "nobody"];
    let (code, _, said) = run(command("aws", &cloud).arg("ecs").args(arguments));
    // 254 of version 2, 255 of version 1.
    assert!(matches!(code, Some(254 | 255)), "{code:?}: {said}");
    assert!(said.contains("(ClientException)"), "{said}");
}
