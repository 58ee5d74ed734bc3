"""A program on boto3 that makes the calls of a scenario, and says on standard output how each of them ended.

    verdict_boto3.py DEMAND      what demand.py gives for one scenario
        --timeout SECONDS        how long to wait for an answer
        --retries N              a mistake: so many retries, in the client's configuration
        --loop N                 a mistake: a loop of its own around each call, without a pause

It knows nothing of brownout but the address of its queues: endpoint, credentials and retry mode come from the
environment.
"""
import argparse
import concurrent.futures
import json
import os
import time

import boto3
import botocore.exceptions
from botocore import xform_name
from botocore.config import Config

# Whoever writes such a program gives values their types; a scenario has texts, numbers and objects.
DOCUMENTS = ("Payload", "body")
ELSEWHERE = "http://127.0.0.1/"


def typed(name, value):
    if name in DOCUMENTS and isinstance(value, dict):
        return json.dumps(value).encode()
    if isinstance(value, str) and name == "QueueUrl":
        return f"{os.environ['BROWNOUT_ENDPOINT']}/{value.split('/', 3)[3]}"
    return value


def call(client, operation, params, loops):
    """Makes one call and reads its whole answer; gives its error's code."""
    for _ in range(loops - 1):
        if (ended := once(client, operation, params)) == "":
            return ended
    return once(client, operation, params)


def once(client, operation, params):
    try:
        answer = getattr(client, xform_name(operation))(**params)
        for part in answer.values():
            if hasattr(part, "read"):
                part.read()
        return ""
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    except botocore.exceptions.BotoCoreError as error:
        return type(error).__name__


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("demand", type=json.loads)
    parser.add_argument("--timeout", type=float)
    parser.add_argument("--retries", type=int)
    parser.add_argument("--loop", type=int, default=1)
    asked = parser.parse_args()
    settings = {"read_timeout": asked.timeout} if asked.timeout else {}
    if asked.retries:
        settings["retries"] = {"max_attempts": asked.retries, "mode": "standard"}
    # One request at a time, as such loops are written.
    threads = 1 if asked.loop > 1 else 32
    clients, ended = {}, []
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        for service, operation, params, count, every, at_a_time in asked.demand:
            client = clients.get(service) or clients.setdefault(service, boto3.client(service, config=Config(**settings)))
            params = {name: typed(name, value) for name, value in params.items()}
            began, running = time.monotonic(), []
            for number in range(count):
                if every:
                    time.sleep(max(0, began + number * every - time.monotonic()))
                elif len(running) - sum(f.done() for f in running) >= at_a_time:
                    concurrent.futures.wait(
                        [f for f in running if not f.done()], return_when=concurrent.futures.FIRST_COMPLETED)
                running.append(pool.submit(call, client, operation, params, asked.loop))
            ended += [f.result() for f in running]
    print(json.dumps(ended))


if __name__ == "__main__":
    main()
