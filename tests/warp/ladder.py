"""A program under test: pauses that grow, drawn from a seed, between throttled requests."""
import http.client
import os
import random
import time

draw = random.Random(7)
connection = http.client.HTTPConnection(os.environ["AWS_ENDPOINT_URL"].removeprefix("http://"), timeout=60)
for attempt in range(7):
    connection.request("POST", "/", b"{}", {"X-Amz-Target": "DynamoDB_20120810.ListTables"})
    connection.getresponse().read()
    time.sleep(draw.random() * 0.05 * 2**attempt)
