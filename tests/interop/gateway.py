"""Plain HTTP clients of API Gateway's data plane: what urllib3 or curl reads, as one line of JSON.

    gateway.py urllib3|curl PATH…
"""
import json
import os
import subprocess
import sys

import urllib3


def by_urllib3(url):
    answer = urllib3.PoolManager().request("GET", url, retries=False)
    return answer.status, dict(answer.headers.items()), answer.data.decode()


def by_curl(url):
    # -q: the settings of whoever runs the suite stay out.
    done = subprocess.run(["curl", "-q", "-sS", "-i", "--max-time", "10", url], capture_output=True, check=True)
    head, _, body = done.stdout.decode().partition("\r\n\r\n")
    status, *lines = head.split("\r\n")
    return int(status.split(" ")[1]), dict(line.split(": ", 1) for line in lines), body


def main():
    ask = {"urllib3": by_urllib3, "curl": by_curl}[sys.argv[1]]
    read = {}
    for path in sys.argv[2:]:
        status, headers, body = ask(os.environ["BROWNOUT_ENDPOINT"] + path)
        lower = {name.lower(): value for name, value in headers.items()}
        read[path] = {"status": status, "headers": lower, "body": body}
    print(json.dumps(read))


main()
