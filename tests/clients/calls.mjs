// Calls of the AWS SDK for JavaScript against a cloud of the tests, each with what it expects. Run as `calls.mjs NAME`.
// The packages are those of LUNCH_JAVASCRIPT, a folder that has `node_modules` in it.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.LUNCH_JAVASCRIPT}/`);
const lambda = require("@aws-sdk/client-lambda");
const logs = require("@aws-sdk/client-cloudwatch-logs");

const ARN = "arn:aws:lambda:us-east-1:123456789012:function:scripted";
// Without retries, so that a refusal is seen and not repeated.
const cloud = new lambda.LambdaClient({ maxAttempts: 1 });
const text = (bytes) => Buffer.from(bytes ?? []).toString();

function invoke(script, more = {}) {
  const Payload = typeof script === "string" ? script : JSON.stringify(script);
  return cloud.send(new lambda.InvokeCommand({ FunctionName: "scripted", Payload, ...more }));
}

const calls = {
  async by_name_and_by_arn() {
    for (const FunctionName of ["scripted", ARN, `${ARN}:$LATEST`, "123456789012:function:scripted"]) {
      const answer = await invoke({ do: [{ respond: { at: "noon" } }] }, { FunctionName });
      assert.equal(answer.StatusCode, 200);
      assert.equal(answer.ExecutedVersion, "$LATEST");
      assert.deepEqual(JSON.parse(text(answer.Payload)), { at: "noon" });
    }
  },

  async event_and_dry_run() {
    const event = await invoke({}, { InvocationType: "Event" });
    assert.equal(event.StatusCode, 202);
    assert.equal(text(event.Payload), "");
    assert.equal((await invoke({}, { InvocationType: "DryRun" })).StatusCode, 204);
  },

  async log_tail() {
    const answer = await invoke({ do: [{ print: "brewing" }] }, { LogType: "Tail" });
    const log = Buffer.from(answer.LogResult, "base64").toString();
    assert.ok(log.startsWith(`START RequestId: ${answer.$metadata.requestId} Version: $LATEST\n`), log);
    assert.ok(log.includes("\nbrewing\n") && log.includes("\nREPORT RequestId: "), log);
  },

  async function_error() {
    const answer = await invoke({ do: [{ exit: 2 }] });
    assert.equal(answer.StatusCode, 200);
    assert.equal(answer.FunctionError, "Unhandled");
    assert.equal(JSON.parse(text(answer.Payload)).errorType, "Runtime.ExitError");
  },

  async list_and_get() {
    const { Functions } = await cloud.send(new lambda.ListFunctionsCommand({}));
    assert.deepEqual(Functions.map((one) => one.FunctionArn), [ARN]);
    const one = await cloud.send(new lambda.GetFunctionCommand({ FunctionName: "scripted" }));
    assert.equal(one.Configuration.Timeout, 3);
    let pages = 0;
    for await (const page of lambda.paginateListFunctions({ client: cloud, pageSize: 1 }, {})) pages += page.Functions.length;
    assert.equal(pages, 1);
  },

  async concurrency() {
    const FunctionName = "scripted";
    const put = new lambda.PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 0 });
    assert.equal((await cloud.send(put)).ReservedConcurrentExecutions, 0);
    await assert.rejects(invoke({}), (refused) => {
      assert.ok(refused instanceof lambda.TooManyRequestsException, refused);
      assert.equal(refused.Reason, "ReservedFunctionConcurrentInvocationLimitExceeded");
      return true;
    });
    await cloud.send(new lambda.DeleteFunctionConcurrencyCommand({ FunctionName }));
    assert.equal((await invoke({})).StatusCode, 200);
  },

  async errors() {
    await assert.rejects(invoke({}, { FunctionName: "nobody" }), (refused) => {
      assert.ok(refused instanceof lambda.ResourceNotFoundException, refused);
      assert.ok(refused.message.startsWith("Function not found: arn:aws:lambda:us-east-1:"), refused.message);
      return true;
    });
    await assert.rejects(invoke("{"), lambda.InvalidRequestContentException);
  },

  async cloudwatch_logs() {
    const client = new logs.CloudWatchLogsClient({ maxAttempts: 1 });
    const logGroupName = "/aws/lambda/scripted";
    const absent = client.send(new logs.FilterLogEventsCommand({ logGroupName }));
    await assert.rejects(absent, logs.ResourceNotFoundException);
    await invoke({ do: [{ print: "brewing" }] }, { LogType: "Tail" });

    const { logGroups } = await client.send(new logs.DescribeLogGroupsCommand({ logGroupNamePrefix: "/aws/" }));
    assert.deepEqual(logGroups.map((group) => group.logGroupName), [logGroupName]);
    const { logStreams } = await client.send(new logs.DescribeLogStreamsCommand({ logGroupName }));
    assert.equal(logStreams.length, 1);
    const [{ logStreamName }] = logStreams;
    const asked = { logGroupName, logStreamName, startFromHead: true };
    const { events } = await client.send(new logs.GetLogEventsCommand(asked));
    assert.ok(events.some((event) => event.message.trim() === "brewing"), JSON.stringify(events));
    const filtered = [];
    const wanted = { logGroupName, filterPattern: "?START ?REPORT", limit: 1 };
    for await (const page of logs.paginateFilterLogEvents({ client }, wanted)) filtered.push(...page.events);
    assert.deepEqual(filtered.map((event) => event.message.split(" ")[0]), ["START", "REPORT"]);
  },
};

await calls[process.argv[2]]();
