"""W5: three processes by fork, linked by multiprocessing.Queue."""

import json
import multiprocessing
import sys
from typing import Any

CONTEXT = multiprocessing.get_context("fork")


def one(number: int) -> int:
    return number + 1


def two(number: int) -> int:
    return number * 2


def three(number: int) -> int:
    return number - 2


def relay(before: Any, behind: Any, step: Any) -> None:
    while (number := before.get()) is not None:
        behind.put(step(number))
    behind.put(None)


if __name__ == "__main__":
    queues: list[Any] = [CONTEXT.Queue() for _ in range(4)]
    steps = [
        CONTEXT.Process(target=relay, args=(queues[at], queues[at + 1], step))
        for at, step in enumerate((one, two, three))
    ]
    for process in steps:
        process.start()
    queues[0].put(21)
    print(json.dumps({"first": {"result": queues[-1].get(), "versions": {}}}), flush=True)
    sys.stdin.read()
    queues[0].put(None)
    for process in steps:
        process.join()
