//! ECS: bodies that are mostly JSON still, of calls in any order. Nothing here can be run as a process.

use super::Door;
use super::cloud::against;
use crate::case::Case;
use crate::corpus::corpus;
use crate::exchange::exchange;
use crate::street::echo;

pub(super) const DOOR: Door = Door {
    name: "ecs",
    corpus: || corpus("ecs"),
    words: &[
        "cluster",
        "clusterName",
        "street",
        "family",
        "familyPrefix",
        "kitchen",
        "kitchen:1",
        "taskDefinition",
        "containerDefinitions",
        "containerOverrides",
        "service",
        "serviceName",
        "burger",
        "desiredCount",
        "desiredStatus",
        "\"STOPPED\"",
        "forceNewDeployment",
        "maximumPercent",
        "minimumHealthyPercent",
        "force",
        "count",
        "tasks",
        "reason",
        "startedBy",
        "nextToken",
        "maxResults",
        "arn:aws:ecs:us-east-1:123456789012:cluster/",
        "null",
        "true",
        "-1",
        "4294967296",
        "1e99",
        "[]",
        "{}",
        ":",
        ",",
        "/",
        "\\u0000",
        "\\ud800",
        "\u{2603}",
    ],
    play,
};

const CALLS: [&str; 18] = [
    "CreateCluster",
    "DescribeClusters",
    "DeleteCluster",
    "ListClusters",
    "RegisterTaskDefinition",
    "DeregisterTaskDefinition",
    "DescribeTaskDefinition",
    "ListTaskDefinitions",
    "ListTaskDefinitionFamilies",
    "CreateService",
    "UpdateService",
    "DeleteService",
    "DescribeServices",
    "ListServices",
    "RunTask",
    "StopTask",
    "DescribeTasks",
    "ListTasks",
];
const REQUESTS: usize = 48;

/// So that there is something to ask for.
const BEFORE: [(&str, &str); 3] = [
    ("CreateCluster", r#"{"clusterName": "street"}"#),
    (
        "RegisterTaskDefinition",
        r#"{"family": "kitchen", "containerDefinitions": [{"name": "grill", "image": "grill", "memory": 64}]}"#,
    ),
    (
        "CreateService",
        r#"{"cluster": "street", "serviceName": "burger", "taskDefinition": "kitchen", "desiredCount": 2}"#,
    ),
];

fn play(case: &Case) -> Result<(), String> {
    let own = case.clone();
    against(case, echo(), |address| async move {
        for (call, body) in BEFORE {
            exchange(&address, &request(call, body.as_bytes())).await?;
        }
        for _ in 0..REQUESTS {
            let sent = request(CALLS[own.below(CALLS.len())], &own.text());
            own.gives(&sent);
            for answer in exchange(&address, &sent).await? {
                if !matches!(answer.status, 200 | 400) {
                    return Err(format!("ECS has no status {}", answer.status));
                }
            }
        }
        Ok(())
    })
}

fn request(call: &str, body: &[u8]) -> Vec<u8> {
    let target = format!("AmazonEC2ContainerServiceV20141113.{call}");
    let head = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\nx-amz-target: {target}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
