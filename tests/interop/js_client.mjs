// The AWS SDK for JavaScript as a client of brownout: one call, or a service's story, told on standard
// output as one line of JSON.
//
//   node js_client.mjs SERVICE OPERATION      one call; says how it ended
//   node js_client.mjs SERVICE story          several calls whose answers must parse and agree with each other
//
// Endpoint, credentials and retry mode come from the environment alone: that is what is being tested.
import assert from "node:assert/strict";

const ROLE = "arn:aws:iam::000000000000:role/reader";
const queueUrl = () => `${process.env.BROWNOUT_ENDPOINT}/000000000000/orders`;

const INPUTS = {
  ec2: { DescribeInstances: {} },
  dynamodb: { GetItem: { TableName: "orders", Key: { id: { S: "1" } } } },
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
};

const [service, what] = process.argv.slice(2);
const sdk = await import(`@aws-sdk/client-${service}`);
const title = Object.keys(sdk).find((name) => name.toLowerCase() === `${service}client`);
const client = new sdk[title]({});
const send = (operation, input) => client.send(new sdk[`${operation}Command`](input));

let result = { code: "", status: 200 };
try {
  await (what === "story" ? STORIES[service](send) : send(what, INPUTS[service][what]));
} catch (error) {
  // What is no answer of the service (an assertion, a bug here) must not pass for one.
  if (error.$metadata === undefined) throw error;
  result = { code: error.name, status: error.$metadata.httpStatusCode };
}
console.log(JSON.stringify(result));
