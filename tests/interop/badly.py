"""Clients that misbehave, for the checks of the verdict.

    badly.py escape URL      asks a host of its own choice instead of AWS_ENDPOINT_URL
    badly.py hang            never ends after its first error
"""
import sys
import time

import boto3
import botocore.config


def main():
    once = botocore.config.Config(retries={"total_max_attempts": 1})
    if sys.argv[1] == "escape":
        client = boto3.client("sts", endpoint_url=sys.argv[2], config=once)
        call = client.get_caller_identity
    else:
        client = boto3.client("dynamodb", config=once)
        call = client.list_tables
    try:
        call()
    except Exception as error:  # whatever it is: what counts is what was sent, and what comes next
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
    if sys.argv[1] == "hang":
        time.sleep(600)


main()
