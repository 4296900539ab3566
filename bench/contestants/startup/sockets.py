"""W5: three processes by spawn, linked by PUSH and PULL."""

import json
import multiprocessing
import os
import sys
from typing import Any

import msgpack
import zmq

CONTEXT = multiprocessing.get_context("spawn")


def one(number: int) -> int:
    return number + 1


def two(number: int) -> int:
    return number * 2


def three(number: int) -> int:
    return number - 2


def puller(endpoint: str) -> Any:
    socket: Any = zmq.Context.instance().socket(zmq.PULL)
    socket.bind(endpoint)
    return socket


def pusher(endpoint: str) -> Any:
    socket: Any = zmq.Context.instance().socket(zmq.PUSH)
    socket.connect(endpoint)
    return socket


def relay(before: str, behind: str, step: Any) -> None:
    pull, push = puller(before), pusher(behind)
    while (number := msgpack.unpackb(pull.recv())) is not None:
        push.send(msgpack.packb(step(number)))
    push.send(msgpack.packb(None))


if __name__ == "__main__":
    ends = [f"ipc://@routilux-bench-first-{os.getpid()}-{at}" for at in range(4)]
    steps = [
        CONTEXT.Process(target=relay, args=(ends[at], ends[at + 1], step))
        for at, step in enumerate((one, two, three))
    ]
    for process in steps:
        process.start()
    first, last = pusher(ends[0]), puller(ends[-1])
    first.send(msgpack.packb(21))
    result = msgpack.unpackb(last.recv())
    print(json.dumps({"first": {"result": result, "versions": {"pyzmq": zmq.__version__}}}), flush=True)
    sys.stdin.read()
    first.send(msgpack.packb(None))
    for process in steps:
        process.join()
