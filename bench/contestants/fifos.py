"""Here is faster-fifo: a queue of pickles in shared memory."""

from collections import deque
from typing import Any

import faster_fifo
import faster_fifo_reduction  # noqa: F401  # so that a queue can be handed to a spawned process

from bench.contestants.links import Get, Put

PATIENCE = 60.0


class Queue:
    def __init__(self, *, size: int = 0) -> None:
        self.queue: Any = faster_fifo.Queue(max(1_000_000, 4 * size + 65_536))

    def sender(self) -> Put:
        put = self.queue.put
        return lambda value: put(value, timeout=PATIENCE)

    def receiver(self) -> Get:
        """Takes all there is at a time, as its README advises."""
        get_many, waiting = self.queue.get_many, deque[Any]()

        def get() -> Any:
            if not waiting:
                waiting.extend(get_many(timeout=PATIENCE))
            return waiting.popleft()

        return get
