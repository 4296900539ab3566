"""Here is what the standard library has to link processes: multiprocessing.Queue and SimpleQueue."""

from typing import Any

from bench.contestants.links import Get, Put
from bench.contestants.members import SPAWN


class Queue:
    def __init__(self, *, size: int = 0) -> None:
        self.queue: Any = SPAWN.Queue(4 if size > 1 << 20 else 1000)

    def sender(self) -> Put:
        put: Put = self.queue.put
        return put

    def receiver(self) -> Get:
        get: Get = self.queue.get
        return get


class SimpleQueue(Queue):
    """A pipe and a lock, without the thread of the other one."""

    def __init__(self, *, size: int = 0) -> None:
        self.queue = SPAWN.SimpleQueue()
