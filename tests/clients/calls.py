"""Calls of boto3 against a cloud of the tests, each with what it expects. Run as `calls.py NAME`."""

import base64
import json
import sys
import urllib.error
import urllib.request

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
    assert groups[0]["storedBytes"] == sum(len(text.encode()) for text in texts), groups

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


def refused(kind, text, call, **given):
    try:
        answer = call(**given)
    except ClientError as error:
        told = error.response["Error"]
        assert told["Code"] == kind and text in told["Message"], error.response
        return error.response["ResponseMetadata"]["HTTPStatusCode"]
    raise AssertionError(f"it was to be refused: {answer}")


def status(answer):
    return answer["ResponseMetadata"]["HTTPStatusCode"]


def a_queue(name):
    """Its URL and its ARN."""
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    asked = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, asked["Attributes"]["QueueArn"]


def event_source_mappings():
    sqs = boto3.client("sqs")
    url, arn = a_queue("orders")
    pattern = json.dumps({"body": {"do": [{"exists": True}]}})
    given = dict(
        EventSourceArn=arn,
        FunctionName="scripted",
        BatchSize=5,
        Enabled=False,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        ScalingConfig={"MaximumConcurrency": 2},
        FilterCriteria={"Filters": [{"Pattern": pattern}]},
    )
    made = aws_lambda.create_event_source_mapping(**given)
    assert status(made) == 202 and made["State"] == "Creating", made
    uuid = made["UUID"]
    assert made["EventSourceMappingArn"].endswith(f":event-source-mapping:{uuid}"), made
    assert made["LastModified"].year > 2000 and made["FunctionArn"] == ARN, made
    assert refused("ResourceConflictException", uuid, aws_lambda.create_event_source_mapping, **given) == 409
    wrong = {**given, "BatchSize": 11}
    refused("InvalidParameterValueException", "Maximum batch window", aws_lambda.create_event_source_mapping, **wrong)

    for body in [json.dumps({"do": []}), "no order"]:
        sqs.send_message(QueueUrl=url, MessageBody=body)
    found = aws_lambda.get_event_source_mapping(UUID=uuid)
    assert found["State"] == "Disabled" and found["BatchSize"] == 5, found
    assert found["FilterCriteria"]["Filters"] == [{"Pattern": pattern}], found
    assert found["ScalingConfig"]["MaximumConcurrency"] == 2, found
    changed = aws_lambda.update_event_source_mapping(UUID=uuid, BatchSize=3, Enabled=True)
    assert status(changed) == 202 and changed["BatchSize"] == 3 and changed["State"] == "Updating", changed
    while True:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counted = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        if set(counted.values()) == {"0"}:
            break

    other = aws_lambda.create_event_source_mapping(EventSourceArn=a_queue("others")[1], FunctionName=ARN)
    pages = aws_lambda.get_paginator("list_event_source_mappings").paginate(
        FunctionName="scripted", PaginationConfig={"PageSize": 1}
    )
    listed = [one["UUID"] for page in pages for one in page["EventSourceMappings"]]
    assert sorted(listed) == sorted([uuid, other["UUID"]]), listed
    of_queue = aws_lambda.list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"]
    assert [one["UUID"] for one in of_queue] == [uuid], of_queue

    gone = aws_lambda.delete_event_source_mapping(UUID=uuid)
    assert status(gone) == 202 and gone["State"] == "Deleting", gone
    nothing = "The resource you requested does not exist."
    for call in [aws_lambda.get_event_source_mapping, aws_lambda.delete_event_source_mapping]:
        assert refused("ResourceNotFoundException", nothing, call, UUID="00000000-0000-4000-8000-000000000000") == 404


def event_invoke_configs():
    _, arn = a_queue("failed")
    name = {"FunctionName": "scripted"}
    put, update = aws_lambda.put_function_event_invoke_config, aws_lambda.update_function_event_invoke_config
    refused("ResourceNotFoundException", "doesn't have an EventInvokeConfig", update, MaximumRetryAttempts=1, **name)
    refused("InvalidParameterValueException", "You must specify at least one of", put, **name)
    refused("ResourceNotFoundException", "The function doesn't exist.", put, MaximumRetryAttempts=1, FunctionName="nobody")
    itself = {"OnSuccess": {"Destination": ARN}}
    refused("InvalidParameterValueException", "as a destination for itself.", put, DestinationConfig=itself, **name)

    made = put(MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": arn}}, **name)
    assert status(made) == 200 and made["FunctionArn"] == ARN + ":$LATEST", made
    assert made["LastModified"].year > 2000 and made["MaximumRetryAttempts"] == 0, made
    changed = update(MaximumEventAgeInSeconds=60, **name)
    assert changed["MaximumRetryAttempts"] == 0 and changed["MaximumEventAgeInSeconds"] == 60, changed
    found = aws_lambda.get_function_event_invoke_config(Qualifier="$LATEST", **name)
    assert found["DestinationConfig"] == {"OnSuccess": {}, "OnFailure": {"Destination": arn}}, found
    pages = aws_lambda.get_paginator("list_function_event_invoke_configs").paginate(**name)
    listed = [one["FunctionArn"] for page in pages for one in page["FunctionEventInvokeConfigs"]]
    assert listed == [ARN + ":$LATEST"], listed

    invoke({"do": [{"fail": {"type": "Milk.Sour", "message": "it is off"}}]}, InvocationType="Event")
    sqs = boto3.client("sqs")
    record = sqs.receive_message(QueueUrl=sqs.get_queue_url(QueueName="failed")["QueueUrl"], WaitTimeSeconds=20)
    context = json.loads(record["Messages"][0]["Body"])["requestContext"]
    assert context["condition"] == "RetriesExhausted" and context["approximateInvokeCount"] == 1, context

    assert status(aws_lambda.delete_function_event_invoke_config(**name)) == 204
    refused(
        "ResourceNotFoundException",
        f"The function {ARN}:$LATEST doesn't have an EventInvokeConfig",
        aws_lambda.get_function_event_invoke_config,
        **name,
    )


def function_urls():
    name = {"FunctionName": "scripted"}
    made = aws_lambda.create_function_url_config(AuthType="NONE", **name)
    assert status(made) == 201 and made["FunctionArn"] == ARN and made["InvokeMode"] == "BUFFERED", made
    assert made["CreationTime"].startswith("20"), made
    try:
        urllib.request.urlopen(made["FunctionUrl"] + "menu")
        raise AssertionError("the scripted function makes nothing of a request")
    except urllib.error.HTTPError as answer:
        assert answer.code == 502 and answer.headers["x-lunch-instance"] == "i-0000", answer.headers
    text = f"[functionArn = {ARN}]. Error message:  FunctionUrlConfig exists for this Lambda function"
    assert refused("ResourceConflictException", text, aws_lambda.create_function_url_config, AuthType="NONE", **name) == 409

    cors = {"AllowOrigins": ["https://a.example"], "AllowMethods": ["GET"], "MaxAge": 60}
    changed = aws_lambda.update_function_url_config(Cors=cors, AuthType="AWS_IAM", **name)
    assert status(changed) == 200 and changed["AuthType"] == "AWS_IAM", changed
    found = aws_lambda.get_function_url_config(**name)
    assert {key: found["Cors"][key] for key in cors} == cors, found
    assert found["LastModifiedTime"] >= found["CreationTime"] == made["CreationTime"], found
    pages = aws_lambda.get_paginator("list_function_url_configs").paginate(**name)
    listed = [one["AuthType"] for page in pages for one in page["FunctionUrlConfigs"]]
    assert listed == ["AWS_IAM"], listed

    assert status(aws_lambda.delete_function_url_config(**name)) == 204
    nothing = "The resource you requested does not exist."
    for call in [aws_lambda.get_function_url_config, aws_lambda.delete_function_url_config]:
        assert refused("ResourceNotFoundException", nothing, call, **name) == 404


if __name__ == "__main__":
    {name: call for name, call in globals().items() if callable(call)}[sys.argv[1]]()
