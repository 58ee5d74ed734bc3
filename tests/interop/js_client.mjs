// The AWS SDK for JavaScript as a client of brownout: one call, or a service's story, told on standard
// output as one line of JSON.
//
//   node js_client.mjs SERVICE OPERATION      one call; says how it ended
//   node js_client.mjs SERVICE story          several calls whose answers must parse and agree with each other
//   node js_client.mjs SERVICE errors CODE:OPERATION…    one call each, all at once, that names its code in a header
//
// Endpoint, credentials and retry mode come from the environment alone: that is what is being tested.
import assert from "node:assert/strict";

const ROLE = "arn:aws:iam::000000000000:role/reader";
const queueUrl = () => `${process.env.BROWNOUT_ENDPOINT}/000000000000/orders`;

// Services whose package has another name than their endpoint.
const PACKAGES = { apigateway: "api-gateway", events: "eventbridge", logs: "cloudwatch-logs" };

const INPUTS = {
  apigateway: { CreateDeployment: { restApiId: "shop" } },
  "bedrock-agent-runtime": { Retrieve: { knowledgeBaseId: "KB12345678", retrievalQuery: { text: "what is a brownout?" } } },
  "bedrock-runtime": {
    InvokeModel: { modelId: "some.model", body: "{}" },
    ConverseStream: { modelId: "some.model", messages: [{ role: "user", content: [{ text: "hello" }] }] },
  },
  cloudwatch: {
    PutMetricData: { Namespace: "shop", MetricData: [{ MetricName: "sold", Value: 1 }] },
    TagResource: { ResourceARN: "arn:aws:cloudwatch:us-east-1:000000000000:alarm:a", Tags: [{ Key: "k", Value: "v" }] },
  },
  events: { PutRule: { Name: "nightly", ScheduleExpression: "rate(1 day)" } },
  iam: { CreateUser: { UserName: "ann" } },
  kinesis: { PutRecord: { StreamName: "clicks", Data: Buffer.from("hello"), PartitionKey: "a" } },
  logs: {
    PutLogEvents: { logGroupName: "app", logStreamName: "web", logEvents: [{ timestamp: 1, message: "hello" }] },
  },
  ec2: { DescribeInstances: {} },
  dynamodb: {
    GetItem: { TableName: "orders", Key: { id: { S: "1" } } },
    PutItem: { TableName: "orders", Item: { id: { S: "1" } } },
    TransactWriteItems: { TransactItems: [{ Put: { TableName: "orders", Item: { id: { S: "1" } } } }] },
    CreateTable: {
      TableName: "orders",
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    },
  },
  s3: {
    GetObject: { Bucket: "reports", Key: "june.csv" },
    HeadObject: { Bucket: "reports", Key: "june.csv" },
    PutObject: { Bucket: "reports", Key: "june.csv", Body: "1;2" },
  },
  lambda: { Invoke: { FunctionName: "work", Payload: "{}" } },
  sts: {
    GetCallerIdentity: {},
    AssumeRoleWithWebIdentity: { RoleArn: ROLE, RoleSessionName: "report", WebIdentityToken: "token" },
  },
  sqs: { SendMessage: { QueueUrl: queueUrl(), MessageBody: "hello" } },
};

const STORIES = {
  async ec2(send) {
    const run = await send("RunInstances", { ImageId: "ami-1", InstanceType: "t3.micro", MinCount: 1, MaxCount: 1 });
    const id = run.Instances[0].InstanceId;
    const seen = (await send("DescribeInstances", { InstanceIds: [id] })).Reservations[0].Instances[0];
    assert.equal(seen.InstanceId, id);
    assert.ok(["pending", "running"].includes(seen.State.Name));
    assert.ok(seen.LaunchTime.getFullYear() >= 2020);
    assert.equal((await send("TerminateInstances", { InstanceIds: [id] })).TerminatingInstances[0].InstanceId, id);
    const key = (await send("CreateKeyPair", { KeyName: "door" })).KeyPairId;
    const pairs = (await send("DescribeKeyPairs", { KeyNames: ["door"] })).KeyPairs;
    assert.deepEqual(pairs.map((pair) => pair.KeyPairId), [key]);
    await send("DeleteKeyPair", { KeyName: "door" });
  },
  async dynamodb(send) {
    await send("CreateTable", {
      TableName: "orders",
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    });
    await send("PutItem", { TableName: "orders", Item: { id: { S: "1" }, n: { N: "7" } } });
    const got = await send("GetItem", { TableName: "orders", Key: { id: { S: "1" } } });
    assert.deepEqual(got.Item.n, { N: "7" });
    assert.equal((await send("Scan", { TableName: "orders" })).Count, 1);
    assert.ok((await send("ListTables", {})).TableNames.includes("orders"));
  },
  async s3(send) {
    await send("CreateBucket", { Bucket: "reports" });
    const put = await send("PutObject", { Bucket: "reports", Key: "june.csv", Body: "1;2" });
    const got = await send("GetObject", { Bucket: "reports", Key: "june.csv" });
    assert.equal(await got.Body.transformToString(), "1;2");
    assert.equal(got.ETag, put.ETag);
    assert.equal((await send("HeadObject", { Bucket: "reports", Key: "june.csv" })).ContentLength, 3);
    const list = await send("ListObjectsV2", { Bucket: "reports" });
    assert.deepEqual(list.Contents.map((o) => o.Key), ["june.csv"]);
    assert.ok((await send("ListBuckets", {})).Buckets.some((b) => b.Name === "reports"));
  },
  async lambda(send) {
    const answer = await send("Invoke", { FunctionName: "work", Payload: '{"n":1}' });
    assert.equal(answer.StatusCode, 200);
    assert.equal(answer.FunctionError, undefined);
    JSON.parse(answer.Payload.transformToString());
    assert.equal((await send("GetFunctionConfiguration", { FunctionName: "work" })).FunctionName, "work");
  },
  async sts(send) {
    assert.equal((await send("GetCallerIdentity", {})).Account, "000000000000");
    const role = await send("AssumeRole", { RoleArn: ROLE, RoleSessionName: "report" });
    assert.match(role.AssumedRoleUser.Arn, /assumed-role\/reader\/report$/);
    assert.ok(role.Credentials.Expiration instanceof Date);
  },
  async sqs(send) {
    const { QueueUrl } = await send("CreateQueue", { QueueName: "orders" });
    await send("SendMessage", { QueueUrl, MessageBody: "hello" });
    const message = (await send("ReceiveMessage", { QueueUrl })).Messages[0];
    assert.equal(message.Body, "hello");
    await send("DeleteMessage", { QueueUrl, ReceiptHandle: message.ReceiptHandle });
  },
  async apigateway(send) {
    const api = await send("CreateRestApi", { name: "shop" });
    assert.ok(api.createdDate instanceof Date);
    assert.deepEqual((await send("GetRestApis", {})).items.map((a) => a.id), [api.id]);
    const made = await send("CreateDeployment", { restApiId: api.id, stageName: "prod" });
    assert.equal((await send("GetDeployments", { restApiId: api.id })).items[0].id, made.id);
    await send("DeleteRestApi", { restApiId: api.id });
  },
  async "bedrock-agent-runtime"(send) {
    const found = await send("Retrieve", { knowledgeBaseId: "KB12345678", retrievalQuery: { text: "what is a brownout?" } });
    assert.equal(found.retrievalResults[0].score, 0.9);
    const knowledgeBaseConfiguration = {
      knowledgeBaseId: "KB12345678",
      modelArn: "arn:aws:bedrock:us-east-1::foundation-model/some.model",
    };
    const answer = await send("RetrieveAndGenerate", {
      input: { text: "what is a brownout?" },
      retrieveAndGenerateConfiguration: { type: "KNOWLEDGE_BASE", knowledgeBaseConfiguration },
    });
    assert.ok(answer.output.text && answer.sessionId);
  },
  async "bedrock-runtime"(send) {
    const answer = await send("InvokeModel", { modelId: "some.model:1", body: '{"prompt":"hello"}' });
    assert.ok(JSON.parse(answer.body.transformToString()).content[0].text);
    const messages = [{ role: "user", content: [{ text: "hello" }] }];
    const talk = await send("Converse", { modelId: "some.model:1", messages });
    assert.equal(talk.stopReason, "end_turn");
    const said = [];
    for await (const event of (await send("ConverseStream", { modelId: "some.model:1", messages })).stream) {
      said.push(event.contentBlockDelta?.delta.text ?? "");
    }
    assert.equal(said.join(""), talk.output.message.content[0].text);
    const stream = await send("InvokeModelWithResponseStream", { modelId: "some.model:1", body: '{"prompt":"hello"}' });
    const chunks = [];
    for await (const event of stream.body) chunks.push(JSON.parse(new TextDecoder().decode(event.chunk.bytes)));
    assert.equal(chunks.map((chunk) => chunk.delta?.text ?? "").join(""), said.join(""));
  },
  async cloudwatch(send) {
    await send("PutMetricData", { Namespace: "shop", MetricData: [{ MetricName: "sold", Values: [1, 3] }] });
    assert.deepEqual((await send("ListMetrics", { Namespace: "shop" })).Metrics.map((m) => m.MetricName), ["sold"]);
    const Metric = { Namespace: "shop", MetricName: "sold" };
    const data = await send("GetMetricData", {
      MetricDataQueries: [{ Id: "a", MetricStat: { Metric, Period: 60, Stat: "Sum" } }],
      StartTime: new Date(0),
      EndTime: new Date(),
    });
    assert.deepEqual(data.MetricDataResults[0].Values, [1, 3]);
    assert.ok(data.MetricDataResults[0].Timestamps[0].getFullYear() >= 2020);
  },
  async events(send) {
    assert.match((await send("PutRule", { Name: "nightly", ScheduleExpression: "rate(1 day)" })).RuleArn, /rule.nightly$/);
    await send("PutTargets", { Rule: "nightly", Targets: [{ Id: "1", Arn: "arn:aws:sqs:us-east-1:000000000000:q" }] });
    assert.equal((await send("ListTargetsByRule", { Rule: "nightly" })).Targets[0].Id, "1");
    const put = await send("PutEvents", { Entries: [{ Source: "shop", DetailType: "order", Detail: "{}" }] });
    assert.equal(put.FailedEntryCount, 0);
    assert.ok(put.Entries[0].EventId);
  },
  async iam(send) {
    const made = (await send("CreateUser", { UserName: "ann" })).User;
    assert.ok(made.CreateDate instanceof Date);
    assert.equal((await send("GetUser", { UserName: "ann" })).User.UserId, made.UserId);
    assert.deepEqual((await send("ListUsers", {})).Users.map((u) => u.UserName), ["ann"]);
    const policy = '{"Version":"2012-10-17","Statement":[]}';
    await send("CreateRole", { RoleName: "reader", AssumeRolePolicyDocument: policy });
    const role = (await send("GetRole", { RoleName: "reader" })).Role;
    assert.equal(decodeURIComponent(role.AssumeRolePolicyDocument), policy);
    await send("DeleteUser", { UserName: "ann" });
  },
  async kinesis(send) {
    await send("CreateStream", { StreamName: "clicks", ShardCount: 1 });
    const seen = (await send("DescribeStreamSummary", { StreamName: "clicks" })).StreamDescriptionSummary;
    assert.ok(seen.StreamCreationTimestamp instanceof Date);
    const ShardId = (await send("ListShards", { StreamName: "clicks" })).Shards[0].ShardId;
    await send("PutRecord", { StreamName: "clicks", Data: Buffer.from("one"), PartitionKey: "a" });
    const put = await send("PutRecords", {
      StreamName: "clicks",
      Records: [{ Data: Buffer.from("two"), PartitionKey: "a" }],
    });
    assert.equal(put.FailedRecordCount, 0);
    const start = await send("GetShardIterator", { StreamName: "clicks", ShardId, ShardIteratorType: "TRIM_HORIZON" });
    const got = (await send("GetRecords", { ShardIterator: start.ShardIterator })).Records;
    assert.deepEqual(got.map((r) => Buffer.from(r.Data).toString()), ["one", "two"]);
  },
  async logs(send) {
    const stream = { logGroupName: "app", logStreamName: "web" };
    await send("CreateLogGroup", { logGroupName: "app" });
    await send("CreateLogStream", stream);
    await send("PutLogEvents", { ...stream, logEvents: [{ timestamp: 1, message: "hello" }] });
    assert.deepEqual((await send("GetLogEvents", stream)).events.map((e) => e.message), ["hello"]);
    assert.deepEqual((await send("DescribeLogGroups", {})).logGroups.map((g) => g.logGroupName), ["app"]);
  },
};

const [service, what, ...cases] = process.argv.slice(2);
const name = PACKAGES[service] ?? service;
const sdk = await import(`@aws-sdk/client-${name}`);
const title = Object.keys(sdk).find((key) => key.toLowerCase() === `${name.replaceAll("-", "")}client`);

// A client of its own for each call of `errors`: a client has one retry quota for all its calls.
const sender = (code) => {
  const client = new sdk[title]({});
  if (code !== undefined) {
    const naming = (next) => (args) => {
      args.request.headers["brownout-case"] = code;
      return next(args);
    };
    client.middlewareStack.add(naming, { step: "build" });
  }
  const send = (operation, input) => client.send(new sdk[`${operation}Command`](input));
  return { client, send };
};

// How a call ended: code and status.
const ended = async (work) => {
  try {
    const answer = await work();
    try {
      // What goes wrong within a stream shows only to its reader, without a status of its own.
      for await (const _ of answer?.stream ?? []);
    } catch (error) {
      return { code: error.name, status: answer.$metadata.httpStatusCode };
    }
    // A failed function is no error of the SDK: the answer says so.
    const code = answer?.FunctionError ? JSON.parse(answer.Payload.transformToString()).errorType : "";
    return { code, status: 200 };
  } catch (error) {
    // What is no answer of the service (an assertion, a bug here) must not pass for one.
    if (error.$metadata === undefined) throw error;
    return { code: error.name, status: error.$metadata.httpStatusCode };
  }
};

let result;
if (what === "errors") {
  const calls = cases.map(async (word) => {
    const [, code, operation] = word.match(/^(.*):([^:]*)$/);
    const { client, send } = sender(code);
    const told = await ended(() => send(operation, INPUTS[service][operation]));
    client.destroy();
    return [code, told];
  });
  result = Object.fromEntries(await Promise.all(calls));
} else {
  const { client, send } = sender();
  result = await ended(() => (what === "story" ? STORIES[service](send) : send(what, INPUTS[service][what])));
  client.destroy();
}
console.log(JSON.stringify(result));
