"""A well-behaved application: a few reads, with boto3's standard retries."""
import boto3

client = boto3.client("dynamodb")
for number in range(4):
    client.get_item(TableName="orders", Key={"id": {"S": str(number)}})
