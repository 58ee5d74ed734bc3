"""An application against an emulator: it makes a table, puts an item, reads it back, and says what it read.

Throttles stand in its way; the emulator never sees them.
"""
import json

import boto3

client = boto3.client("dynamodb")
client.create_table(
    TableName="orders",
    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    BillingMode="PAY_PER_REQUEST",
)
for number in range(8):
    client.put_item(TableName="orders", Item={"id": {"S": str(number)}, "total": {"N": str(10 * number)}})
total = sum(
    int(client.get_item(TableName="orders", Key={"id": {"S": str(number)}})["Item"]["total"]["N"]) for number in range(8))
counted = client.scan(TableName="orders", Select="COUNT")["Count"]

# Bodies that are too big to be held pass as they come, both ways.
objects = boto3.client("s3")
objects.create_bucket(Bucket="archive")
body = bytes(range(256)) * (4 << 12)
objects.put_object(Bucket="archive", Key="a b/ü", Body=body)
same = objects.get_object(Bucket="archive", Key="a b/ü")["Body"].read() == body
missing = ""
try:
    objects.get_object(Bucket="archive", Key="nothing")
except objects.exceptions.NoSuchKey as error:
    missing = error.response["Error"]["Code"]
print(json.dumps({"total": total, "items": counted, "same": same, "missing": missing}))
