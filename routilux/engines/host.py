"""Here is a routine hosted in this process: its context, and what it holds for each job."""

import copy
import logging
from collections import deque
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from routilux.clock import monotonic
from routilux.context import JobView
from routilux.errors import PayloadError
from routilux.flow import Flow
from routilux.graph import Connection, Node
from routilux.holds import Hold, HookedRoutine
from routilux.hooks import NO_HOOKS, Hooks
from routilux.invoke import Steps
from routilux.ipc.codec import Decoder, EncodeError, Encoder, Large, in_one_piece
from routilux.ipc.loans import blank
from routilux.ipc.typed import checked
from routilux.policies import Inbox, Taken
from routilux.routing import routes
from routilux.slottypes import demand_of

COUNTERS = ("activations", "errors", "skipped", "unused", "dead", "received", "emitted")


@dataclass(slots=True)
class Message:
    """A payload, still encoded, on its way into a slot; `value` is made where it is used."""

    slot: int
    data: bytes
    is_large: bool
    origin: int
    place: str
    arrived: float = 0.0
    value: Any = None

    def load(self, *, private: bool) -> "Message":
        """A copy for one consumer with the payload decoded; raises what the payload's own class raises."""
        decoder = Decoder()
        value = decoder.decode_large(memoryview(self.data)) if self.is_large else decoder.decode(self.data)
        value = copy.deepcopy(value) if private else value
        return Message(self.slot, b"", self.is_large, self.origin, self.place, monotonic(), value)


def do_nothing() -> None:
    """Nobody has asked for it yet."""


@dataclass
class View:
    """The JobView of one routine, and what the engine keeps for it there."""

    job_id: str
    data: MutableMapping[str, Any]
    inbox: Inbox | None
    final: bool = False
    state: dict[str, Any] = field(default_factory=dict)
    queue: deque[Message] = field(default_factory=deque)
    running: Steps | None = None
    origin: int = 0
    again: Callable[[], Any] | None = None
    failures: int = 0
    cursor: Any = None
    hold: Callable[[], None] = do_nothing
    """Pauses the job."""
    held: Taken | None = None
    """What the policy has chosen, while the user's hooks hold it."""
    began: float | None = None
    """When the activation at hand has begun, if the user's hooks were told."""
    is_finished: bool = False
    counters: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTERS, 0))

    @property
    def is_busy(self) -> bool:
        return self.running is not None or bool(self.queue)


class HoldsView:
    """Pauses the job that a hook wants to hold."""

    def hold(self, job: JobView, hold: Hold) -> bool:  # noqa: ARG002 - whatever it is
        if isinstance(job, View):
            job.hold()
        return isinstance(job, View)


class Hosted:
    """One routine in this process, and its Context."""

    def __init__(self, flow: Flow, node: Node, hooks: Hooks = NO_HOOKS) -> None:
        self.node = node
        self.hooked = None
        if hooks is not NO_HOOKS:
            self.hooked = HookedRoutine(node.name, hooks, HoldsView(), lambda: self.view)
        self.name = node.name
        self.log = logging.getLogger(f"routilux.routine.{node.name}")
        self.routine = node.spec.build()
        self.slot_names = self.routine.slot_names
        self.policy = self.routine.activation_policy
        self.emitted: list[tuple[int, bytes | Large]] = []
        self.view: View | None = None
        self.place = ""
        ways = routes(flow)
        self.ways: list[tuple[Connection, ...]] = [
            ways[node.name, event] for event in self.routine.event_names
        ]
        encode = Encoder().encode
        self._encode = [
            checked(encode, [d for c in way if (d := demand_of(flow, c.target, c.slot)) is not None])
            for way in self.ways
        ]
        self.routine.bind(self)
        self.invoker = self.routine.invoker()
        self.routine.setup()

    def emitter(self, event: int, /) -> Callable[[object], None]:
        name, encode = self.routine.event_names[event], self._encode[event]

        def emit(value: object) -> None:
            try:
                self.emitted.append((event, frozen(encode(value))))
            except EncodeError as error:
                message = (
                    f"routine {self.name!r} cannot emit a {error.type_name} on event {name!r}: {error.reason}"
                )
                raise PayloadError(message) from error

        return emit if self.hooked is None else self.hooked.emitter(name, emit)

    def is_stopped(self, view: View, message: Message) -> bool:
        """Whether the user's hooks hold the job before the message is used; into an inbox it goes all the
        same.
        """
        if self.hooked is None:
            return False
        slot = self.slot_names[message.slot]
        try:
            value = message.load(private=False).value
        except Exception:  # it will be told when it is used  # noqa: BLE001
            return False
        if view.inbox is None:
            return self.hooked.stops(view, slot, value, message.place)
        self.hooked.receives(view, slot, value)
        return False

    def tell_start(self, view: View, args: list[Any], message: object) -> None:
        """An activation begins. An immediate one is shown with the slot alone that its message came to."""
        if self.hooked is None:
            return
        given = dict(zip(self.slot_names, args, strict=True))
        if self.policy.immediate:
            given = {str(message): given[str(message)]}
        self.hooked.start(view.job_id, given)
        view.began = monotonic()

    def tell_end(self, view: View, status: str, error: BaseException | None = None) -> None:
        """The activation at hand is over, if there is one."""
        began, view.began = view.began, None
        if self.hooked is not None and began is not None:
            self.hooked.end(view.job_id, status, monotonic() - began, error)

    @property
    def _at(self) -> View:
        if self.view is None:
            message = "no job is at hand here: setup() and teardown() run once per process, outside any job"
            raise RuntimeError(message)
        return self.view

    @property
    def job(self) -> JobView:
        return self._at

    @property
    def state(self) -> MutableMapping[str, Any]:
        return self._at.state

    @property
    def message_id(self) -> str:
        return f"{self._at.job_id}/{self.place}"

    @property
    def cursor(self) -> Any:
        return self._at.cursor

    def copies(self, slot: int) -> bool:
        """Whether the routine wants payloads of its own in that slot."""
        port = self.routine.slots.get(self.slot_names[slot])
        return port is not None and port.copy

    def flush(self, cursor: Any = None) -> None:
        """Nothing is ever lost here, so there is nothing to commit early."""
        if cursor is not None:
            self._at.cursor = cursor

    def loan(self, event: int, shape: Any, dtype: Any) -> Any:  # noqa: ARG002 - copied when it is emitted
        """An array to fill and emit."""
        return blank(shape, dtype)


def frozen(part: bytes | Large) -> bytes | Large:
    """The message with its buffers copied: later changes to the payload are not seen."""
    return part if isinstance(part, bytes) else Large(in_one_piece(part))


class SharedValues(MutableMapping[str, Any]):
    """`job.data` of one job: what is set is a copy, and so is what is got."""

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}

    @property
    def encoded(self) -> dict[str, bytes]:
        return dict(self._values)

    def __getitem__(self, key: str) -> Any:
        return Decoder().decode_large(memoryview(self._values[key]))

    def __setitem__(self, key: str, value: Any) -> None:
        try:
            self._values[key] = in_one_piece(Encoder().encode(value))
        except EncodeError as error:
            message = f"job.data[{key!r}] cannot hold a {error.type_name}: {error.reason}"
            raise PayloadError(message) from error

    def __delitem__(self, key: str) -> None:
        del self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)
