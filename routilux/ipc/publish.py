"""Here is the publisher: the XPUB socket on which a process tells hook events to whoever has subscribed.

    publisher = Publisher(bells.context, directory, process=0, epoch=1)
    if publisher.look():                     # whenever the process wakes, and a few times a second under load
        ...                                  # somebody has come: publish everything he must start from
    if publisher.wants[ROUTINE]:             # the one branch that no subscriber costs
        publisher.publish(ROUTINE, events)   # one envelope; never waits

What a subscriber does not take in time is lost to him, which the numbers of the envelopes show. So do they
what was published before he came, and that nobody has listened in between.
"""

import os
from collections.abc import Sequence
from time import monotonic_ns, time_ns
from typing import Any, cast

import msgspec
import zmq

from routilux.hookevents import JOB, LOG, ROUTINE, STATS, Envelope, HookEvent
from routilux.ipc.endpoints import endpoint

TOPICS = (JOB, ROUTINE, STATS, LOG)
WATERMARK = 512
"""Envelopes that may wait for one subscriber; with `MOST` this bounds the memory that a stopped one costs."""
MOST = 256
"""Events of one envelope."""
PUBLISH_NS = 250_000_000
"""Between two publications of a process that has something to tell all the time. All processes publish at the
same instants of the monotonic clock, so that who listens to them wakes once.
"""
LINGER_MS = 100
"""For so long the end of a process may wait for a subscriber that does not read."""
_SUBSCRIBE = 1


def hooks_name(process: int) -> str:
    """What the publisher's socket is called in the directory of its flow."""
    return f"hooks-{process}"


class Publisher:
    """The socket of one process and epoch, which is that of its incarnation. It ends at the latest with its
    context.
    """

    def __init__(
        self, context: "zmq.Context[Any]", directory: str | os.PathLike[str], *, process: int, epoch: int
    ) -> None:
        self._process = process
        self._epoch = epoch
        self._number = 0
        self._prefixes: set[bytes] = set()
        self.wants: dict[bytes, bool] = dict.fromkeys(TOPICS, False)
        """Which topics anybody has subscribed to, as of the last look."""
        self._encode = msgspec.msgpack.Encoder().encode
        self.socket = context.socket(zmq.XPUB)
        self.socket.set(zmq.LINGER, 0)  # a dead subscriber must not hold up our exit
        self.socket.set(zmq.SNDHWM, WATERMARK)
        self.socket.set(zmq.XPUB_VERBOSE, 1)  # the second subscriber of a topic wants his start, too
        self.socket.bind(endpoint(directory, hooks_name(process)))

    def close(self) -> None:
        """What is on its way gets a moment to arrive; the context's end waits for that."""
        self.socket.close(linger=LINGER_MS)

    @property
    def is_heard(self) -> bool:
        """Whether anybody has subscribed to anything, as of the last look."""
        return bool(self._prefixes)

    def look(self) -> bool:
        """Note who has come and gone; whether anybody has come. Costs about a microsecond."""
        socket, has_come, before = self.socket, False, self._prefixes.copy()
        while cast("int", socket.get(zmq.EVENTS)) & zmq.POLLIN:
            said = socket.recv()
            if said[:1] == bytes([_SUBSCRIBE]):
                has_come = True
                self._prefixes.add(said[1:])
            else:
                self._prefixes.discard(said[1:])
        if before and not self._prefixes:
            self._number += 1  # what happens now is told nobody: that shows as a gap to whoever comes next
        if self._prefixes != before:
            self.wants = {topic: any(map(topic.startswith, self._prefixes)) for topic in TOPICS}
        return has_come

    def publish(self, topic: bytes, events: Sequence[HookEvent]) -> None:
        """Send the events to the subscribers of the topic; what one has no room for is lost to him."""
        for start in range(0, len(events), MOST):
            part = tuple(events[start : start + MOST])
            self._number += 1
            wall = time_ns() - monotonic_ns()
            envelope = Envelope(self._process, self._epoch, self._number, wall, part)
            self.socket.send_multipart([topic, self._encode(envelope)], zmq.NOBLOCK)
