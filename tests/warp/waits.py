"""A program under test: it waits in every way that Python has, and says how long each took by its own clocks.

One line each: what, how long, and how long it was to be, in seconds.
"""
import asyncio
import ctypes
import http.client
import multiprocessing
import os
import queue
import select
import signal
import socket
import struct
import subprocess
import threading
import time


def measure(what, wanted, wait):
    began, date = time.monotonic(), time.time()
    wait(wanted)
    took, passed = time.monotonic() - began, time.time() - date
    print(f"{what}\t{took:.6f}\t{wanted}", flush=True)
    print(f"{what}, by date\t{passed:.6f}\t{wanted}", flush=True)


def condition(wanted):
    lock = threading.Condition()
    with lock:
        lock.wait(wanted)


def nothing_comes(wanted):
    try:
        queue.Queue().get(timeout=wanted)
    except queue.Empty:
        pass


def polled(wanted):
    reader, _ = os.pipe()
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    poll.poll(wanted * 1000)


def epolled(wanted):
    reader, _ = os.pipe()
    epoll = select.epoll()
    epoll.register(reader, select.EPOLLIN)
    epoll.poll(wanted)


def nothing_received(wanted):
    one, other = socket.socketpair()
    one.settimeout(wanted)
    try:
        one.recv(1)
    except TimeoutError:
        other.close()


def limited(wanted):
    one, other = socket.socketpair()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", wanted, 0))
    try:
        one.recv(1)
    except BlockingIOError:
        other.close()


def alarm(wanted):
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.alarm(wanted)
    signal.pause()


def interval(wanted):
    signal.setitimer(signal.ITIMER_REAL, wanted / 2, wanted / 4)
    for _ in range(3):
        signal.pause()
    signal.setitimer(signal.ITIMER_REAL, 0)


def timer(wanted):
    """Rings at two thirds, and a third later."""
    library = ctypes.CDLL(None)
    fd = library.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK)
    times = (ctypes.c_long * 4)(wanted // 3, 0, wanted // 3 * 2, 0)
    library.timerfd_settime(fd, 0, times, None)
    epoll = select.epoll()
    epoll.register(fd, select.EPOLLIN)
    for _ in range(2):
        epoll.poll()
        os.read(fd, 8)
    os.close(fd)


def threads(wanted):
    running = [threading.Thread(target=time.sleep, args=(wanted * (i + 1) / 20,)) for i in range(20)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


def woken(wanted):
    event = threading.Event()
    threading.Timer(wanted, event.set).start()
    event.wait(100)


def processes(wanted):
    fork = multiprocessing.get_context("fork")
    event = fork.Event()
    child = fork.Process(target=lambda: (time.sleep(wanted), event.set()))
    child.start()
    event.wait(60)
    child.join()


async def tasks(wanted):
    await asyncio.gather(*(asyncio.sleep(wanted * part) for part in (0.1, 0.5, 1)))


def own_server(wanted):
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        client.settimeout(wanted)
        try:
            client.recv(1)
        except TimeoutError:
            pass


def refused(wanted):
    """A program that asks somebody who is not there hears so at once, and waits no longer for that."""
    time.sleep(wanted)
    try:
        socket.create_connection(("127.0.0.1", 1), timeout=60)
    except ConnectionRefusedError:
        pass


measure("sleep", 3, time.sleep)
measure("event", 4, lambda s: threading.Event().wait(s))
measure("condition", 5, condition)
measure("queue", 6, nothing_comes)
measure("select", 7, lambda s: select.select([os.pipe()[0]], [], [], s))
measure("poll", 8, polled)
measure("epoll", 9, epolled)
measure("receive", 10, nothing_received)
measure("SO_RCVTIMEO", 11, limited)
measure("alarm", 12, alarm)
measure("setitimer", 4, interval)
measure("sigtimedwait", 5, lambda s: signal.sigtimedwait([signal.SIGUSR1], s))
measure("timerfd", 6, timer)
measure("threads", 20, threads)
measure("woken", 4, woken)
measure("processes", 3, processes)
measure("asyncio", 6, lambda s: asyncio.run(tasks(s)))
measure("own server", 7, own_server)
measure("child", 13, lambda s: subprocess.run(["sleep", str(s)], check=True))
measure("grandchildren", 14, lambda s: subprocess.run(["sh", "-c", f"sleep 5; (sleep 30 & sleep {s - 5})"], check=True))
measure("in small steps", 20, lambda s: [time.sleep(0.5) for _ in range(s * 2)])
# Last: who has asked somebody else is warped with more care, and slower.
measure("refused", 2, refused)

endpoint = http.client.HTTPConnection(os.environ["AWS_ENDPOINT_URL"].removeprefix("http://"))
endpoint.request("POST", "/", b"{}", {"X-Amz-Target": "DynamoDB_20120810.ListTables"})
endpoint.getresponse().read()
