"""Here is what Routilux is compared with: bare processes, and two usual ways to link them."""

import multiprocessing
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import count
from multiprocessing.connection import Connection
from time import perf_counter
from typing import Any

import msgpack
import numpy as np
import zmq

from routilux import Flow, Runtime

SPAWN = multiprocessing.get_context("spawn")
_folder = tempfile.TemporaryDirectory(prefix="bench-")
_numbers = count()


class Link:
    """A one-way street between two processes, here a multiprocessing.Queue; None says that it ends."""

    def __init__(self) -> None:
        self.queue: Any = SPAWN.Queue(1000)

    def sender(self) -> Callable[[Any], object]:
        return partial(self.queue.put)

    def receiver(self) -> Callable[[], Any]:
        return partial(self.queue.get)


class ZmqLink(Link):
    """PUSH and PULL over a Unix socket; arrays cross as their bytes, the rest as MessagePack."""

    def __init__(self, *, arrays: bool = False) -> None:
        self.endpoint = f"ipc://{_folder.name}/{next(_numbers)}"
        self.arrays = arrays

    def sender(self) -> Callable[[Any], object]:
        socket: Any = zmq.Context.instance().socket(zmq.PUSH)
        socket.bind(self.endpoint)
        if self.arrays:
            return lambda value: socket.send(b"" if value is None else value, copy=False)
        return lambda value: socket.send(msgpack.packb(value))

    def receiver(self) -> Callable[[], Any]:
        socket: Any = zmq.Context.instance().socket(zmq.PULL)
        socket.connect(self.endpoint)
        if self.arrays:
            return lambda: np.frombuffer(data, np.uint8) if (data := socket.recv(copy=False).buffer) else None
        return lambda: msgpack.unpackb(socket.recv())


def _until_none(get: Callable[[], Any]) -> Iterator[Any]:
    while (value := get()) is not None:
        yield value


def feed(link: Link, items: Callable[[], Iterable[Any]]) -> Callable[[], object]:
    put = link.sender()
    return lambda: [*map(put, items()), put(None)]


def relay(before: Link, behind: Link, work: Callable[[Any], Any]) -> Callable[[], object]:
    get, put = before.receiver(), behind.sender()
    return lambda: [*(put(work(value)) for value in _until_none(get)), put(None)]


def drain(link: Link, work: Callable[[Any], Any]) -> Callable[[], object]:
    get = link.receiver()
    return lambda: deque(map(work, _until_none(get)), maxlen=0)


def timed(*members: Callable[[], Callable[[], object]]) -> float:
    """Seconds from the start signal until each member, a process, has done the work that it returns."""
    pipes = [SPAWN.Pipe() for _ in members]
    processes = [
        SPAWN.Process(target=_live, args=(theirs, member))
        for member, (_, theirs) in zip(members, pipes, strict=True)
    ]
    for process, (_, theirs) in zip(processes, pipes, strict=True):
        process.start()
        theirs.close()  # so that a member that fails is an EOFError here
    for ours, _ in pipes:
        ours.recv()
    began = perf_counter()
    for ours, _ in pipes:
        ours.send(None)
    for ours, _ in pipes:
        ours.recv()
    seconds = perf_counter() - began
    for process, (ours, _) in zip(processes, pipes, strict=True):
        ours.send(None)
        process.join()
    return seconds


def _live(pipe: Connection, member: Callable[[], Callable[[], object]]) -> None:
    for step in (lambda: None, member()):
        step()
        pipe.send(None)
        pipe.recv()


def ran(runtime: Runtime, flow: Flow, count: int) -> float:
    """Seconds that a job takes, from its start to its end."""
    job = runtime.exec(flow, count=count).wait()
    job.result()
    return (job.finished_at or 0.0) - (job.started_at or 0.0)
