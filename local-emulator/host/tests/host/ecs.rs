//! ECS at the door: calls in JSON 1.1.

use serde_json::{Value, json};

use crate::kitchen::with_street;

fn error(name: &str, text: &str) -> (String, String) {
    (name.to_owned(), text.to_owned())
}

#[test]
fn a_cluster_is_created_described_listed_and_deleted() {
    with_street("clusters", |mut ecs| async move {
        for name in ["alley", "alley", "square"] {
            let made = ecs.told("CreateCluster", json!({ "clusterName": name })).await;
            assert_eq!(made["cluster"]["status"], "ACTIVE");
        }
        let arn = |name: &str| format!("arn:aws:ecs:us-east-1:123456789012:cluster/{name}");
        let first = ecs.told("ListClusters", json!({ "maxResults": 2 })).await;
        assert_eq!(first["clusterArns"], json!([arn("alley"), arn("default")]));
        let next = json!({ "maxResults": 2, "nextToken": first["nextToken"] });
        let second = ecs.told("ListClusters", next).await;
        assert_eq!(second, json!({ "clusterArns": [arn("square"), arn("street")] }));
        let full = ecs.refused("DeleteCluster", json!({ "cluster": "street" })).await;
        let text = "The Cluster cannot be deleted while Services are active.";
        assert_eq!(full, error("ClusterContainsServicesException", text));
        let gone = ecs.told("DeleteCluster", json!({ "cluster": arn("alley") })).await;
        assert_eq!(gone["cluster"]["status"], "INACTIVE");
        let asked =
            json!({ "clusters": ["alley", arn("street"), "nowhere"], "include": ["STATISTICS"] });
        let told = ecs.told("DescribeClusters", asked).await;
        let statuses: Vec<_> = told["clusters"].as_array().into_iter().flatten().collect();
        let statuses: Vec<_> = statuses.iter().map(|one| one["status"].clone()).collect();
        assert_eq!(statuses, ["INACTIVE", "ACTIVE"]);
        assert_eq!(told["clusters"][1]["activeServicesCount"], 1);
        assert_eq!(told["failures"], json!([{ "arn": arn("nowhere"), "reason": "MISSING" }]));
        let gone = ecs.refused("DeleteCluster", json!({ "cluster": "alley" })).await;
        assert_eq!(gone, error("ClusterNotFoundException", "Cluster not found."));
    });
}

#[test]
fn a_task_definition_has_revisions_and_is_shown_with_awss_defaults() {
    with_street("definitions", |mut ecs| async move {
        let of = |named: &str| json!({ "taskDefinition": named });
        // The template's.
        let first = ecs.told("DescribeTaskDefinition", of("kitchen")).await;
        assert_eq!(first["taskDefinition"]["revision"], 1);
        let container = &first["taskDefinition"]["containerDefinitions"][0];
        assert_eq!(container["environment"][0]["name"], "LISTEN");
        let given = json!({
            "family": "kitchen", "networkMode": "awsvpc", "cpu": "256", "memory": "0.5 GB",
            "requiresCompatibilities": ["FARGATE"], "taskRoleArn": "arn:aws:iam::123456789012:role/cook",
            "volumes": [],
            "containerDefinitions": [{ "name": "grill", "image": "grill", "portMappings": [{ "containerPort": 80 }] }],
        });
        let second = ecs.told("RegisterTaskDefinition", given).await["taskDefinition"].clone();
        assert_eq!(second["revision"], 2);
        assert_eq!(second["status"], "ACTIVE");
        assert_eq!(second["taskRoleArn"], "arn:aws:iam::123456789012:role/cook");
        let container = &second["containerDefinitions"][0];
        assert_eq!(container["essential"], true);
        assert_eq!(
            container["portMappings"],
            json!([{ "containerPort": 80, "hostPort": 80, "protocol": "tcp" }])
        );
        assert!(second["registeredAt"].as_f64().expect("a time") > 1.6e9);
        ecs.register("counter", "till").await;
        let arn =
            |named: &str| format!("arn:aws:ecs:us-east-1:123456789012:task-definition/{named}");
        let listed = ecs.told("ListTaskDefinitions", json!({ "sort": "DESC" })).await;
        let all = json!([arn("kitchen:2"), arn("kitchen:1"), arn("counter:1")]);
        assert_eq!(listed["taskDefinitionArns"], all);
        let gone = ecs.told("DeregisterTaskDefinition", of(&arn("kitchen:2"))).await;
        assert_eq!(gone["taskDefinition"]["status"], "INACTIVE");
        let newest = ecs.told("DescribeTaskDefinition", of("kitchen")).await;
        assert_eq!(newest["taskDefinition"]["revision"], 1, "the newest that is ACTIVE");
        let inactive = json!({ "status": "INACTIVE", "familyPrefix": "kitchen" });
        let listed = ecs.told("ListTaskDefinitions", inactive).await;
        assert_eq!(listed["taskDefinitionArns"], json!([arn("kitchen:2")]));
        let families = ecs.told("ListTaskDefinitionFamilies", json!({ "familyPrefix": "k" })).await;
        assert_eq!(families["families"], json!(["kitchen"]));
        let refused = ecs.refused("RunTask", of("kitchen:2")).await;
        assert_eq!(refused, error("InvalidParameterException", "TaskDefinition is inactive"));
        let refused = ecs.refused("DescribeTaskDefinition", of("kitchen:9")).await;
        assert_eq!(refused, error("ClientException", "Unable to describe task definition."));
    });
}

#[test]
fn a_task_definition_that_aws_would_not_register_is_refused_by_the_call() {
    with_street("refused_definitions", |mut ecs| async move {
        let fine = || json!({ "name": "a", "image": "i", "memory": 64 });
        let with = |member: &str, value: Value| {
            let mut container = fine();
            container[member] = value;
            json!({ "family": "f", "containerDefinitions": [container] })
        };
        for (given, text) in [
            (
                json!({ "family": "a b", "containerDefinitions": [fine()] }),
                "family contains invalid characters",
            ),
            (
                json!({ "family": "f", "containerDefinitions": [] }),
                "it has to have one container to ten",
            ),
            (with("name", json!("")), "Container.name should not be null or empty."),
            (with("image", Value::Null), "Container.image should not be null or empty."),
            (with("memory", Value::Null), "At least one of 'memory' or 'memoryReservation'"),
            (with("essential", json!(false)), "one of its containers has to be essential"),
            (with("stopTimeout", json!(121)), "stop timeout is outside"),
            (
                with("mountPoints", json!([{ "sourceVolume": "v" }])),
                "`a.mountPoints` is not emulated",
            ),
            (
                with("environment", json!([{ "name": "A=B", "value": "" }])),
                "Environment variable `A=B`",
            ),
            (with("healthCheck", json!({ "command": ["true"] })), "has to begin with `CMD`"),
            (
                with("dependsOn", json!([{ "containerName": "b", "condition": "START" }])),
                "depends on `b`",
            ),
            (
                with("dependsOn", json!([{ "containerName": "a", "condition": "START" }])),
                "in a circle",
            ),
            (
                json!({ "family": "f", "requiresCompatibilities": ["FARGATE"], "containerDefinitions": [fine()] }),
                "Fargate only supports network mode",
            ),
            (
                json!({ "family": "f", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "4096", "containerDefinitions": [fine()] }),
                "No Fargate configuration exists for given values: 256 CPU, 4096 memory.",
            ),
            (
                json!({ "family": "f", "tags": [{ "key": "k" }], "containerDefinitions": [fine()] }),
                "`tags` is not emulated",
            ),
        ] {
            let (name, message) = ecs.refused("RegisterTaskDefinition", given).await;
            assert!(name == "ClientException" || name == "InvalidParameterException", "{name}");
            assert!(message.contains(text), "{message} has no `{text}`");
        }
        // What was refused has never been.
        assert_eq!(ecs.register("f", "a").await["revision"], 1);
        let (name, _) = ecs.refused("RegisterTaskDefinition", json!({ "family": 5 })).await;
        assert_eq!(name, "SerializationException");
    });
}

#[test]
fn a_service_is_created_updated_described_and_deleted_by_calls() {
    with_street("services", |mut ecs| async move {
        let given = json!({
            "cluster": "street", "serviceName": "shop", "taskDefinition": "kitchen", "desiredCount": 2,
            "launchType": "FARGATE", "networkConfiguration": { "awsvpcConfiguration": { "subnets": ["s"] } },
            "deploymentConfiguration": {
                "maximumPercent": 150, "deploymentCircuitBreaker": { "enable": true, "rollback": false },
            },
        });
        let made = ecs.told("CreateService", given.clone()).await["service"].clone();
        assert_eq!(made["status"], "ACTIVE");
        assert_eq!(made["deployments"][0]["rolloutState"], "IN_PROGRESS");
        assert_eq!(made["networkConfiguration"]["awsvpcConfiguration"]["subnets"], json!(["s"]));
        let again = ecs.refused("CreateService", given).await;
        let text = "Creation of service was not idempotent.";
        assert_eq!(again, error("InvalidParameterException", text));
        let asked = json!({ "cluster": "street", "services": ["shop", "nobody"] });
        let is_stable =
            |told: &Value| told["services"][0]["deployments"][0]["rolloutState"] == "COMPLETED";
        let told = ecs.until("DescribeServices", asked.clone(), is_stable).await;
        assert_eq!(told["failures"][0]["reason"], "MISSING");
        let shop = &told["services"][0];
        assert_eq!(shop["runningCount"], 2);
        assert_eq!(shop["events"][0]["message"], "(service shop) has reached a steady state.");
        assert_eq!(shop["deploymentConfiguration"]["maximumPercent"], 150);
        assert_eq!(shop["deploymentConfiguration"]["minimumHealthyPercent"], 100);
        let again = ecs.told("DescribeServices", asked.clone()).await;
        assert_eq!(again["services"][0]["events"][0]["id"], shop["events"][0]["id"], "it stays");
        let update = json!({ "cluster": "street", "service": "shop", "desiredCount": 1 });
        let told = ecs.told("UpdateService", update).await;
        assert_eq!(told["service"]["deployments"].as_array().map(Vec::len), Some(1), "none is new");
        let update = json!({ "cluster": "street", "service": "shop", "forceNewDeployment": true });
        let told = ecs.told("UpdateService", update).await;
        assert_eq!(told["service"]["deployments"][1]["status"], "ACTIVE");
        let one = |service: &str, force| json!({ "cluster": "street", "service": service, "force": force });
        let refused = ecs.refused("DeleteService", one("shop", false)).await;
        let text = "The service cannot be stopped while it is scaled above 0.";
        assert_eq!(refused, error("InvalidParameterException", text));
        let told = ecs.told("DeleteService", one("shop", true)).await;
        assert_eq!(told["service"]["status"], "DRAINING");
        ecs.until("DescribeServices", asked, |told| told["services"][0]["status"] == "INACTIVE")
            .await;
        let listed = ecs.told("ListServices", json!({ "cluster": "street" })).await;
        let burger = "arn:aws:ecs:us-east-1:123456789012:service/street/burger";
        assert_eq!(listed["serviceArns"], json!([burger]));
        let update = json!({ "cluster": "street", "service": "shop" });
        let refused = ecs.refused("UpdateService", update).await;
        assert_eq!(refused, error("ServiceNotActiveException", "Service was not ACTIVE."));
        let refused = ecs.refused("DeleteService", one("nobody", true)).await;
        assert_eq!(refused, error("ServiceNotFoundException", "Service not found."));
        let elsewhere = json!({ "cluster": "nowhere", "services": ["shop"] });
        let refused = ecs.refused("DescribeServices", elsewhere).await;
        assert_eq!(refused, error("ClusterNotFoundException", "Cluster not found."));
    });
}

#[test]
fn a_task_is_run_with_overrides_listed_and_stopped_with_a_reason() {
    with_street("runs", |mut ecs| async move {
        let given = json!({
            "cluster": "street", "taskDefinition": "kitchen", "startedBy": "the-owner", "clientToken": "once",
            "overrides": { "containerOverrides": [{
                "name": "grill", "command": ["--fast"], "environment": [{ "name": "STREET", "value": "mint" }],
            }] },
        });
        let task = ecs.run(given.clone()).await;
        let arn = task["taskArn"].clone();
        let (arguments, street) = ecs.kitchen.last("STREET");
        assert_eq!((arguments, street.as_deref()), (vec!["--fast".to_owned()], Some("mint")));
        assert_eq!(ecs.run(given.clone()).await["taskArn"], arn, "the same call is the same task");
        let mut other = given;
        other["count"] = 2.into();
        let conflict = ecs.call("RunTask", &other).await.json();
        assert_eq!(conflict["__type"], "ConflictException");
        assert_eq!(conflict["resourceIds"], json!([arn]));
        let up = ecs.until_task(&arn, "RUNNING").await;
        assert_eq!(up["group"], "family:kitchen");
        assert_eq!(up["cpu"], "256");
        assert_eq!(up["overrides"]["containerOverrides"][0]["command"], json!(["--fast"]));
        let container = &up["containers"][0];
        assert_eq!(container["networkBindings"][0]["hostPort"], 8080);
        assert!(
            container["networkBindings"][0]["bindIP"]
                .as_str()
                .is_some_and(|ip| ip.starts_with("127."))
        );
        let list = |member: &str, value: &str| json!({ "cluster": "street", member: value });
        let listed = ecs.told("ListTasks", list("startedBy", "the-owner")).await;
        assert_eq!(listed["taskArns"], json!([arn]));
        let of_service = ecs.told("ListTasks", list("serviceName", "burger")).await;
        assert_eq!(of_service["taskArns"].as_array().map(Vec::len), Some(1));
        assert_ne!(of_service["taskArns"][0], arn);
        let first = json!({ "cluster": "street", "family": "kitchen", "maxResults": 1 });
        let first = ecs.told("ListTasks", first).await;
        assert_eq!(first["taskArns"], of_service["taskArns"], "by age");
        let next = json!({ "cluster": "street", "family": "kitchen", "maxResults": 1, "nextToken": first["nextToken"] });
        assert_eq!(ecs.told("ListTasks", next).await, json!({ "taskArns": [arn] }));
        let stop = json!({ "cluster": "street", "task": arn, "reason": "closing time" });
        assert_eq!(ecs.told("StopTask", stop).await["task"]["desiredStatus"], "STOPPED");
        let over = ecs.until_task(&arn, "STOPPED").await;
        assert_eq!(over["stopCode"], "UserInitiated");
        assert_eq!(over["stoppedReason"], "closing time");
        assert_eq!(over["containers"][0]["exitCode"], 0);
        assert!(over["stoppedAt"].as_f64() >= over["startedAt"].as_f64());
        let late = json!({ "cluster": "street", "task": arn, "reason": "too late" });
        assert_eq!(ecs.told("StopTask", late).await["task"]["stoppedReason"], "closing time");
        let listed = ecs.told("ListTasks", list("desiredStatus", "STOPPED")).await;
        assert_eq!(listed["taskArns"], json!([arn]));
        let refused =
            ecs.refused("StopTask", json!({ "cluster": "street", "task": "nobody" })).await;
        assert_eq!(
            refused,
            error("InvalidParameterException", "The referenced task was not found.")
        );
        let told = ecs.told("DescribeTasks", json!({ "tasks": [arn] })).await;
        assert_eq!(told["failures"][0]["reason"], "MISSING", "it is in another cluster");
        for (member, value, text) in [
            ("count", json!(11), "Count must be between 1 and 10"),
            (
                "overrides",
                json!({ "containerOverrides": [{ "name": "web" }] }),
                "Override for container named web is not a container in the TaskDefinition.",
            ),
            (
                "capacityProviderStrategy",
                json!([{ "capacityProvider": "FARGATE_SPOT" }]),
                "`capacityProviderStrategy` is not emulated",
            ),
            ("launchType", json!("EC2"), "`launchType` is not emulated"),
            ("startedBy", json!("a b"), "startedBy has at most 128 letters"),
        ] {
            let given = json!({ "taskDefinition": "kitchen", member: value });
            let (name, message) = ecs.refused("RunTask", given).await;
            assert_eq!(name, "InvalidParameterException");
            assert!(message.contains(text), "{message} has no `{text}`");
        }
    });
}

#[test]
fn a_container_that_no_process_stands_for_says_what_to_do() {
    with_street("container_only", |mut ecs| async move {
        ecs.register("web", "nginx").await;
        let task = ecs.run(json!({ "cluster": "street", "taskDefinition": "web" })).await;
        let over = ecs.until_task(&task["taskArn"], "STOPPED").await;
        assert_eq!(over["stopCode"], "TaskFailedToStart");
        let reason = over["stoppedReason"].as_str().expect("it says why");
        let text = "CannotCreateContainerError: no process stands for the container `nginx`";
        assert!(
            reason.starts_with(text) && reason.contains("Metadata.Lunch.Containers.nginx.Command"),
            "{reason}"
        );
        assert_eq!(over["containers"][0]["reason"], reason);
        // A container of the template's family and name runs as the template's does.
        let revision = ecs.register("kitchen", "grill").await;
        let given = json!({ "cluster": "street", "taskDefinition": revision["taskDefinitionArn"] });
        let task = ecs.run(given).await;
        ecs.until_task(&task["taskArn"], "RUNNING").await;
        assert_eq!(ecs.kitchen.last("STREET"), (vec!["--slowly".to_owned()], None));
    });
}

#[test]
fn a_call_of_ecs_that_is_not_served_is_refused_by_its_name() {
    with_street("not_served", |mut ecs| async move {
        let (name, message) = ecs.refused("PutClusterCapacityProviders", json!({})).await;
        assert_eq!(name, "UnknownOperationException");
        assert!(message.contains("`PutClusterCapacityProviders` is not served"), "{message}");
        for body in ["[]", "{"] {
            let headers = [("x-amz-target", "AmazonEC2ContainerServiceV20141113.ListClusters")];
            let answer = ecs.client.call("POST", "/", &headers, body).await;
            assert_eq!(answer.json()["__type"], "SerializationException", "{body}");
        }
    });
}

#[test]
fn a_fixed_port_that_is_taken_is_a_failure_and_no_task() {
    with_street("ports", |mut ecs| async move {
        let container = json!({
            "name": "grill", "image": "grill", "memory": 64,
            "portMappings": [{ "containerPort": 80, "hostPort": 80 }],
        });
        let given = json!({ "family": "kitchen", "containerDefinitions": [container] });
        ecs.told("RegisterTaskDefinition", given).await;
        let given = json!({ "cluster": "street", "taskDefinition": "kitchen" });
        let task = ecs.run(given.clone()).await;
        ecs.until_task(&task["taskArn"], "RUNNING").await;
        let told = ecs.told("RunTask", given).await;
        assert_eq!(told["tasks"], json!([]));
        assert_eq!(told["failures"][0]["reason"], "RESOURCE:PORTS");
    });
}
