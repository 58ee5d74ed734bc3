"""boto3 as a client of brownout: one call, or a service's story, told on standard output as one line of JSON.

    boto3_client.py SERVICE OPERATION      one call; says how it ended
    boto3_client.py SERVICE story          several calls whose answers must parse and agree with each other

Endpoint, credentials and retry mode come from the environment alone: that is what is being tested.
"""
import json
import os
import sys

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
    ("sqs", "SendMessage"): lambda c: c.send_message(QueueUrl=queue_url(), MessageBody="hello"),
}


def ec2(c):
    made = c.run_instances(ImageId="ami-1", InstanceType="t3.micro", MinCount=1, MaxCount=1)["Instances"][0]
    seen = c.describe_instances(InstanceIds=[made["InstanceId"]])["Reservations"][0]["Instances"][0]
    assert seen["InstanceId"] == made["InstanceId"] and seen["State"]["Name"] in ("pending", "running"), seen
    assert seen["LaunchTime"].year >= 2020
    ended = c.terminate_instances(InstanceIds=[made["InstanceId"]])["TerminatingInstances"][0]
    assert ended["InstanceId"] == made["InstanceId"], ended


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


STORIES = {"ec2": ec2, "dynamodb": dynamodb, "s3": s3, "lambda": lambda_, "sts": sts, "sqs": sqs}


def main():
    service, what = sys.argv[1:3]
    client = boto3.client(service)
    try:
        if what == "story":
            STORIES[service](client)
        else:
            CALLS[(service, what)](client)
        code, status = "", 200
    except botocore.exceptions.ClientError as error:
        code = error.response["Error"]["Code"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    print(json.dumps({"code": code, "status": status}))


main()
