"""Calls of boto3 to ECS, each with what it expects. Run as `tasks.py NAME`. Every answer is held against the service model
that botocore carries: no member that the model does not have, none of another type, no error that the call does not have."""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError
from botocore.waiter import WaiterModel, create_waiter_with_client

# Without retries, so that a refusal is seen and not repeated; the model's own checks of what is sent are ours to see.
config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
ecs = boto3.client("ecs", config=config)
answers = 0

TYPES = {"string": str, "integer": int, "long": int, "boolean": bool, "timestamp": (int, float)}


def fits(shape, value, path):
    if shape.type_name == "structure":
        assert isinstance(value, dict), f"{path} is no structure: {value}"
        for name, member in value.items():
            assert name in shape.members, f"{path}.{name} is not in the model"
            fits(shape.members[name], member, f"{path}.{name}")
        for name in shape.required_members:
            assert name in value, f"{path}.{name} is not there"
    elif shape.type_name == "list":
        assert isinstance(value, list), f"{path} is no list: {value}"
        for number, member in enumerate(value):
            fits(shape.member, member, f"{path}[{number}]")
    elif shape.type_name == "map":
        for name, member in value.items():
            fits(shape.value, member, f"{path}.{name}")
    else:
        assert isinstance(value, TYPES[shape.type_name]), f"{path} is no {shape.type_name}: {value!r}"
        assert shape.type_name != "integer" or value is not True, f"{path} is no integer"
        allowed = getattr(shape, "enum", None)
        assert not allowed or value in allowed, f"{path}: {value} is none of {allowed}"


def hold_against_model(operation_model, response_dict, **_):
    global answers
    answers += 1
    body = json.loads(response_dict["body"])
    name = operation_model.name
    if response_dict["status_code"] < 300:
        fits(operation_model.output_shape, body, name)
        return
    kinds = {shape.name for shape in operation_model.error_shapes}
    assert body["__type"] in kinds, f"{name} has no {body['__type']}: {kinds}"
    assert body["message"], body


ecs.meta.events.register("before-parse.ecs.*", hold_against_model)


def refused(code, call, **given):
    try:
        answer = call(**given)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
        return error.response["Error"]["Message"]
    raise AssertionError(f"it was to be refused: {answer}")


def wait(name, **given):
    ecs.get_waiter(name).wait(WaiterConfig={"Delay": 1, "MaxAttempts": 60}, **given)


def only(answer, member):
    assert answer["failures"] == [], answer
    assert len(answer[member]) == 1, answer
    return answer[member][0]


def service(name):
    return only(ecs.describe_services(cluster="street", services=[name]), "services")


def task(arn):
    return only(ecs.describe_tasks(cluster="street", tasks=[arn]), "tasks")


GRILL = {"name": "grill", "image": "grill", "memory": 64}


def registered(family="kitchen", **more):
    told = ecs.register_task_definition(family=family, containerDefinitions=[{**GRILL, **more}])
    return told["taskDefinition"]


def a_whole_life():
    made = ecs.create_cluster(clusterName="alley")["cluster"]
    assert made["status"] == "ACTIVE" and made["clusterName"] == "alley", made
    revision = registered(
        portMappings=[{"containerPort": 8080}],
        environment=[{"name": "LISTEN", "value": "0.0.0.0:8080"}, {"name": "STREET", "value": "mint"}],
        healthCheck={"command": ["CMD-SHELL", "test $STREET = mint"], "interval": 5},
        logConfiguration={"logDriver": "awslogs", "options": {"awslogs-group": "/street"}},
    )
    assert revision["revision"] == 2, "the template's is the first"
    shown = ecs.describe_task_definition(taskDefinition="kitchen", include=["TAGS"])
    assert shown["taskDefinition"] == revision, (shown, revision)
    made = ecs.create_service(
        cluster="alley", serviceName="burger", taskDefinition="kitchen:2", desiredCount=2
    )["service"]
    assert made["desiredCount"] == 2 and made["deployments"][0]["status"] == "PRIMARY", made
    wait("services_stable", cluster="alley", services=["burger"])
    tasks = ecs.list_tasks(cluster="alley", serviceName="burger")["taskArns"]
    wait("tasks_running", cluster="alley", tasks=tasks)
    told = ecs.describe_tasks(cluster="alley", tasks=tasks)["tasks"]
    addresses = {one["containers"][0]["networkBindings"][0]["bindIP"] for one in told}
    assert len(addresses) == 2, "each has its own"
    assert {one["group"] for one in told} == {"service:burger"}, told
    assert {one["startedBy"] for one in told} == {made["deployments"][0]["id"]}, told
    third = registered()["taskDefinitionArn"]
    updated = ecs.update_service(
        cluster="alley", service="burger", taskDefinition=third, desiredCount=1
    )["service"]
    assert [one["status"] for one in updated["deployments"]] == ["PRIMARY", "ACTIVE"], updated
    wait("services_stable", cluster="alley", services=["burger"])
    told = ecs.describe_services(cluster="alley", services=["burger"])["services"][0]
    assert told["taskDefinition"] == third and told["runningCount"] == 1, told
    assert told["deployments"][0]["rolloutState"] == "COMPLETED", told
    assert refused("ClusterContainsServicesException", ecs.delete_cluster, cluster="alley")
    assert refused("InvalidParameterException", ecs.delete_service, cluster="alley", service="burger")
    gone = ecs.delete_service(cluster="alley", service="burger", force=True)["service"]
    assert gone["status"] == "DRAINING" and gone["desiredCount"] == 0, gone
    wait("services_inactive", cluster="alley", services=["burger"])
    assert ecs.delete_cluster(cluster="alley")["cluster"]["status"] == "INACTIVE"


def a_task_and_its_end():
    ran = ecs.run_task(
        cluster="street",
        taskDefinition="kitchen",
        count=2,
        startedBy="the-owner",
        group="lunch",
        overrides={
            "containerOverrides": [
                {"name": "grill", "command": ["--exit", "7"], "environment": [{"name": "A", "value": "b"}]}
            ]
        },
    )
    assert ran["failures"] == [] and len(ran["tasks"]) == 2, ran
    arns = [one["taskArn"] for one in ran["tasks"]]
    wait("tasks_stopped", cluster="street", tasks=arns)
    over = task(arns[0])
    assert over["stopCode"] == "EssentialContainerExited", over
    assert over["stoppedReason"] == "Essential container in task exited", over
    assert over["containers"][0]["exitCode"] == 7, over
    assert over["createdAt"] <= over["startedAt"] <= over["stoppingAt"] <= over["stoppedAt"], over
    assert over["group"] == "lunch" and over["startedBy"] == "the-owner", over
    pages = ecs.get_paginator("list_tasks").paginate(
        cluster="street", desiredStatus="STOPPED", startedBy="the-owner", PaginationConfig={"PageSize": 1}
    )
    listed = [arn for page in pages for arn in page["taskArns"]]
    assert listed == arns, (listed, arns)
    stays = ecs.run_task(cluster="street", taskDefinition="kitchen")["tasks"][0]["taskArn"]
    wait("tasks_running", cluster="street", tasks=[stays])
    stopped = ecs.stop_task(cluster="street", task=stays, reason="closing time")["task"]
    assert stopped["desiredStatus"] == "STOPPED", stopped
    wait("tasks_stopped", cluster="street", tasks=[stays])
    over = task(stays)
    assert (over["stopCode"], over["stoppedReason"]) == ("UserInitiated", "closing time"), over
    silent = ecs.run_task(cluster="street", taskDefinition="kitchen")["tasks"][0]["taskArn"]
    ecs.stop_task(cluster="street", task=silent)
    wait("tasks_stopped", cluster="street", tasks=[silent])
    assert task(silent)["stoppedReason"] == "Task stopped by user"


FAILED = WaiterModel(
    {
        "version": 2,
        "waiters": {
            "RolloutFailed": {
                "operation": "DescribeServices",
                "delay": 1,
                "maxAttempts": 60,
                "acceptors": [
                    {
                        "matcher": "pathAny",
                        "argument": "services[].deployments[].rolloutState",
                        "expected": "FAILED",
                        "state": "success",
                    }
                ],
            }
        },
    }
)


def what_is_run_as_a_container_only():
    web = registered(family="web", name="nginx")
    ran = ecs.run_task(cluster="street", taskDefinition="web")["tasks"][0]["taskArn"]
    try:
        wait("tasks_running", cluster="street", tasks=[ran])
    except WaiterError as error:
        assert "STOPPED" in str(error), error
    else:
        raise AssertionError("there is no image here")
    over = task(ran)
    assert over["stopCode"] == "TaskFailedToStart", over
    reason = over["containers"][0]["reason"]
    assert "Metadata.Lunch.Containers.nginx.Command" in reason and over["stoppedReason"] == reason, over
    ecs.create_service(
        cluster="street",
        serviceName="web",
        taskDefinition=web["taskDefinitionArn"],
        desiredCount=1,
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": False}},
    )
    create_waiter_with_client("RolloutFailed", FAILED, ecs).wait(cluster="street", services=["web"])
    told = service("web")
    said = [event["message"] for event in told["events"]]
    assert any("deployment failed: tasks failed to start." in one for one in said), said
    ecs.delete_service(cluster="street", service="web", force=True)


def what_is_refused():
    named = {"cluster": "street"}
    assert refused("ClusterNotFoundException", ecs.list_services, cluster="nowhere") == "Cluster not found."
    refused("ClusterNotFoundException", ecs.delete_cluster, cluster="nowhere")
    refused("ClusterNotFoundException", ecs.run_task, cluster="nowhere", taskDefinition="kitchen")
    refused("ServiceNotFoundException", ecs.update_service, service="nobody", **named)
    refused("ServiceNotFoundException", ecs.delete_service, service="nobody", **named)
    refused("ServiceNotFoundException", ecs.list_tasks, serviceName="nobody", **named)
    refused("ClientException", ecs.describe_task_definition, taskDefinition="nobody")
    refused("ClientException", ecs.deregister_task_definition, taskDefinition="kitchen")
    refused("ClientException", ecs.run_task, taskDefinition="nobody", **named)
    refused("ClientException", ecs.create_service, serviceName="a", taskDefinition="nobody", **named)
    refused("InvalidParameterException", ecs.stop_task, task="nobody", **named)
    refused("InvalidParameterException", ecs.describe_services, services=[], **named)
    refused("InvalidParameterException", ecs.describe_tasks, tasks=[], **named)
    refused("InvalidParameterException", ecs.list_tasks, maxResults=101, **named)
    refused("InvalidParameterException", ecs.create_cluster, clusterName="a b")
    refused("InvalidParameterException", ecs.run_task, taskDefinition="kitchen", count=11, **named)
    refused("InvalidParameterException", ecs.create_service, taskDefinition="kitchen", **named)
    blocked = {"maximumPercent": 100, "minimumHealthyPercent": 100}
    given = {"service": "burger", "deploymentConfiguration": blocked}
    refused("InvalidParameterException", ecs.update_service, **given, **named)
    failures = ecs.describe_services(services=["nobody"], **named)["failures"]
    arn = "arn:aws:ecs:us-east-1:123456789012:service/street/nobody"
    assert failures == [{"arn": arn, "reason": "MISSING"}], failures
    failures = ecs.describe_tasks(tasks=["0" * 32], **named)["failures"]
    assert failures[0]["reason"] == "MISSING", failures
    failures = ecs.describe_clusters(clusters=["nowhere"])["failures"]
    assert failures[0]["reason"] == "MISSING", failures


# Of each call what it takes; everything else is to be refused by its name, where it asks for something.
TAKEN = {
    "CreateCluster": "clusterName",
    "RegisterTaskDefinition": "family networkMode containerDefinitions requiresCompatibilities cpu memory taskRoleArn "
    "executionRoleArn runtimePlatform placementConstraints",
    "CreateService": "cluster serviceName taskDefinition desiredCount clientToken deploymentConfiguration "
    "networkConfiguration platformVersion",
    "UpdateService": "cluster service taskDefinition desiredCount forceNewDeployment deploymentConfiguration "
    "networkConfiguration platformVersion",
    "RunTask": "cluster taskDefinition count group startedBy clientToken overrides networkConfiguration platformVersion",
    "ListTasks": "cluster family serviceName desiredStatus startedBy nextToken maxResults",
    "StopTask": "cluster task reason",
}


def something(shape):
    """A value that asks for something; of several words the last, which is never what is done anyway."""
    if shape.type_name == "structure":
        return {name: something(member) for name, member in list(shape.members.items())[:1]}
    if shape.type_name == "list":
        return [something(shape.member)]
    if shape.type_name == "map":
        return {"a": something(shape.value)}
    if shape.type_name == "boolean":
        return True
    if shape.type_name in ("integer", "long", "float", "double"):
        return 3
    return next((word for word in getattr(shape, "enum", None) or ["a"] if word not in DONE_ANYWAY), "a")


DONE_ANYWAY = ("FARGATE", "REPLICA", "NONE", "DISABLED", "ECS", "ROLLING")


def what_is_not_emulated():
    model = ecs.meta.service_model
    for operation, taken in TAKEN.items():
        members = model.operation_model(operation).input_shape.members
        assert set(taken.split()) <= set(members), f"{operation} has not all of {taken}"
        method = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation)[1:]
        needed = {"family": "f", "containerDefinitions": [GRILL]} if operation.startswith("Reg") else {}
        for name in sorted(set(members) - set(taken.split())):
            given = {**needed, name: something(members[name])}
            told = refused("InvalidParameterException", getattr(ecs, method), **given)
            assert told.startswith(f"`{name}` is not emulated by this cloud"), f"{operation}: {told}"


if __name__ == "__main__":
    globals()[sys.argv[1]]()
    assert answers > 0, "nothing was held against the model"
