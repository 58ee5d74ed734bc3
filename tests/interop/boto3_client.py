"""boto3 as a client of brownout: one call, or a service's story, told on standard output as one line of JSON.

    boto3_client.py SERVICE OPERATION      one call; says how it ended
    boto3_client.py SERVICE story          several calls whose answers must parse and agree with each other
    boto3_client.py SERVICE errors CODE:OPERATION…    one call each, all at once, that names its code in a header

Endpoint, credentials and retry mode come from the environment alone: that is what is being tested.
"""
import concurrent.futures
import json
import os
import sys
import threading

import boto3
import botocore.exceptions

ROLE = "arn:aws:iam::000000000000:role/reader"


def queue_url():
    return os.environ["BROWNOUT_ENDPOINT"] + "/000000000000/orders"


CALLS = {
    ("ec2", "DescribeInstances"): lambda c: c.describe_instances(),
    ("dynamodb", "GetItem"): lambda c: c.get_item(TableName="orders", Key={"id": {"S": "1"}}),
    ("s3", "GetObject"): lambda c: c.get_object(Bucket="reports", Key="june.csv"),
    ("s3", "HeadObject"): lambda c: c.head_object(Bucket="reports", Key="june.csv"),
    ("s3", "PutObject"): lambda c: c.put_object(Bucket="reports", Key="june.csv", Body=b"1;2"),
    ("lambda", "Invoke"): lambda c: c.invoke(FunctionName="work", Payload=b"{}"),
    ("sts", "GetCallerIdentity"): lambda c: c.get_caller_identity(),
    ("sts", "AssumeRoleWithWebIdentity"): lambda c: c.assume_role_with_web_identity(
        RoleArn=ROLE, RoleSessionName="report", WebIdentityToken="token"),
    ("apigateway", "CreateDeployment"): lambda c: c.create_deployment(restApiId="shop"),
    ("bedrock-agent-runtime", "Retrieve"): lambda c: c.retrieve(
        knowledgeBaseId="KB12345678", retrievalQuery={"text": "what is a brownout?"}),
    ("bedrock-runtime", "InvokeModel"): lambda c: c.invoke_model(modelId="some.model", body=b"{}"),
    ("bedrock-runtime", "ConverseStream"): lambda c: drain(c.converse_stream(
        modelId="some.model", messages=[{"role": "user", "content": [{"text": "hello"}]}])["stream"]),
    ("cloudwatch", "PutMetricData"): lambda c: c.put_metric_data(
        Namespace="shop", MetricData=[{"MetricName": "sold", "Value": 1.0}]),
    ("cloudwatch", "TagResource"): lambda c: c.tag_resource(
        ResourceARN="arn:aws:cloudwatch:us-east-1:000000000000:alarm:a", Tags=[{"Key": "k", "Value": "v"}]),
    ("dynamodb", "CreateTable"): lambda c: c.create_table(
        TableName="orders", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}]),
    ("dynamodb", "PutItem"): lambda c: c.put_item(TableName="orders", Item={"id": {"S": "1"}}),
    ("dynamodb", "TransactWriteItems"): lambda c: c.transact_write_items(
        TransactItems=[{"Put": {"TableName": "orders", "Item": {"id": {"S": "1"}}}}]),
    ("events", "PutRule"): lambda c: c.put_rule(Name="nightly", ScheduleExpression="rate(1 day)"),
    ("iam", "CreateUser"): lambda c: c.create_user(UserName="ann"),
    ("kinesis", "PutRecord"): lambda c: c.put_record(StreamName="clicks", Data=b"hello", PartitionKey="a"),
    ("logs", "PutLogEvents"): lambda c: c.put_log_events(
        logGroupName="app", logStreamName="web", logEvents=[{"timestamp": 1, "message": "hello"}]),
    ("sqs", "SendMessage"): lambda c: c.send_message(QueueUrl=queue_url(), MessageBody="hello"),
}


def ec2(c):
    made = c.run_instances(ImageId="ami-1", InstanceType="t3.micro", MinCount=1, MaxCount=1)["Instances"][0]
    seen = c.describe_instances(InstanceIds=[made["InstanceId"]])["Reservations"][0]["Instances"][0]
    assert seen["InstanceId"] == made["InstanceId"] and seen["State"]["Name"] in ("pending", "running"), seen
    assert seen["LaunchTime"].year >= 2020
    ended = c.terminate_instances(InstanceIds=[made["InstanceId"]])["TerminatingInstances"][0]
    assert ended["InstanceId"] == made["InstanceId"], ended
    key = c.create_key_pair(KeyName="door")["KeyPairId"]
    assert [k["KeyPairId"] for k in c.describe_key_pairs(KeyNames=["door"])["KeyPairs"]] == [key]
    c.delete_key_pair(KeyName="door")
    assert c.describe_key_pairs()["KeyPairs"] == []


def dynamodb(c):
    c.create_table(
        TableName="orders", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}])
    c.put_item(TableName="orders", Item={"id": {"S": "1"}, "n": {"N": "7"}})
    assert c.get_item(TableName="orders", Key={"id": {"S": "1"}})["Item"]["n"] == {"N": "7"}
    assert c.scan(TableName="orders")["Count"] == 1
    assert "orders" in c.list_tables()["TableNames"]


def s3(c):
    c.create_bucket(Bucket="reports")
    tag = c.put_object(Bucket="reports", Key="june.csv", Body=b"1;2")["ETag"]
    got = c.get_object(Bucket="reports", Key="june.csv")
    assert got["Body"].read() == b"1;2" and got["ETag"] == tag, got
    assert c.head_object(Bucket="reports", Key="june.csv")["ContentLength"] == 3
    assert [o["Key"] for o in c.list_objects_v2(Bucket="reports")["Contents"]] == ["june.csv"]
    assert "reports" in [b["Name"] for b in c.list_buckets()["Buckets"]]


def lambda_(c):
    answer = c.invoke(FunctionName="work", Payload=b'{"n":1}')
    assert answer["StatusCode"] == 200 and "FunctionError" not in answer, answer
    json.loads(answer["Payload"].read())
    assert c.get_function_configuration(FunctionName="work")["FunctionName"] == "work"


def sts(c):
    assert c.get_caller_identity()["Account"] == "000000000000"
    role = c.assume_role(RoleArn=ROLE, RoleSessionName="report")
    assert role["AssumedRoleUser"]["Arn"].endswith("assumed-role/reader/report"), role
    assert role["Credentials"]["Expiration"].tzinfo is not None


def sqs(c):
    url = c.create_queue(QueueName="orders")["QueueUrl"]
    c.send_message(QueueUrl=url, MessageBody="hello")
    message = c.receive_message(QueueUrl=url)["Messages"][0]
    assert message["Body"] == "hello", message
    c.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def apigateway(c):
    api = c.create_rest_api(name="shop")
    assert api["createdDate"].tzinfo is not None
    assert c.get_rest_api(restApiId=api["id"])["name"] == "shop"
    assert [a["id"] for a in c.get_rest_apis()["items"]] == [api["id"]]
    made = c.create_deployment(restApiId=api["id"], stageName="prod")
    assert c.get_deployments(restApiId=api["id"])["items"][0]["id"] == made["id"]
    assert c.get_account()["throttleSettings"] == {"burstLimit": 5000, "rateLimit": 10000.0}
    c.delete_rest_api(restApiId=api["id"])


def bedrock_agent_runtime(c):
    found = c.retrieve(knowledgeBaseId="KB12345678", retrievalQuery={"text": "what is a brownout?"})["retrievalResults"]
    assert found[0]["content"]["text"] and found[0]["score"] == 0.9, found
    answer = c.retrieve_and_generate(
        input={"text": "what is a brownout?"},
        retrieveAndGenerateConfiguration={"type": "KNOWLEDGE_BASE", "knowledgeBaseConfiguration": {
            "knowledgeBaseId": "KB12345678", "modelArn": "arn:aws:bedrock:us-east-1::foundation-model/some.model"}})
    assert answer["output"]["text"] and answer["sessionId"], answer


def bedrock_runtime(c):
    answer = c.invoke_model(modelId="some.model:1", body=b'{"prompt":"hello"}')
    assert json.loads(answer["body"].read())["content"][0]["text"]
    talk = c.converse(modelId="some.model:1", messages=[{"role": "user", "content": [{"text": "hello"}]}])
    assert talk["output"]["message"]["role"] == "assistant" and talk["stopReason"] == "end_turn", talk
    said = talk["output"]["message"]["content"][0]["text"]
    talk = c.converse_stream(modelId="some.model:1", messages=[{"role": "user", "content": [{"text": "hello"}]}])
    events = list(talk["stream"])
    deltas = [event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event]
    assert "".join(deltas) == said and "metadata" in events[-1], events
    answer = c.invoke_model_with_response_stream(modelId="some.model:1", body=b'{"prompt":"hello"}')
    chunks = [json.loads(event["chunk"]["bytes"]) for event in answer["body"]]
    assert "".join(c["delta"].get("text", "") for c in chunks if "delta" in c) == said, chunks


def cloudwatch(c):
    c.put_metric_data(Namespace="shop", MetricData=[{"MetricName": "sold", "Values": [1.0, 3.0]}])
    assert [m["MetricName"] for m in c.list_metrics(Namespace="shop")["Metrics"]] == ["sold"]
    times = {"StartTime": 0, "EndTime": 9999999999}
    query = {"Id": "a", "MetricStat": {
        "Metric": {"Namespace": "shop", "MetricName": "sold"}, "Period": 60, "Stat": "Sum"}}
    data = c.get_metric_data(MetricDataQueries=[query], **times)["MetricDataResults"][0]
    assert data["Values"] == [1.0, 3.0] and data["Timestamps"][0].year >= 2020, data
    point = c.get_metric_statistics(
        Namespace="shop", MetricName="sold", Period=60, Statistics=["Sum"], **times)["Datapoints"][0]
    assert point["Sum"] == 4.0 and point["Timestamp"].year >= 2020, point
    c.put_metric_alarm(
        AlarmName="low", MetricName="sold", Namespace="shop", EvaluationPeriods=1, Period=60, Statistic="Sum",
        Threshold=1, ComparisonOperator="LessThanThreshold")
    alarm = c.describe_alarms(AlarmNames=["low"])["MetricAlarms"][0]
    assert alarm["StateValue"] == "INSUFFICIENT_DATA" and alarm["StateUpdatedTimestamp"].year >= 2020, alarm


def events(c):
    rule = {"Name": "nightly", "ScheduleExpression": "rate(1 day)"}
    assert c.put_rule(**rule)["RuleArn"].endswith(":rule/nightly")
    c.put_targets(Rule="nightly", Targets=[{"Id": "1", "Arn": "arn:aws:sqs:us-east-1:000000000000:q"}])
    assert c.list_targets_by_rule(Rule="nightly")["Targets"][0]["Id"] == "1"
    assert c.describe_rule(Name="nightly")["State"] == "ENABLED"
    assert [r["Name"] for r in c.list_rules()["Rules"]] == ["nightly"]
    put = c.put_events(Entries=[{"Source": "shop", "DetailType": "order", "Detail": "{}"}])
    assert put["FailedEntryCount"] == 0 and put["Entries"][0]["EventId"], put


def iam(c):
    made = c.create_user(UserName="ann")["User"]
    assert made["Arn"].endswith(":user/ann") and made["CreateDate"].tzinfo is not None, made
    assert c.get_user(UserName="ann")["User"]["UserId"] == made["UserId"]
    assert [u["UserName"] for u in c.list_users()["Users"]] == ["ann"]
    c.create_role(RoleName="reader", AssumeRolePolicyDocument='{"Version":"2012-10-17","Statement":[]}')
    role = c.get_role(RoleName="reader")["Role"]
    assert role["AssumeRolePolicyDocument"]["Version"] == "2012-10-17", role
    c.attach_role_policy(RoleName="reader", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    assert c.list_attached_role_policies(RoleName="reader")["AttachedPolicies"] == []
    assert c.create_access_key(UserName="ann")["AccessKey"]["Status"] == "Active"
    c.delete_user(UserName="ann")
    assert c.list_users()["Users"] == []


def kinesis(c):
    c.create_stream(StreamName="clicks", ShardCount=1)
    seen = c.describe_stream_summary(StreamName="clicks")["StreamDescriptionSummary"]
    assert seen["StreamCreationTimestamp"].tzinfo is not None and seen["OpenShardCount"] == 1, seen
    shard = c.list_shards(StreamName="clicks")["Shards"][0]["ShardId"]
    first = c.put_record(StreamName="clicks", Data=b"one", PartitionKey="a")["SequenceNumber"]
    put = c.put_records(StreamName="clicks", Records=[{"Data": b"two", "PartitionKey": "a"}])
    assert put["FailedRecordCount"] == 0 and put["Records"][0]["SequenceNumber"] > first, put
    start = c.get_shard_iterator(StreamName="clicks", ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    got = c.get_records(ShardIterator=start["ShardIterator"])["Records"]
    assert [r["Data"] for r in got] == [b"one", b"two"], got


def logs(c):
    c.create_log_group(logGroupName="app")
    c.create_log_stream(logGroupName="app", logStreamName="web")
    c.put_log_events(
        logGroupName="app", logStreamName="web", logEvents=[{"timestamp": 1, "message": "hello"}])
    got = c.get_log_events(logGroupName="app", logStreamName="web")["events"]
    assert [e["message"] for e in got] == ["hello"], got
    assert [g["logGroupName"] for g in c.describe_log_groups()["logGroups"]] == ["app"]
    assert [s["logStreamName"] for s in c.describe_log_streams(logGroupName="app")["logStreams"]] == ["web"]
    assert c.filter_log_events(logGroupName="app")["events"][0]["message"] == "hello"


STORIES = {
    "apigateway": apigateway, "bedrock-agent-runtime": bedrock_agent_runtime, "bedrock-runtime": bedrock_runtime,
    "cloudwatch": cloudwatch, "dynamodb": dynamodb, "ec2": ec2, "events": events, "iam": iam, "kinesis": kinesis,
    "lambda": lambda_, "logs": logs, "s3": s3, "sqs": sqs, "sts": sts,
}

# A client has one retry quota (500 tokens) for all its calls: eight calls of four attempts at 14 each fit in.
CALLS_PER_CLIENT = 8


def drain(stream):
    """What goes wrong within a stream shows only to its reader."""
    for _ in stream:
        pass


def function_error(answer):
    """A failed function is no error of the SDK: the answer says so."""
    return json.loads(answer["Payload"].read())["errorType"] if answer.get("FunctionError") else ""


def errors(service, cases):
    """One call for each `CODE:OPERATION`, all at once since they mostly wait."""
    case = threading.local()
    clients = []
    for _ in range(0, len(cases), CALLS_PER_CLIENT):
        client = boto3.client(service)
        client.meta.events.register(
            "before-call", lambda params, **_: params["headers"].__setitem__("brownout-case", case.code))
        clients.append(client)

    def call(number):
        case.code, operation = cases[number].rsplit(":", 1)
        return case.code, ended(lambda: CALLS[(service, operation)](clients[number // CALLS_PER_CLIENT]))

    with concurrent.futures.ThreadPoolExecutor(len(cases)) as pool:
        return dict(pool.map(call, range(len(cases))))


def ended(work):
    """How a call ended: code and status."""
    try:
        answer = work()
    except botocore.exceptions.ClientError as error:
        return {
            "code": error.response["Error"]["Code"],
            # An exception within a stream has none: the answer began with 200.
            "status": error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 200),
        }
    return {"code": function_error(answer or {}), "status": 200}


def main():
    service, what, *cases = sys.argv[1:]
    if what == "errors":
        told = errors(service, cases)
    else:
        client = boto3.client(service)
        told = ended(lambda: STORIES[service](client) if what == "story" else CALLS[(service, what)](client))
    print(json.dumps(told))


main()
