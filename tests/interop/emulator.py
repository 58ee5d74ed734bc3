"""moto behind the faults: a scenario with an upstream, in front of an emulator that really runs."""
import contextlib
import re
import subprocess

# What stands in the application's way; the emulator sees none of it.
SCENARIO = """brownout: 1
name: interop-upstream
title: A storm of throttles over an emulator
sources: [dynamodb-errors]
service: dynamodb
upstream: {url: %s, reset: /moto-api/reset}
steps:
  - when: {service: dynamodb, attempt: 1}
    every: 2
    inject: {throttle: {code: ProvisionedThroughputExceededException}}
expect: {exit: 0}
"""

# table.py: a table, eight puts, eight gets and a scan; a bucket, a put, two gets.
CALLS = 22
THROTTLED = 9
SAID = {"total": 280, "items": 8, "same": True, "missing": "NoSuchKey"}


@contextlib.contextmanager
def moto(python):
    """A moto server on a free port; gives its address."""
    server = subprocess.Popen(
        [python, "-u", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        for line in server.stderr:
            if found := re.search(r"Running on (http://127\.0\.0\.1:\d+)", line):
                yield found[1]
                return
        raise RuntimeError("moto did not start")
    finally:
        server.terminate()
        server.wait()
        server.stderr.close()
