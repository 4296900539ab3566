"""Here is what no framework can beat on a machine: bare processes, bare copies, a bare hand-over."""

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

from bench.contestants import work
from bench.contestants.links import Get, Lend, Put
from bench.contestants.members import SPAWN, Part, crew
from bench.contestants.work import Found, Measure

CACHED_BY_NOBODY = 512 << 20
"""Bytes to go through before one comes back to the same memory."""


@contextmanager
def halves(*, loops: int) -> Iterator[Measure]:
    """Items a second of two processes that do half of them each, and say nothing to each other."""
    with crew(partial(_half, loops), partial(_half, loops)) as team:

        def measure(count: int) -> Found:
            seconds, found = team.work(count // 2)
            work.check(sum(found), count // 2 * 2)
            return {"value": count // 2 * 2 / seconds}

        yield measure


def _half(loops: int) -> Part:
    def part(count: int) -> float:
        for number in range(count):
            work.spin_numbered((number, loops))
        return count

    return part


@contextmanager
def copies(*, size: int, is_hot: bool) -> Iterator[Measure]:
    """GB/s of copying in one process."""
    places = 1 if is_hot else max(2, CACHED_BY_NOBODY // size)
    sources, targets = np.ones((places, size // 8)), np.full((places, size // 8), 2.0)  # all touched

    def measure(count: int) -> Found:
        began = perf_counter()
        for number in range(count):
            np.copyto(targets[number % places], sources[number % places])
        seconds = perf_counter() - began
        work.check(targets[(count - 1) % places].sum(), size // 8)
        return {"value": count * size / 1e9 / seconds}

    yield measure


class Ring:
    """Slots in shared memory, and two semaphores that count the free ones and the filled ones."""

    def __init__(self, *, size: int) -> None:
        self.slots = 4 if size > 1 << 20 else 64
        self.memory = SPAWN.RawArray("d", self.slots * size // 8)
        self.free, self.ready = SPAWN.Semaphore(self.slots), SPAWN.Semaphore(0)

    def sender(self) -> Put:
        lend = self.lender()
        return lambda array: lend(array.nbytes, lambda slot: np.copyto(slot, array))

    def lender(self) -> Lend:
        slots = self._endless()

        def lend(size: int, fill: Any) -> None:
            self.free.acquire()
            fill(next(slots))
            self.ready.release()

        return lend

    def receiver(self) -> Get:
        return partial(next, self._filled())

    def _filled(self) -> Iterator[Any]:
        for slot in self._endless():
            self.ready.acquire()
            yield slot
            self.free.release()  # asked for the next one: it is done with this

    def _endless(self) -> Iterator[Any]:
        slots = np.frombuffer(self.memory, np.float64).reshape(self.slots, -1)
        while True:
            yield from slots


class Pipe:
    """Eight bytes through a pipe of the kernel's."""

    def __init__(self) -> None:
        self.reader, self.writer = SPAWN.Pipe(duplex=False)

    def sender(self) -> Put:
        descriptor, pack = self.writer.fileno(), struct.Struct("q").pack
        return lambda number: os.write(descriptor, pack(number))

    def receiver(self) -> Get:
        descriptor, unpack = self.reader.fileno(), struct.Struct("q").unpack
        return lambda: unpack(os.read(descriptor, 8))[0]
