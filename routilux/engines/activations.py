"""Here are the activations of one job of the inline engine: the user's code is run, and what it emits is put
where it leads.
"""

from collections.abc import Callable
from typing import Any

from routilux.clock import pause, wall
from routilux.engine import UNREAD_FAILURE
from routilux.engines.host import Hosted, Message, View
from routilux.errors import RoutiluxError
from routilux.flow import Flow
from routilux.ipc.codec import Large, batch
from routilux.jobs import JobState, Source
from routilux.lifecycle import Happening
from routilux.logring import LogEntry
from routilux.reports import describe

YIELDS = 256
"""A generator's outputs go on their way after this many yields."""
STATUSES = {"stop": "failed", "skip": "skipped", "continue": "continued"}
"""What became of an activation that has raised, by what `on_error` says."""


class InlineActivations:
    """The part of a job under way that runs one activation at a time."""

    job: JobState
    on_end: Callable[[JobState], None]

    def __init__(self, flow: Flow, nodes: dict[str, Hosted], *, max_output: int) -> None:
        self.flow = flow
        self._nodes = nodes
        self._max_output = max_output
        self._views: dict[str, View] = {}
        self._is_cut = False
        self._messages = 0
        self._at: Hosted | None = None

    def _activate(self, node: Hosted, view: View, run: Callable[[], Any], *, counted: bool = True) -> None:
        """Run the user's code and send what it emitted, or do what `on_error` says; retry as often as it
        says.
        """
        if counted:
            view.counters["activations"] += 1
        view.again, view.failures, view.cursor = run, 0, None
        self._attempt(node, view)

    def _attempt(self, node: Hosted, view: View) -> None:
        node.view, self._at = view, node
        steps = None
        while view.again is not None:
            try:
                steps = view.again()
                break
            except BaseException as error:  # the user's code  # noqa: BLE001
                if not self._may_retry(node, view, error):
                    self._failed(node, view, error)
                    break
        if steps is not None:
            view.running = steps
        if view.running is None:
            node.tell_end(view, "completed")
            self._send(node, view)

    def _may_retry(self, node: Hosted, view: View, error: BaseException) -> bool:
        """Whether `on_error` gives the activation another attempt; its delay has passed then."""
        view.failures += 1
        delay = node.node.on_error.delay(view.failures)
        if delay is None or self.job.ended:
            return False
        node.emitted.clear()
        node.tell_end(view, "retried", error)
        pause(delay)
        return True

    def _advance(self, node: Hosted, view: View) -> None:
        """Some steps of a generator, then send what it has emitted."""
        steps = view.running
        if steps is None:
            return
        node.view, self._at = view, node
        try:
            for _ in range(YIELDS):
                if self.job.ended or (self._is_cut and self._is_source(node)):
                    view.running = None
                    node.tell_end(view, "cut")
                    break
                if not steps.take(1):
                    view.running = None
                    break
        except BaseException as error:  # the user's generator  # noqa: BLE001
            view.running = None
            if self._may_retry(node, view, error):
                self._attempt(node, view)
                return
            self._failed(node, view, error)
        if view.running is None:
            steps.close()
        if view.running is None:
            node.tell_end(view, "completed")
        if view.running is None or not node.node.on_error.retries:  # what is sent cannot be tried again
            self._send(node, view)

    def _is_source(self, node: Hosted) -> bool:
        return node.name in self.flow.entries()

    def _failed(self, node: Hosted, view: View, error: BaseException) -> None:
        action = node.node.on_error.action
        node.tell_end(view, STATUSES[action], error)
        if action != "continue":
            node.emitted.clear()
        view.counters["skipped" if action == "skip" else "errors"] += 1
        failure = describe(node.name, action, error).as_error(self.job.job_id)
        if action != "stop":
            self.job.errors.append(failure)
        elif not self.job.ended:
            self._end(Happening.FAIL, failure)

    def _send(self, node: Hosted, view: View) -> None:
        emitted, node.emitted = node.emitted, []
        view.counters["emitted"] += len(emitted)
        for event, part in emitted:
            connections = node.ways[event]
            if not connections:
                self._output(node, event, part)
            for connection in connections:
                slot = self._nodes[connection.target].slot_names.index(connection.slot)
                self._put(connection.target, slot, part, view.origin, connection.id)

    def _put(self, target: str, slot: int, part: bytes | Large, origin: int, place: str) -> None:
        self._messages += 1
        is_large = not isinstance(part, bytes)
        data = part.body if isinstance(part, Large) else part
        self._views[target].queue.append(Message(slot, data, is_large, origin, f"{place}:{self._messages}"))

    def _output(self, node: Hosted, event: int, part: bytes | Large) -> None:
        if self.job.ended:
            return
        self._messages += 1
        name = node.routine.event_names[event]
        source = Source(node.name, name, f"{node.name}.{name}:{self._messages}", isinstance(part, Large))
        self.job.put(source, part.body if isinstance(part, Large) else batch([part]))
        self.job.notify()
        if self.job.spooled > self._max_output and not self.job.has_reader:
            message = UNREAD_FAILURE.format(self.job.job_id, self._max_output)
            self._end(Happening.FAIL, RoutiluxError(message))

    def _end(self, happening: Happening, error: RoutiluxError | None) -> None:
        self.job.happen(happening, error)
        self.on_end(self.job)

    def _take_line(self, level: str, text: str) -> None:
        if self._at is not None:
            self.job.log.put(LogEntry(wall(), level, self._at.name, 0, text))
