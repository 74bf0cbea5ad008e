"""Calls of boto3 against a cloud of the tests, each with what it expects. Run as `calls.py NAME`."""

import base64
import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ARN = "arn:aws:lambda:us-east-1:123456789012:function:scripted"
# Without retries, so that a refusal is seen and not repeated.
aws_lambda = boto3.client("lambda", config=Config(retries={"total_max_attempts": 1}))


def invoke(script, name="scripted", **more):
    payload = script if isinstance(script, bytes) else json.dumps(script).encode()
    return aws_lambda.invoke(FunctionName=name, Payload=payload, **more)


def headers(answer):
    return answer["ResponseMetadata"]["HTTPHeaders"]


def by_name_and_by_arn():
    for name in ["scripted", ARN, ARN + ":$LATEST", "123456789012:function:scripted"]:
        answer = invoke({"do": [{"respond": {"at": "noon"}}]}, name)
        assert answer["StatusCode"] == 200, answer
        assert answer["ExecutedVersion"] == "$LATEST", answer
        assert json.loads(answer["Payload"].read()) == {"at": "noon"}
    qualified = invoke({"do": [{"respond": 1}]}, Qualifier="$LATEST")
    assert qualified["StatusCode"] == 200, qualified


def cold_and_warm():
    first, second = headers(invoke({})), headers(invoke({}))
    assert first["x-lunch-start"] == "cold" and first["x-lunch-cause"] == "first", first
    assert second["x-lunch-start"] == "warm" and "x-lunch-cause" not in second, second
    assert first["x-lunch-instance"] == second["x-lunch-instance"]


def event_and_dry_run():
    event = invoke({}, InvocationType="Event")
    assert event["StatusCode"] == 202 and event["Payload"].read() == b"", event
    dry = invoke({}, InvocationType="DryRun")
    assert dry["StatusCode"] == 204, dry


def log_tail():
    answer = invoke({"do": [{"print": "brewing"}]}, LogType="Tail")
    log = base64.b64decode(answer["LogResult"]).decode()
    request = answer["ResponseMetadata"]["RequestId"]
    assert log.startswith(f"START RequestId: {request} Version: $LATEST\n"), log
    assert "\nbrewing\n" in log and f"\nEND RequestId: {request}\nREPORT RequestId: {request}\t" in log, log


def cloudwatch_logs():
    logs = boto3.client("logs", config=Config(retries={"total_max_attempts": 1}))
    group = "/aws/lambda/scripted"
    for call in [logs.describe_log_streams, logs.filter_log_events]:
        try:
            call(logGroupName=group)
            raise AssertionError("there is no such group before the first instance")
        except logs.exceptions.ResourceNotFoundException as refused:
            assert refused.response["Error"]["Message"] == "The specified log group does not exist.", refused
    requests = []
    for cup in range(3):
        answer = invoke({"do": [{"print": f"brewing {cup}"}]}, LogType="Tail")
        requests.append(answer["ResponseMetadata"]["RequestId"])

    groups = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]
    assert [found["logGroupName"] for found in groups] == [group], groups
    assert groups[0]["arn"] == f"arn:aws:logs:us-east-1:123456789012:log-group:{group}:*", groups
    assert logs.describe_log_groups(logGroupNamePattern="nobody")["logGroups"] == []
    [stream] = logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime", descending=True)["logStreams"]
    assert "/[$LATEST]" in stream["logStreamName"], stream
    assert stream["creationTime"] <= stream["firstEventTimestamp"] <= stream["lastEventTimestamp"], stream

    whole = logs.filter_log_events(logGroupName=group)["events"]
    texts = [event["message"] for event in whole]
    assert texts[0] == f"START RequestId: {requests[0]} Version: $LATEST\n", texts
    assert texts[1] == "brewing 0\n" and texts[2] == f"END RequestId: {requests[0]}\n", texts
    assert texts[3].startswith(f"REPORT RequestId: {requests[0]}\tDuration: "), texts
    assert len({event["eventId"] for event in whole}) == 12, whole

    found = logs.get_paginator("filter_log_events").paginate(
        logGroupIdentifier=groups[0]["arn"], filterPattern='?"brewing 0" ?"brewing 2"', PaginationConfig={"PageSize": 1}
    )
    assert [event["message"] for page in found for event in page["events"]] == ["brewing 0\n", "brewing 2\n"]
    last = whole[-1]["timestamp"]
    assert logs.filter_log_events(logGroupName=group, startTime=last + 1)["events"] == []

    name = stream["logStreamName"]
    read, token = [], {}
    while True:
        page = logs.get_log_events(logGroupName=group, logStreamName=name, startFromHead=True, limit=5, **token)
        if token.get("nextToken") == page["nextForwardToken"]:
            break
        read += [event["message"] for event in page["events"]]
        token = {"nextToken": page["nextForwardToken"]}
    assert read == texts, read
    newest = logs.get_log_events(logGroupName=group, logStreamName=name, limit=2)
    assert [event["message"] for event in newest["events"]] == texts[-2:], newest
    before = logs.get_log_events(
        logGroupName=group, logStreamName=name, limit=2, nextToken=newest["nextBackwardToken"]
    )
    assert [event["message"] for event in before["events"]] == texts[-4:-2], before

    for wrong, kind in [
        (lambda: logs.get_log_events(logGroupName=group, logStreamName="nobody"), "ResourceNotFoundException"),
        (lambda: logs.filter_log_events(logGroupName=group, filterPattern="{ $.a = 1 }"), "InvalidParameterException"),
        (lambda: logs.filter_log_events(logGroupName=group, nextToken="nothing"), "InvalidParameterException"),
        (lambda: logs.create_log_group(logGroupName=group), "UnknownOperationException"),
        (lambda: boto3.client("dynamodb").list_tables(), "UnknownOperationException"),
    ]:
        try:
            wrong()
            raise AssertionError(f"{kind} is expected")
        except ClientError as refused:
            assert refused.response["Error"]["Code"] == kind, refused.response


def concurrency():
    reserve = lambda amount, name="scripted": aws_lambda.put_function_concurrency(
        FunctionName=name, ReservedConcurrentExecutions=amount
    )
    assert "ReservedConcurrentExecutions" not in aws_lambda.get_function_concurrency(FunctionName="scripted")
    assert reserve(0, ARN)["ReservedConcurrentExecutions"] == 0
    try:
        invoke({})
        raise AssertionError("nobody is served")
    except aws_lambda.exceptions.TooManyRequestsException as refused:
        assert refused.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded", refused.response
    assert reserve(900)["ReservedConcurrentExecutions"] == 900
    account = aws_lambda.get_account_settings()["AccountLimit"]
    assert account["ConcurrentExecutions"] == 1000, account
    assert account["UnreservedConcurrentExecutions"] == 100, account
    assert aws_lambda.get_function(FunctionName="scripted")["Concurrency"]["ReservedConcurrentExecutions"] == 900
    for amount, name, text in [
        (901, "scripted", "below its minimum value of [100]."),
        (1, ARN + ":$LATEST", "This operation is permitted on Lambda functions only."),
    ]:
        try:
            reserve(amount, name)
            raise AssertionError("it is refused")
        except aws_lambda.exceptions.InvalidParameterValueException as refused:
            assert text in refused.response["Error"]["Message"], refused.response
    assert aws_lambda.get_function_concurrency(FunctionName="scripted")["ReservedConcurrentExecutions"] == 900
    aws_lambda.delete_function_concurrency(FunctionName="scripted")
    assert "ReservedConcurrentExecutions" not in aws_lambda.get_function_concurrency(FunctionName="scripted")
    assert invoke({})["StatusCode"] == 200


def caller_identity():
    identity = boto3.client("sts").get_caller_identity()
    assert identity["Account"] == "123456789012", identity
    assert identity["Arn"] == "arn:aws:iam::123456789012:root", identity


def versions_aliases_and_tags():
    (latest,) = aws_lambda.list_versions_by_function(FunctionName="scripted")["Versions"]
    assert latest["Version"] == "$LATEST" and latest["FunctionArn"] == ARN + ":$LATEST", latest
    assert aws_lambda.list_aliases(FunctionName="scripted")["Aliases"] == []
    assert aws_lambda.list_tags(Resource=ARN)["Tags"] == {}


def qualifiers():
    """Of a template that publishes `scripted` as `live`, and declares a log group."""
    logs = boto3.client("logs")
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    assert groups == ["/street/declared"], groups
    assert logs.describe_log_streams(logGroupName="/street/declared")["logStreams"] == []
    for qualifier, version in [("live", "1"), ("1", "1"), ("$LATEST", "$LATEST"), ("next", "$LATEST")]:
        answer = invoke({"do": [{"respond": 1}]}, Qualifier=qualifier, LogType="Tail")
        assert answer["ExecutedVersion"] == version, (qualifier, answer)
        log = base64.b64decode(answer["LogResult"]).decode()
        assert log.splitlines()[0].endswith(f" Version: {version}"), log
    told = invoke({"do": [{"respond": 1}]}, ARN + ":live")
    assert told["ExecutedVersion"] == "1", told
    versions = aws_lambda.list_versions_by_function(FunctionName="scripted")["Versions"]
    assert [(one["Version"], one["FunctionArn"]) for one in versions] == [
        ("$LATEST", ARN + ":$LATEST"),
        ("1", ARN + ":1"),
    ], versions
    aliases = aws_lambda.list_aliases(FunctionName="scripted")["Aliases"]
    assert [(one["Name"], one["FunctionVersion"]) for one in aliases] == [("live", "1"), ("next", "$LATEST")], aliases
    live = aws_lambda.get_alias(FunctionName="scripted", Name="live")
    assert live["AliasArn"] == ARN + ":live" and live["FunctionVersion"] == "1", live
    found = aws_lambda.get_function(FunctionName="scripted", Qualifier="live")["Configuration"]
    assert found["FunctionArn"] == ARN + ":live" and found["Version"] == "1", found
    for wrong, message in [
        (lambda: invoke({}, Qualifier="2"), f"Function not found: {ARN}:2"),
        (lambda: invoke({}, Qualifier="dead"), f"Function not found: {ARN}:dead"),
        (lambda: aws_lambda.get_alias(FunctionName="scripted", Name="dead"), f"Cannot find alias arn: {ARN}:dead"),
    ]:
        try:
            wrong()
            raise AssertionError(message)
        except aws_lambda.exceptions.ResourceNotFoundException as refused:
            assert refused.response["Error"]["Message"] == message, refused.response


def function_error():
    answer = invoke({"do": [{"fail": {"type": "Milk.Sour", "message": "it is off"}}]})
    assert answer["StatusCode"] == 200 and answer["FunctionError"] == "Unhandled", answer
    assert json.loads(answer["Payload"].read())["errorType"] == "Milk.Sour"


def list_and_get():
    pages = aws_lambda.get_paginator("list_functions").paginate()
    functions = [function for page in pages for function in page["Functions"]]
    assert [function["FunctionName"] for function in functions] == ["scripted"], functions
    one = aws_lambda.get_function(FunctionName="scripted")["Configuration"]
    assert one["FunctionArn"] == ARN and one["Runtime"] == "provided.al2023", one
    assert one["MemorySize"] == 128 and one["Timeout"] == 3 and one["State"] == "Active", one


def resource_not_found():
    try:
        invoke({}, "nobody")
    except aws_lambda.exceptions.ResourceNotFoundException as error:
        assert "Function not found: arn:aws:lambda:us-east-1:123456789012:function:nobody" in str(error), error
        return
    raise AssertionError("it was to be refused")


def invalid_request_content():
    for kind in ["RequestResponse", "Event"]:
        try:
            invoke(b"{oops", InvocationType=kind)
        except aws_lambda.exceptions.InvalidRequestContentException as error:
            assert "Could not parse request body into json" in str(error), error
        else:
            raise AssertionError("it was to be refused")


def request_too_large():
    # The service model knows this error by another name than the wire, so that it has no class of its own.
    try:
        invoke(b'"' + b"x" * (6 * 1024 * 1024) + b'"')
    except ClientError as error:
        assert error.response["Error"]["Code"] == "RequestEntityTooLargeException", error
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 413, error
        return
    raise AssertionError("it was to be refused")


def too_many_requests():
    try:
        invoke({})
    except aws_lambda.exceptions.TooManyRequestsException as error:
        assert error.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded", error.response
        assert "Rate Exceeded." in str(error), error
        return
    raise AssertionError("it was to be refused")


if __name__ == "__main__":
    {name: call for name, call in globals().items() if callable(call)}[sys.argv[1]]()
