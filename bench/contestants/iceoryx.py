"""Here is iceoryx2: publish-subscribe of byte slices in shared memory, events to wake who waits."""

import ctypes
import os
import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import iceoryx2 as iox2
import numpy as np

from bench.contestants.links import Get, Lend, Put

MIB = 1 << 20
_numbers = count()


class Waiting:
    """The sender notifies after each sample; the receiver takes what there is, then waits on a listener."""

    def __init__(self, *, size: int = 4096) -> None:
        self.name = f"routilux-bench-{os.getpid()}-{next(_numbers)}"
        self.size = size
        self.ahead = 4 if size > MIB else 64 if size > 4096 else 1000

    def sender(self) -> Put:
        loan, notify = self._publisher(), self._notify()

        def put(data: Any) -> None:
            view = memoryview(data).cast("B")
            sample = loan(view.nbytes)
            sample.payload().as_memory_view().cast("B")[:] = view
            sample.assume_init().send()
            notify()

        return put

    def lender(self) -> Lend:
        loan, notify = self._publisher(), self._notify()

        def lend(size: int, fill: Callable[[Any], object]) -> None:
            sample = loan(size)
            fill(np.frombuffer(sample.payload().as_memory_view(), np.float64))
            sample.assume_init().send()
            notify()

        return lend

    def receiver(self) -> Get:
        """What it gives is valid until the next call: it lies in the sample."""
        receive, wait = self._subscriber().receive, self._wait()
        last: list[Any] = [None]

        def get() -> memoryview:
            last[0] = None  # the one before goes back
            while (sample := receive()) is None:
                wait()
            last[0] = sample
            view: memoryview = sample.payload().as_memory_view().cast("B")
            return view

        return get

    def _service(self) -> tuple[Any, Any]:
        iox2.set_log_level(iox2.LogLevel.Error)
        config = iox2.config.default()
        folder = Path(tempfile.gettempdir())
        config.global_cfg.root_path = iox2.Path.new(f"{folder}/")
        config.global_cfg.prefix = iox2.FileName.new(f"{folder.name}-")  # by which the driver finds the rest
        node = iox2.NodeBuilder.new().config(config).create(iox2.ServiceType.Ipc)
        return node, iox2.ServiceName.new(self.name)

    def _samples(self) -> Any:
        node, name = self._service()
        return (
            node.service_builder(name)
            .publish_subscribe(iox2.Slice[ctypes.c_uint8])
            .payload_alignment(iox2.Alignment.new(64))
            .enable_safe_overflow(value=False)
            .subscriber_max_buffer_size(self.ahead)
            .max_publishers(1)
            .max_subscribers(1)
            .open_or_create()
        )

    def _publisher(self) -> Callable[[int], Any]:
        publisher = (
            self._samples()
            .publisher_builder()
            .initial_max_slice_len(self.size)
            .allocation_strategy(iox2.AllocationStrategy.PowerOfTwo)
            .backpressure_strategy(iox2.BackpressureStrategy.RetryUntilDelivered)
            .create()
        )
        loan: Callable[[int], Any] = publisher.loan_slice_uninit
        return loan

    def _subscriber(self) -> Any:
        return self._samples().subscriber_builder().create()

    def _events(self) -> Any:
        node, name = self._service()
        return node.service_builder(name).event().open_or_create()

    def _notify(self) -> Callable[[], object]:
        notify: Callable[[], object] = self._events().notifier_builder().create().notify
        return notify

    def _wait(self) -> Callable[[], object]:
        wait: Callable[[], object] = self._events().listener_builder().create().blocking_wait
        return wait


class Polling(Waiting):
    """No events: the receiver looks again and again, and yields its core when there is nothing."""

    def _notify(self) -> Callable[[], object]:
        return lambda: None

    def _wait(self) -> Callable[[], object]:
        return os.sched_yield
