"""Here is a crew: processes that are prepared, then start on their parts of one piece of work together."""

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from time import perf_counter
from typing import Any

SPAWN = multiprocessing.get_context("spawn")

Part = Callable[[int], Any]
"""What a member does when it is told how many; what it returns is checked by whoever started it."""
Member = Callable[[], Part]
"""Prepares what a member needs, in the member's process."""


class Crew:
    def __init__(self, pipes: list[Connection]) -> None:
        self._pipes = pipes

    def work(self, count: int) -> tuple[float, list[Any]]:
        """Seconds from the start signal until the last member was done, and what each of them returned."""
        began = perf_counter()
        for pipe in self._pipes:
            pipe.send(count)
        found = [pipe.recv() for pipe in self._pipes]
        return perf_counter() - began, found


@contextmanager
def crew(*members: Member) -> Iterator[Crew]:
    """A process per member. One that fails is an EOFError here; all of them end with this block."""
    pipes = [SPAWN.Pipe() for _ in members]
    processes = [
        SPAWN.Process(target=_live, args=(theirs, member))
        for member, (_, theirs) in zip(members, pipes, strict=True)
    ]
    for process, (_, theirs) in zip(processes, pipes, strict=True):
        process.start()
        theirs.close()
    try:
        for ours, _ in pipes:
            ours.recv()
        yield Crew([ours for ours, _ in pipes])
    finally:
        for process, (ours, _) in zip(processes, pipes, strict=True):
            ours.close()
            process.join(2.0)
            process.kill()
            process.join()


def _live(pipe: Connection, member: Member) -> None:
    part = member()
    pipe.send(None)
    while True:
        try:
            count = pipe.recv()
        except EOFError:
            return
        pipe.send(part(count))
