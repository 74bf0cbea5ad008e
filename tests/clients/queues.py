"""Calls of boto3 to SQS, each with what it expects. Run as `queues.py NAME`, by a boto3 of today, which speaks JSON, and
by one of 2023, which sends forms and reads XML."""

import json
import os
import sys
import threading
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


def client():
    # Without retries, so that a refusal is seen and not repeated. The older one has to be told where.
    config = Config(retries={"total_max_attempts": 1})
    return boto3.client("sqs", endpoint_url=os.environ["AWS_ENDPOINT_URL"], config=config)


sqs = client()


def refused(code, status, call, **given):
    try:
        answer = call(**given)
    except ClientError as error:
        told = error.response
        # A client of the query protocol is told the code as it is, one of today by a header.
        assert told["Error"]["Code"].split(".")[-1] == code, told
        assert told["ResponseMetadata"]["HTTPStatusCode"] == status, told
        return told["Error"]["Message"]
    raise AssertionError(f"it was to be refused: {answer}")


def queue(name, **attributes):
    return sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


def arn(url):
    asked = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return asked["Attributes"]["QueueArn"]


def receive(url, **more):
    # boto3 checks the digest of each body itself.
    answer = sqs.receive_message(
        QueueUrl=url, AttributeNames=["All"], MessageAttributeNames=["All"], **more
    )
    return answer.get("Messages", [])


def a_queue_and_what_is_known_of_it():
    made = sqs.create_queue(
        QueueName="orders", Attributes={"VisibilityTimeout": "7"}, tags={"shop": "coffee"}
    )["QueueUrl"]
    assert made.endswith("/123456789012/orders"), made
    assert queue("orders", VisibilityTimeout="7") == made, "the same once more"
    refused("QueueAlreadyExists", 400, queue, name="orders", VisibilityTimeout="8")
    assert sqs.get_queue_url(QueueName="orders")["QueueUrl"] == made
    told = sqs.get_queue_attributes(QueueUrl=made, AttributeNames=["All"])["Attributes"]
    assert told["VisibilityTimeout"] == "7" and told["MaximumMessageSize"] == "1048576", told
    assert told["QueueArn"] == "arn:aws:sqs:us-east-1:123456789012:orders", told
    sqs.set_queue_attributes(QueueUrl=made, Attributes={"DelaySeconds": "3"})
    told = sqs.get_queue_attributes(QueueUrl=made, AttributeNames=["DelaySeconds"])["Attributes"]
    assert told == {"DelaySeconds": "3"}, told
    sqs.tag_queue(QueueUrl=made, Tags={"street": "lime"})
    sqs.untag_queue(QueueUrl=made, TagKeys=["shop"])
    assert sqs.list_queue_tags(QueueUrl=made)["Tags"] == {"street": "lime"}
    sqs.add_permission(
        QueueUrl=made, Label="all", AWSAccountIds=["111111111111"], Actions=["SendMessage"]
    )
    policy = sqs.get_queue_attributes(QueueUrl=made, AttributeNames=["Policy"])["Attributes"]
    assert json.loads(policy["Policy"])["Statement"][0]["Sid"] == "all", policy
    sqs.remove_permission(QueueUrl=made, Label="all")
    for number in range(3):
        queue(f"more-{number}")
    page = sqs.list_queues(QueueNamePrefix="more-", MaxResults=2)
    assert len(page["QueueUrls"]) == 2, page
    rest = sqs.list_queues(QueueNamePrefix="more-", MaxResults=2, NextToken=page["NextToken"])
    assert len(rest["QueueUrls"]) == 1 and "NextToken" not in rest, rest
    sqs.delete_queue(QueueUrl=made)
    refused("NonExistentQueue", 400, sqs.get_queue_url, QueueName="orders")


def a_message_and_back():
    url = queue("orders", VisibilityTimeout="1")
    attributes = {
        "cups": {"DataType": "Number.int", "StringValue": "2"},
        "cup": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    body = "<one> & \"two\"\r\n\u00e9"
    sent = sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)
    [got] = receive(url)
    assert got["Body"] == body and got["MessageId"] == sent["MessageId"], got
    assert got["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"], got
    assert got["MessageAttributes"]["cup"]["BinaryValue"] == b"\x00\xff", got
    assert got["MessageAttributes"]["cups"]["DataType"] == "Number.int", got
    assert got["Attributes"]["ApproximateReceiveCount"] == "1", got
    assert receive(url) == [], "it is in flight"
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=got["ReceiptHandle"], VisibilityTimeout=0)
    [again] = receive(url)
    assert again["Attributes"]["ApproximateReceiveCount"] == "2", again
    sqs.delete_message(QueueUrl=url, ReceiptHandle=got["ReceiptHandle"])
    sqs.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    sqs.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert told["ApproximateNumberOfMessages"] == told["ApproximateNumberOfMessagesNotVisible"] == "0"


def batches():
    url = queue("orders")
    entries = [{"Id": f"e{number}", "MessageBody": str(number)} for number in range(9)]
    sent = sqs.send_message_batch(QueueUrl=url, Entries=[*entries, {"Id": "bad", "MessageBody": "\x01"}])
    assert len(sent["Successful"]) == 9, sent
    assert [failed["Id"] for failed in sent["Failed"]] == ["bad"], sent
    assert sent["Failed"][0]["SenderFault"] is True, sent
    got = receive(url, MaxNumberOfMessages=10)
    handles = [
        {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
        for number, message in enumerate(got)
    ]
    assert len(handles) == 9, got
    changed = sqs.change_message_visibility_batch(
        QueueUrl=url, Entries=[dict(handle, VisibilityTimeout=60) for handle in handles]
    )
    assert len(changed["Successful"]) == 9, changed
    deleted = sqs.delete_message_batch(
        QueueUrl=url, Entries=[*handles, {"Id": "bad", "ReceiptHandle": "nonsense"}]
    )
    assert len(deleted["Successful"]) == 9 and deleted["Failed"][0]["Id"] == "bad", deleted
    refused("EmptyBatchRequest", 400, sqs.send_message_batch, QueueUrl=url, Entries=[])
    twice = [{"Id": "a", "MessageBody": "1"}, {"Id": "a", "MessageBody": "2"}]
    refused("BatchEntryIdsNotDistinct", 400, sqs.send_message_batch, QueueUrl=url, Entries=twice)
    many = [{"Id": str(number), "MessageBody": "x"} for number in range(11)]
    refused("TooManyEntriesInBatchRequest", 400, sqs.send_message_batch, QueueUrl=url, Entries=many)
    long = [{"Id": str(number), "MessageBody": "x" * 600_000} for number in range(2)]
    refused("BatchRequestTooLong", 400, sqs.send_message_batch, QueueUrl=url, Entries=long)
    assert receive(url) == [], "nothing of them is kept"


def first_in_first_out():
    url = queue("orders.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    send = lambda body, group: sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=group)
    first, twice = send("1", "a"), send("1", "a")
    assert first["MessageId"] == twice["MessageId"], "a duplicate"
    assert first["SequenceNumber"] == twice["SequenceNumber"]
    send("2", "a")
    send("3", "b")
    [one] = receive(url, MaxNumberOfMessages=1)
    assert one["Body"] == "1" and one["Attributes"]["MessageGroupId"] == "a", one
    [other] = receive(url, MaxNumberOfMessages=10)
    assert other["Body"] == "3", "the group `a` has a message in flight"
    sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
    [two] = receive(url, MaxNumberOfMessages=10)
    assert two["Body"] == "2", two
    refused("MissingParameter", 400, sqs.send_message, QueueUrl=url, MessageBody="x")
    text = refused(
        "InvalidParameterValue", 400, sqs.send_message, QueueUrl=url, MessageBody="x",
        MessageGroupId="a", DelaySeconds=2,
    )
    assert "not valid for this queue type" in text, text


def dead_letters():
    dead = queue("dead")
    policy = json.dumps({"deadLetterTargetArn": arn(dead), "maxReceiveCount": "1"})
    url = queue("orders", VisibilityTimeout="0", RedrivePolicy=policy)
    sources = sqs.list_dead_letter_source_queues(QueueUrl=dead)
    assert sources["queueUrls"] == [url], sources
    sqs.send_message(QueueUrl=url, MessageBody="cold")
    assert len(receive(url)) == 1
    assert receive(url) == []
    [buried] = receive(dead, VisibilityTimeout=0)
    assert buried["Attributes"]["ApproximateReceiveCount"] == "2", buried
    if hasattr(sqs, "start_message_move_task"):
        assert buried["Attributes"]["DeadLetterQueueSourceArn"] == arn(url), buried
        sqs.start_message_move_task(SourceArn=arn(dead))
        [task] = sqs.list_message_move_tasks(SourceArn=arn(dead))["Results"]
        assert task["ApproximateNumberOfMessagesToMove"] == 1, task
        [back] = receive(url, WaitTimeSeconds=5)
        assert back["Body"] == "cold", back
    closed = queue("closed", RedriveAllowPolicy=json.dumps({"redrivePermission": "denyAll"}))
    policy = json.dumps({"deadLetterTargetArn": arn(closed), "maxReceiveCount": "1"})
    refused(
        "InvalidAttributeValue", 400, sqs.set_queue_attributes, QueueUrl=url,
        Attributes={"RedrivePolicy": policy},
    )


def a_long_poll_wakes_at_once():
    url = queue("orders")
    told = threading.Event()

    def send():
        other = client()
        told.wait()
        other.send_message(QueueUrl=url, MessageBody="late")

    sender = threading.Thread(target=send)
    sender.start()
    begun = time.monotonic()
    threading.Timer(0.3, told.set).start()
    [late] = receive(url, WaitTimeSeconds=20)
    assert late["Body"] == "late" and time.monotonic() - begun < 10, late
    sender.join()


def what_is_refused():
    url = queue("orders")
    nowhere = url.replace("orders", "nowhere")
    refused("NonExistentQueue", 400, sqs.send_message, QueueUrl=nowhere, MessageBody="x")
    refused("InvalidParameterValue", 400, sqs.send_message, QueueUrl=url, MessageBody="x", DelaySeconds=901)
    refused("InvalidParameterValue", 400, sqs.send_message, QueueUrl=url, MessageBody="x" * 1_048_577)
    refused("InvalidMessageContents", 400, sqs.send_message, QueueUrl=url, MessageBody="\x00")
    refused("InvalidParameterValue", 400, sqs.receive_message, QueueUrl=url, MaxNumberOfMessages=11)
    refused("InvalidParameterValue", 400, sqs.receive_message, QueueUrl=url, WaitTimeSeconds=21)
    refused("InvalidAttributeName", 400, sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["Cups"])
    refused("InvalidAttributeName", 400, queue, name="a", Cups="2")
    refused("InvalidAttributeValue", 400, queue, name="a", VisibilityTimeout="43201")
    refused("InvalidParameterValue", 400, queue, name="a b")
    refused("InvalidParameterValue", 400, queue, name="a", FifoQueue="true")
    status = 404 if "--query" in sys.argv else 400
    refused("ReceiptHandleIsInvalid", status, sqs.delete_message, QueueUrl=url, ReceiptHandle="x")
    assert sqs.list_queues()["QueueUrls"] == [url], "nothing was made"


globals()[sys.argv[1]]()
