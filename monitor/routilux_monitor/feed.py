"""Here is the feed: it follows the running runtimes of this user, and tells the store what they publish."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from itertools import count
from pathlib import Path
from time import monotonic_ns
from typing import Self

import zmq
import zmq.asyncio

from routilux import clock
from routilux.commands import Describe, Description, FlowInfo
from routilux.errors import Busy, DeadlineExceeded, StoreError
from routilux.ipc.endpoints import endpoint
from routilux.ipc.publish import PUBLISH_NS, hooks_name
from routilux.plan import SUPERVISOR
from routilux_monitor.discovery import Found, running
from routilux_monitor.line import Line, RuntimeGone
from routilux_monitor.model import Instance
from routilux_monitor.reading import Opened, Reading
from routilux_monitor.store import Store
from routilux_monitor.usage import UsageReader

LOOK = 0.5
"""Seconds between two looks at what runs,"""
LOOKS_PER_READING = 2
"""after so many of which there is a look at what it uses."""
ASK = 5.0
"""Seconds after which a runtime is asked for its description, though nothing seems to have changed."""
SOON = 0.25
"""Seconds between two questions at least."""
SLICE = 0.004
"""Seconds that all flows together may keep the event loop at a time."""
LATE_NS = 15_000_000
"""So long after the instants at which processes publish, what a flow's workers have published is read while
they have something to tell all the time: each waking takes a core from the flow. What its supervisor says, of
jobs and of what is held, does not wait.
"""
BATCH = 64
"""Messages of one flow that are looked at together; of the snapshots among them only the last are read."""
WATERMARK = 600
"""Messages of one flow on their way to us, each of up to 40 kB; what its processes publish beyond is dropped,
and missing. A process publishes twelve a second, and eighty if a job with much to tell is traced.
"""
LEAST = 64
"""Of each process, however many there are."""
LARGEST = 16 << 20
"""Bytes of a message; a process that sends more is cut off."""

Forget = Callable[[str], Awaitable[None]]

log = logging.getLogger("routilux.monitor")


async def _keep(_flow_id: str) -> None:
    """Whoever forgets nothing."""


class Subscription:
    """The hook events of some processes of one instance: a task reads them, a slice at a time. With `gathers`
    it waits for the next instant of publication when all is read.
    """

    def __init__(
        self, feed: "Feed", info: FlowInfo, processes: Iterable[int], *, gathers: bool = False
    ) -> None:
        self._feed = feed
        self._gathers = gathers
        self._worker_id = info.worker_id
        self._reading = Reading()
        self._unread: Iterator[Opened] = iter(())
        # Not one of asyncio's: that wakes us for each message that comes while we pause.
        self._socket: zmq.Socket[bytes] = zmq.Socket(feed.context, zmq.SUB)
        self._socket.set(zmq.LINGER, 0)  # a dead process must not hold up our exit
        self._socket.set(zmq.RCVHWM, max(LEAST, WATERMARK // max(1, info.processes)))
        self._socket.set(zmq.MAXMSGSIZE, LARGEST)
        self._socket.set(zmq.RECONNECT_IVL, 20)
        self._socket.set(zmq.RECONNECT_IVL_MAX, 500)
        self._socket.subscribe(b"")
        for process in processes:
            self._socket.connect(endpoint(info.directory, hooks_name(process)))
        self._task = _start(self._run(), f"events of {info.worker_id}")

    async def _run(self) -> None:
        until = 0.0
        while True:
            messages = self._at_hand(BATCH)
            if not messages:
                await self._news()
                continue
            self._unread = self._reading.read(messages)
            for opened in self._unread:
                self._tell(opened)
                if clock.monotonic() >= until:
                    await asyncio.sleep(0)  # whoever else is ready goes first
                    until = clock.monotonic() + SLICE / max(1, self._feed.subscribed)
            self._count()
            if self._gathers and len(messages) < BATCH:
                await asyncio.sleep((PUBLISH_NS - (monotonic_ns() - LATE_NS) % PUBLISH_NS) / 1e9)

    async def _news(self) -> None:
        """Until something may have come. The descriptor tells of changes: we look once it is watched."""
        came, descriptor, loop = asyncio.Event(), self._socket.fileno(), asyncio.get_running_loop()
        loop.add_reader(descriptor, came.set)
        try:
            if not self._socket.poll(0):
                await came.wait()
        finally:
            loop.remove_reader(descriptor)

    def _at_hand(self, most: int) -> list[list[bytes]]:
        found: list[list[bytes]] = []
        while len(found) < most:
            try:
                found.append(self._socket.recv_multipart(zmq.NOBLOCK))
            except zmq.Again:
                break
        return found

    def _tell(self, opened: Opened) -> None:
        self._feed.tell(self._worker_id, opened)
        self._count()  # before the event loop is anybody else's: a gap is shown with what came after it

    def _count(self) -> None:
        """What could not be read, and what has not come."""
        reading = self._reading
        self._feed.malformed += reading.malformed
        if reading.missed:
            self._feed.store.missed(self._worker_id, reading.missed)
        reading.malformed = reading.missed = 0

    async def close(self) -> None:
        """Read what has come, and end."""
        await _cancel(self._task)
        messages: list[list[bytes]] = []
        while True:
            for opened in self._unread:
                self._tell(opened)
            messages = self._at_hand(BATCH)
            if not messages:
                break
            self._unread = self._reading.read(messages)
        self._count()
        self._socket.close(linger=0)


class Follower:
    """One runtime: asked what it has, its running flows subscribed to."""

    def __init__(self, feed: "Feed", found: Found) -> None:
        self._feed = feed
        self._runtime_id = found.introduction.runtime_id
        self.directory = found.directory
        self.line = Line(feed.context, found.directory, self._runtime_id)
        self.subscriptions: dict[str, tuple[Subscription, ...]] = {}
        """To what the supervisor of a flow publishes, and to what its workers do."""
        self._changed = found.changed
        self._bell = asyncio.Event()
        self._task = _start(self._run(), f"descriptions of {self._runtime_id}")

    def seen(self, found: Found) -> None:
        """It is still there."""
        if found.changed != self._changed or self._runtime_id in self._feed.store.unsure:
            self._changed = found.changed
            self._bell.set()

    async def _run(self) -> None:
        while True:
            self._bell.clear()
            self._feed.store.unsure.discard(self._runtime_id)
            await self.describe()
            await asyncio.sleep(SOON)  # a runtime has better things to do than to answer all the time
            try:
                async with asyncio.timeout(ASK):
                    await self._bell.wait()
            except TimeoutError:
                continue

    async def describe(self) -> None:
        """Ask the runtime what it has."""
        asked_at = clock.wall()
        try:
            answer = await self.line.ask(Describe())
        except (Busy, DeadlineExceeded, RuntimeGone) as error:
            log.debug("%s", error)
            return
        if not isinstance(answer, Description) or answer.introduction.runtime_id != self._runtime_id:
            log.warning("runtime %r answers what it was not asked", self._runtime_id)
            return
        left = self._feed.store.described(answer, asked_at, clock.wall())
        try:
            for flow_id in left:
                await self._feed.forget(flow_id)
        except StoreError as error:
            log.warning("flows %r are listed although their runtime has them no more: %s", left, error)
        await self._follow({info.worker_id: info for info in answer.flows if info.worker_id})

    async def _follow(self, flows: dict[str, FlowInfo]) -> None:
        for worker_id in self.subscriptions.keys() - flows.keys():
            await _close(self.subscriptions.pop(worker_id))
        for worker_id in flows.keys() - self.subscriptions.keys():
            self._bell.set()  # what happens until a subscription is in force is told by the next answer
            info = flows[worker_id]
            self.subscriptions[worker_id] = (
                Subscription(self._feed, info, [SUPERVISOR]),
                Subscription(self._feed, info, range(SUPERVISOR + 1, info.processes), gathers=True),
            )

    async def close(self) -> None:
        await self.line.close()
        await _cancel(self._task)
        for subscriptions in self.subscriptions.values():
            await _close(subscriptions)
        self.subscriptions.clear()


class Feed:
    """Keeps `store` up to date with the runtimes whose directories lie in `folder`, that for temporary files
    unless another is named. `forget` hears of each flow that is not its runtime's any more. `async with` it:
    inside, it runs.
    """

    def __init__(self, store: Store, folder: Path | None = None, forget: Forget = _keep) -> None:
        self.store = store
        self.forget = forget
        self.context = zmq.asyncio.Context(io_threads=1)
        self.malformed = 0
        """Messages that could not be read."""
        self._folder = folder
        self._followers: dict[str, Follower] = {}
        self._usage = UsageReader()
        self._looking = asyncio.Lock()
        self._fresh_until = 0.0

    @property
    def subscribed(self) -> int:
        return sum(len(follower.subscriptions) for follower in self._followers.values())

    def line(self, runtime_id: str) -> Line:
        """To ask a runtime; RuntimeGone if it does not run."""
        follower = self._followers.get(runtime_id)
        if follower is None:
            raise RuntimeGone(f"there is no running runtime {runtime_id!r}")
        return follower.line

    def tell(self, worker_id: str, opened: Opened) -> None:
        """Tell the store what one envelope says."""
        place = self.store.place(worker_id, opened.process, opened.epoch, opened.wall)
        if place is not None:
            self.store.happened(worker_id, place, opened.events, clock.monotonic())

    async def __aenter__(self) -> Self:
        await self.look()
        self._task = _start(self._run(), "feed")
        return self

    async def __aexit__(self, *_: object) -> None:
        await _cancel(self._task)
        for follower in self._followers.values():
            await follower.close()
        self._followers.clear()
        self.store.close()
        self.context.destroy(linger=0)

    async def _run(self) -> None:
        for number in count():
            await asyncio.sleep(LOOK)
            await self.look()
            if number % LOOKS_PER_READING == 0:
                await self._read_usage()
            self.store.settle(clock.wall())

    async def refresh(self) -> None:
        """Look, and ask all runtimes now instead of when their time comes; no oftener than they stand."""
        if clock.monotonic() < self._fresh_until:
            return
        self._fresh_until = clock.monotonic() + SOON
        await self.look()
        await asyncio.gather(*(follower.describe() for follower in self._followers.values()))

    async def look(self) -> None:
        """See which runtimes have come, changed or gone."""
        async with self._looking:
            await self._look()

    async def _look(self) -> None:
        found = await asyncio.to_thread(running, self._folder)
        for runtime_id in self._followers.keys() - found.keys():
            await self._lose(runtime_id)
        for runtime_id, one in found.items():
            follower = self._followers.get(runtime_id)
            if follower is None:
                self.store.runtime_found(one.introduction)
                self._followers[runtime_id] = Follower(self, one)
            else:
                follower.seen(one)

    async def _lose(self, runtime_id: str) -> None:
        await self._followers.pop(runtime_id).close()
        self.store.runtime_gone(runtime_id, clock.wall())

    async def _read_usage(self) -> None:
        running = [(instance, dict(_pids(instance))) for instance in self.store.running()]
        pids = {pid for _, of in running for pid in of.values()}
        usage = await asyncio.to_thread(self._usage.read, pids)
        for instance, of in running:
            found = {process: usage[pid] for process, pid in of.items() if pid in usage}
            self.store.used(instance.worker_id, found)


async def _close(subscriptions: Iterable[Subscription]) -> None:
    for subscription in subscriptions:
        await subscription.close()


def _pids(instance: Instance) -> Iterator[tuple[int, int]]:
    for process, figures in instance.processes.items():
        if figures.pid > 0:
            yield process, figures.pid


def _start(coroutine: Coroutine[object, object, None], name: str) -> "asyncio.Task[None]":
    task = asyncio.create_task(coroutine, name=name)
    task.add_done_callback(_tell_of_end)
    return task


def _tell_of_end(task: "asyncio.Task[None]") -> None:
    """No task of the feed ends by itself."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.critical("%s has ended by an error: what it would have told is missing", task, exc_info=error)


async def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])
