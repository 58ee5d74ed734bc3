"""A program under test: requests with pauses between them, and the times that it measures itself.

ListTables is throttled at once, GetItem answered after ten seconds, PutItem never. It ends with status 3 if one of them
took another time, or a read gave up that had no reason to.
"""
import http.client
import os
import random
import sys
import threading
import time

ENDPOINT = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://")
BODY = b'{"TableName":"t","Key":{"id":{"S":"1"}},"Item":{"id":{"S":"1"}}}'
wrong = []


def ask(connection, operation):
    """The status, or that it timed out, and how long that took."""
    began = time.monotonic()
    try:
        connection.request("POST", "/", BODY, {"X-Amz-Target": f"DynamoDB_20120810.{operation}"})
        answer = connection.getresponse()
        answer.read()
        status = answer.status
    except TimeoutError:
        status = "timed out"
        connection.close()
    return status, time.monotonic() - began


def expect(what, found, wanted):
    """A time within a hundredth and a quarter of a second, for a machine that is busy with other work."""
    status, took = found
    if status != wanted[0] or not -0.001 <= took - wanted[1] <= 0.25 + wanted[1] / 100:
        wrong.append((what, found, wanted))


def work(seed):
    draw = random.Random(seed)
    connection = http.client.HTTPConnection(ENDPOINT, timeout=60)
    for attempt in range(6):
        expect("throttled", ask(connection, "ListTables"), (400, 0))
        pause, began = draw.random() * 2**attempt, time.monotonic()
        time.sleep(pause)
        expect("pause", (None, time.monotonic() - began), (None, pause))
        if draw.random() < 0.5:
            connection.close()
    expect("slow", ask(connection, "GetItem"), (200, 10))
    expect("never", ask(connection, "PutItem"), ("timed out", 60))


threads = [threading.Thread(target=work, args=(seed,)) for seed in range(1 + os.getpid() % 3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
if wrong:
    print(wrong, file=sys.stderr)
    sys.exit(3)
