"""Here are the sockets of a process: the PULL that wakes it, and a PUSH to everyone it may have to wake.

What travels is a descriptor, the doorbell of a lane. Losing any of them loses no message: the lane is the
record, and whoever wakes looks at all its lanes.
"""

import os
import struct
from collections.abc import Iterable, Iterator
from enum import IntEnum
from math import ceil
from typing import NamedTuple, cast

import zmq

from routilux.ipc.endpoints import endpoint

DESCRIPTOR = struct.Struct("<BxxxIQ")
"""kind u8 | lane or job slot u32 | position u64"""

LARGEST = 1024
"""Bytes of one part of a message: more than a descriptor has, since what is cut off is not counted."""

WATERMARK = 4096
"""Descriptors on their way to one process. Fewer would lose wake-ups: a refused one is not one that is
pending.
"""


_EVENTS, _POLLIN, _NOBLOCK = int(zmq.EVENTS), int(zmq.POLLIN), int(zmq.NOBLOCK)
"""As plain numbers, which are asked for quicker."""

GROUP = 64
"""Job slots that one descriptor can name."""


class Bell(IntEnum):
    """Why a process is woken. QUIET names a group of job slots and, as a bit each, some of them."""

    PUBLISHED = 1
    CREDIT = 2
    QUIET = 3
    STATUS = 4


class Descriptor(NamedTuple):
    """What a doorbell says."""

    kind: int
    number: int
    position: int


def groups(slots: Iterable[int]) -> dict[int, int]:
    """Job slots as groups: the number of each, and a bit for each slot."""
    found: dict[int, int] = {}
    for slot in slots:
        found[slot // GROUP] = found.get(slot // GROUP, 0) | 1 << slot % GROUP
    return found


def slots(group: int, bits: int) -> Iterator[int]:
    """The job slots of one group."""
    while bits:
        lowest = bits & -bits
        yield group * GROUP + lowest.bit_length() - 1
        bits ^= lowest


class Doorbells:
    """The sockets of the process `index`; its own context, made after the process has started."""

    def __init__(self, directory: str | os.PathLike[str], index: int) -> None:
        self._directory = directory
        self.context = zmq.Context(io_threads=1)
        self.pull = self._socket(zmq.PULL)
        self.pull.set(zmq.RCVHWM, WATERMARK)
        self.pull.set(zmq.MAXMSGSIZE, LARGEST)  # whoever sends more is cut off
        self.pull.bind(endpoint(directory, f"worker-{index}"))
        self._push: dict[int, zmq.Socket[bytes]] = {}
        self._patience = -1
        self.heard = 0
        """The kind of the bell that has woken us last."""
        self.malformed = 0
        """Messages that were no descriptors; of those that came while we slept, parts."""

    def _socket(self, kind: int) -> "zmq.Socket[bytes]":
        socket = self.context.socket(kind)
        socket.set(zmq.LINGER, 0)  # a dead peer must not hold up our exit
        return socket

    def connect(self, peer: int) -> None:
        """Be ready to wake `peer`; it need not be there yet."""
        push = self._socket(zmq.PUSH)
        push.set(zmq.SNDHWM, WATERMARK)
        push.set(
            zmq.RECONNECT_IVL, 2
        )  # a peer that is just starting is tried again soon, one that is gone less often
        push.set(zmq.RECONNECT_IVL_MAX, 16)
        push.connect(endpoint(self._directory, f"worker-{peer}"))
        self._push[peer] = push

    def ring(self, peer: int, kind: Bell, number: int = 0, position: int = 0) -> None:
        """Wake `peer`, if it is there to be woken; never waits."""
        try:  # noqa: SIM105 - suppress() costs as much as the packing
            self._push[peer].send(DESCRIPTOR.pack(kind, number, position), _NOBLOCK)
        except zmq.Again:
            pass

    def _has_rung(self) -> bool:
        return bool(cast("int", self.pull.get(_EVENTS)) & _POLLIN)

    def wait(self, seconds: float, *, forget: bool = True) -> bool:
        """Sleep until somebody rings, at most `seconds`; what else was rung meanwhile is forgotten, unless
        it is to wake us again. Whether anybody did.
        """
        pull, milliseconds = self.pull, ceil(seconds * 1000)
        if milliseconds != self._patience:
            self._patience = milliseconds
            pull.set(zmq.RCVTIMEO, milliseconds)
        try:
            part = pull.recv()
        except zmq.Again:
            return False
        self._heed(part)
        self.heard = part[0] if part else 0
        for _ in range(WATERMARK if forget else 0):  # whoever floods us must not keep us from our lanes
            if not self._has_rung():
                break
            self._heed(pull.recv())
        return True

    def _heed(self, part: bytes) -> None:
        self.malformed += len(part) != DESCRIPTOR.size

    def rung(self) -> list[Descriptor]:
        """What has been rung and not yet been looked at; does not wait."""
        descriptors: list[Descriptor] = []
        pull = self.pull
        for _ in range(WATERMARK):  # as above
            if not self._has_rung():
                break
            parts = pull.recv_multipart()
            if len(parts) == 1 and len(parts[0]) == DESCRIPTOR.size:
                descriptors.append(Descriptor(*DESCRIPTOR.unpack(parts[0])))
            else:
                self.malformed += 1
        return descriptors

    def close(self) -> None:
        self.context.destroy(linger=0)
