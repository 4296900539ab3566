"""Here is the message that was recorded: what it was, and its routine run on it alone."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from routilux.configuration import nearest
from routilux.deadletters import DeadLetter
from routilux.debug import recordings
from routilux.debug.recordings import Recorded
from routilux.errors import FlowError, RecordingError, RoutineCrashed
from routilux.flow import Flow
from routilux.graph import Node
from routilux.ipc.codec import Decoder, in_one_piece
from routilux.ipc.preview import preview
from routilux.ipc.rebuilt import NeedsTrust, PlainDecoder
from routilux.ipc.typed import TypedDecoder
from routilux.routine import Routine
from routilux.runtime import Runtime
from routilux.slottypes import demand_of
from routilux.submission import Sealed

Replayed = Flow | Routine | type[Routine] | Callable[..., Any]
"""What a message is run on: a routine, or the flow that has it."""


class Emission(NamedTuple):
    """What the routine has emitted."""

    event: str
    payload: Any


class Message:
    """One recorded message. Its payload is decoded anew each time it is asked for."""

    def __init__(self, record: Recorded, name: str, *, trust: bool = False) -> None:
        """With `trust`, pickles in it are decoded, which runs whatever code their maker has put there."""
        self.record = record
        self.name = name
        self.trust = trust

    def __repr__(self) -> str:
        return f"<Message {self.name}: {self.preview}>"

    @property
    def __name__(self) -> str:
        """By which pytest knows it as a parameter."""
        return self.name

    @property
    def routine(self) -> str:
        """The routine it was for; empty for an event that leads to none or several."""
        return self.record.routine

    @property
    def slot(self) -> str:
        return self.record.slot

    @property
    def error(self) -> str:
        """The traceback of what had failed on it, if it was saved for that."""
        return self.record.error

    @property
    def preview(self) -> str:
        """A line about the payload, which is not decoded for it."""
        return preview(self.record.payload, is_large=True)

    @property
    def payload(self) -> Any:
        """The message. Of a slot with a declared type, a Struct or dataclass is the dict of its fields, which
        `run` makes whole. Raises RecordingError if it needs trust, or cannot be decoded here.
        """
        return self.payload_for(None)

    def payload_for(self, wanted: Any) -> Any:
        """The payload for a slot of that type; None: of no declared type."""
        decoder = Decoder() if self.trust else PlainDecoder()
        reader = decoder if wanted is None or not self.record.is_typed else TypedDecoder(wanted, decoder)
        try:
            return reader.decode_large(memoryview(self.record.payload))
        except NeedsTrust as need:
            raise RecordingError(
                f"message {self.name!r} is not plain data: {need}; if you know who made the file, trust it: "
                "recorded(path, trust=True), or --trust"
            ) from None
        except Exception as error:  # the class's own code may raise anything
            raise RecordingError(f"message {self.name!r} cannot be decoded here: {error!r}") from error

    def run(
        self,
        what: Replayed,
        inputs: Mapping[str, Any] | None = None,
        /,
        *,
        routine: str = "",
        slot: str = "",
        engine: Literal["inline", "local"] = "inline",
        timeout: float | None = 60.0,
        **others: Any,
    ) -> list[Emission]:
        """Run the routine on this message alone, `finish` included, and return what it has emitted.

        `what` is the routine, or a flow that has it under the recorded name, or under `routine`; `inputs` and
        keywords are payloads for its other slots. Inline, it runs in this process and thread, where a
        debugger stops; with `local` in a process of its own. Raises JobFailed with the routine's traceback,
        RoutineCrashed if the message has killed that process, DeadlineExceeded.
        """
        with Runtime(engine=engine) as runtime:
            scratch = Scratch(runtime, what, is_apart=engine == "local")
            given = {**(inputs or {}), **others}
            return scratch.run(self, given, routine=routine, slot=slot, timeout=timeout)

    def slot_of(self, node: Node) -> str:
        """Into which slot of a routine it goes. Raises FlowError if none is meant."""
        names = node.routine.slot_names
        if self.slot in names:
            return self.slot
        if len(names) == 1 and not self.slot:
            return names[0]
        raise FlowError(
            f"routine {node.name!r} has no slot {self.slot!r}: {nearest(self.slot, names)}; name the slot"
        )


def recorded(path: str | os.PathLike[str], *, trust: bool = False) -> list[Message]:
    """The messages of a file that `record` or `hold.save` has made, in their order; as pytest parameters they
    are named by file, number and place. No payload is decoded yet.

    With `trust`, payloads may hold pickles, which run code when they are decoded: only for files of your own.
    Raises RecordingError for what is no such file, or is not whole.
    """
    messages, _ = recordings.read(path)
    stem = Path(path).stem
    return [
        Message(record, f"{stem}-{number}-{place_of(record)}", trust=trust)
        for number, record in enumerate(messages, 1)
    ]


def place_of(record: Recorded) -> str:
    """Where it was on its way to, else where it came from."""
    if record.routine:
        return f"{record.routine}.{record.slot}" if record.slot else record.routine
    return f"{record.source}.{record.event}"


def of_letter(letter: DeadLetter, *, trust: bool = False) -> Message:
    """A dead letter as a message."""
    data, is_large = letter.encoded()
    record = Recorded(
        flow=letter.flow,
        job_id=letter.job_id,
        routine=letter.routine,
        slot=letter.slot,
        connection_id=letter.connection,
        message_id=letter.message_id,
        at=letter.at,
        error=letter.traceback,
        is_typed=letter.is_typed,
        payload=data if is_large else in_one_piece(data),
    )
    return Message(record, f"letter-{letter.id}-{letter.routine}.{letter.slot}", trust=trust)


class Scratch:
    """A runtime in which one routine at a time is run, without its flow: one process of it, whose first error
    ends the job.
    """

    def __init__(self, runtime: Runtime, what: Replayed, *, is_apart: bool) -> None:
        """`is_apart`: the routine runs in a process of its own."""
        self._runtime = runtime
        self._what = what
        self._is_apart = is_apart
        self._flows: dict[str, tuple[Flow, str]] = {}

    def run(
        self,
        message: Message,
        others: Mapping[str, Any],
        *,
        routine: str = "",
        slot: str = "",
        timeout: float | None = None,
    ) -> list[Emission]:
        """See Message.run."""
        flow, name = self._alone(routine or message.routine)
        node = flow.nodes[name]
        into = slot or message.slot_of(node)
        inputs = {into: self._payload(message, flow, name, into), **others}
        job = self._runtime.exec(flow, inputs, entry=name, timeout=timeout)
        emissions = [Emission(output.event, output.payload) for output in job.outputs()]
        for letter in self._runtime.dead_letters.all(job_id=job.job_id):
            what = f"routine {name!r} {letter.reason} on this message, {letter.attempts} times"
            raise RoutineCrashed(f"{what}\n\n{letter.traceback}".rstrip())
        if not job.counters[name]["activations"]:
            missing = ", ".join(each for each in node.routine.slot_names if each not in inputs)
            raise FlowError(
                f"routine {name!r} has not run: its policy waits for more than slot {into!r}; give payloads "
                f"for {missing or 'more of them'}"
            )
        return emissions

    def _payload(self, message: Message, flow: Flow, name: str, slot: str) -> Any:
        demand = demand_of(flow, name, slot)
        if message.trust and self._is_apart and demand is None:
            return Sealed(message.record.payload, is_large=True)  # it may kill whoever decodes it
        return message.payload_for(None if demand is None else demand.type)

    def _alone(self, name: str) -> tuple[Flow, str]:
        """The flow of that routine alone, and its name there."""
        if name not in self._flows:
            self._flows[name] = alone(self._what, name)
        return self._flows[name]


def alone(what: Replayed, name: str) -> tuple[Flow, str]:
    """A flow of that routine alone, and its name there."""
    flow = Flow("replay")
    if not isinstance(what, Flow):
        return flow, flow.add_routine(what, name or None)
    if not name:
        names = ", ".join(what.nodes)
        raise FlowError(f"this message was for no routine of its own: name one of {names}")
    if name not in what.nodes:
        raise FlowError(f"flow {what.name!r} has no routine {name!r}: {nearest(name, what.nodes)}")
    node = what.nodes[name]
    return flow, flow.add_routine(node.routine, name, timeout=node.timeout)
