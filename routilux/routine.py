"""Here is the Routine, a node of a flow: slots, events, an activation policy and logic."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, MutableMapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from types import MappingProxyType, MethodType
from typing import Any, ClassVar, Self

from routilux import configuration
from routilux.configuration import nearest
from routilux.context import Context, JobView, Unbound
from routilux.errors import FlowError
from routilux.invoke import Emit, Invoker, Logic
from routilux.policies import Policy, PolicyFunction, as_policy, immediate
from routilux.ports import BoundEvent, Event, Slot
from routilux.signature import JOB, MESSAGE, TRIGGER, read

__all__ = ["BoundEvent", "Context", "Event", "JobView", "Routine", "RoutineSpec", "Slot"]

_NO_VALUE: Any = object()


@dataclass
class Additions:
    """What code added to a routine beyond its class or function."""

    slots: dict[str, Slot[Any]] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    logic: Callable[..., object] | None = None
    finish: Callable[..., object] | None = None
    policy: Policy | None = None

    def copy(self) -> Additions:
        """A copy that can grow on its own."""
        return replace(self, slots=dict(self.slots), events=list(self.events))


@dataclass(frozen=True)
class RoutineSpec:
    """A routine as it travels to a worker; cloudpickle takes it."""

    make: Callable[..., Routine]
    config: Mapping[str, Any]
    additions: Additions

    def build(self) -> Routine:
        """A fresh routine, bound to nothing."""
        routine = self.make(**self.config)
        routine.additions = self.additions.copy()
        return routine


class Routine:
    """A node of a flow; subclass it, or build one with `add_slot`, `add_event` and `set_logic`.

    Annotated attributes are configuration, given by keyword; an `__init__` of your own is refused. Instance
    attributes belong to one process and are lost when it crashes; `state` is what survives.
    """

    policy: ClassVar[Policy | PolicyFunction] = immediate()
    additions: Additions

    _slots: Mapping[str, Slot[Any]] = MappingProxyType({})
    _events: tuple[str, ...] = ()
    _fields: ClassVar[Mapping[str, object]] = MappingProxyType({})
    _own_init: ClassVar[bool] = False

    def __init_subclass__(cls, *, own_init: bool = False, **options: Any) -> None:
        super().__init_subclass__(**options)
        if not own_init:
            _refuse_reserved(cls)
        cls._own_init = own_init
        ports = {name: value for name, value in _attributes(cls).items() if isinstance(value, Slot | Event)}
        cls._slots = MappingProxyType({name: port for name, port in ports.items() if isinstance(port, Slot)})
        cls._events = tuple(name for name, port in ports.items() if isinstance(port, Event))
        declared = configuration.fields(cls, Routine).items()
        cls._fields = MappingProxyType(
            {n: default for n, default in declared if n not in {*ports, *OVERRIDABLE}}
        )

    def __new__(cls, *_args: Any, **_config: Any) -> Self:
        if cls.__init__ is not Routine.__init__ and not cls._own_init:
            raise FlowError(
                f"{cls.__qualname__} defines __init__, which would not run in the worker: "
                "declare configuration as annotated attributes and prepare the rest in setup()"
            )
        return super().__new__(cls)

    def __init__(self, **config: Any) -> None:
        self.additions = Additions()
        self._bound_to: Context = Unbound(self._label)
        self._emitters: Mapping[str, Emit] = {}
        self.__dict__.update(configuration.settle(self._label, self._fields, config))

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in self.config.items())
        return f"<{self._label}({settings})>"

    # --- what a subclass defines ---

    def setup(self) -> None:
        """Runs once per process, before its first activation."""

    def logic(self, *args: Any, **kwargs: Any) -> object:  # noqa: ARG002 - so that a subclass may take what it likes
        """Runs once per activation, with one argument per slot."""
        raise FlowError(f"{self._label} has no logic: define logic(self, ...) or call set_logic(...)")

    def finish(self) -> object:
        """Runs once per job, when nothing more of it can arrive here; may emit."""
        return None

    def teardown(self) -> None:
        """Runs once per process, after its last activation."""

    # --- building one in code ---

    def add_slot(self, name: str, *, type: object = None, copy: bool = False) -> Slot[Any]:
        """Add an input port behind the others."""
        slot: Slot[Any] = Slot(type=type, copy=copy)
        slot.name = self._new_port(name, "slot", (*self._slots, *self.additions.slots), {JOB, MESSAGE})
        self.additions.slots[name] = slot
        return slot

    def add_event(self, name: str) -> Event[Any]:
        """Add an output port behind the others."""
        event: Event[Any] = Event()
        event.name = self._new_port(name, "event", self.event_names, RESERVED | OVERRIDABLE)
        self.additions.events.append(name)
        return event

    def set_logic(self, logic: Callable[..., object]) -> Self:
        """Run `logic`. If its first parameter is `self` it is like a method, else like a @routine function:
        what it returns or yields is emitted.
        """
        self.additions.logic = self._callable(logic, "set_logic")
        return self

    def set_finish(self, finish: Callable[..., object]) -> Self:
        """Run `finish` at the end of each job; it takes nothing, or the routine as `self`."""
        self.additions.finish = self._callable(finish, "set_finish")
        return self

    def set_activation_policy(self, policy: Policy | PolicyFunction) -> Self:
        """Use `policy` in place of the class's."""
        self.additions.policy = as_policy(policy)
        return self

    def _new_port(self, name: str, kind: str, taken: tuple[str, ...], reserved: AbstractSet[str]) -> str:
        if not str(name).isidentifier():
            raise FlowError(
                f"{self._label}: {name!r} cannot name a {kind}; use letters, digits and underscores"
            )
        if name in taken:
            raise FlowError(f"{self._label} has a {kind} {name!r} already; choose another name")
        if name in reserved:
            raise FlowError(
                f"{self._label}: {name!r} means something else in a routine; name the {kind} otherwise"
            )
        return name

    def _callable(self, function: Callable[..., object], method: str) -> Callable[..., object]:
        if not callable(function):
            raise FlowError(f"{self._label}.{method}() takes a function, not {function!r}")
        return function

    # --- what it looks like from outside ---

    @property
    def _label(self) -> str:
        """What error messages call it: the name of its class or function."""
        return type(self).__name__

    @property
    def slots(self) -> Mapping[str, Slot[Any]]:
        """The input ports in declaration order; a routine that declares none has the implicit `trigger`."""
        return {**self._slots, **self.additions.slots} or {TRIGGER: _trigger()}

    @property
    def slot_names(self) -> tuple[str, ...]:
        return tuple(self.slots)

    @property
    def event_names(self) -> tuple[str, ...]:
        return (*self._events, *self.additions.events)

    @property
    def activation_policy(self) -> Policy:
        """The policy in force; FlowError if the class declares something else as its `policy`."""
        # From the class: through the instance a plain function would become a method.
        return self.additions.policy or as_policy(type(self).policy)

    @property
    def config(self) -> dict[str, Any]:
        """The configuration as it stands."""
        return {name: getattr(self, name) for name in self._fields}

    @property
    def has_logic(self) -> bool:
        return self.additions.logic is not None or type(self).logic is not Routine.logic

    @property
    def has_finish(self) -> bool:
        return self.additions.finish is not None or type(self).finish is not Routine.finish

    def spec(self) -> RoutineSpec:
        """What travels to a worker, to be built anew there."""
        return RoutineSpec(type(self), self.config, self.additions.copy())

    def logic_in_force(self) -> Logic:
        """What `invoker` would call; FlowError where its parameters cannot be told."""
        return self._as_logic(self.additions.logic) or Logic(
            self.logic, read(self.logic), emits_returned=False
        )

    def finish_in_force(self) -> Logic:
        """What runs at the end of a job."""
        return self._as_logic(self.additions.finish) or Logic(
            self.finish, read(self.finish), emits_returned=False
        )

    def _as_logic(self, added: Callable[..., object] | None) -> Logic | None:
        if added is None:
            return None
        signature = read(added)
        if signature.positional[:1] != ("self",):
            return Logic(added, signature, emits_returned=True)
        method = MethodType(added, self)
        return Logic(method, read(method), emits_returned=False)

    # --- what it may do while an engine runs it ---

    def bind(self, context: Context) -> None:
        """Give the routine the process it runs in; an engine calls this once, before setup()."""
        self._bound_to = context
        self._emitters = {name: context.emitter(index) for index, name in enumerate(self.event_names)}
        self.__dict__.update({name: BoundEvent(name, emit) for name, emit in self._emitters.items()})

    def invoker(self) -> Invoker:
        """What an engine calls this routine through, once it is bound."""
        return Invoker(
            self._label,
            self.logic_in_force(),
            self.finish_in_force() if self.has_finish else None,
            slots=self.slot_names,
            immediate=self.activation_policy.immediate,
            emit=self._only_emitter(),
        )

    def _only_emitter(self) -> Emit:
        if len(self._emitters) == 1:
            return next(iter(self._emitters.values()))

        def refuse(value: object) -> None:
            raise FlowError(
                f"{self._label} gave back a {type(value).__name__}, but has {len(self._emitters)} events: "
                "emit it by name (self.<event>.emit(value)), or give the routine exactly one event"
            )

        return refuse

    def emit(self, event: str, value: Any = _NO_VALUE, /, **fields: Any) -> None:
        """Emit `value`, or the dict of `fields`, on the event of that name.

        The payload is encoded now: later changes to it are not seen.
        """
        emitter = self._emitters.get(event)
        if emitter is None:
            emitter = self._bound_to.emitter(self._index(event))
        if value is _NO_VALUE:
            emitter(fields)
        elif fields:
            raise TypeError(
                f"{self._label}.emit({event!r}, ...) takes one value or fields by keyword, not both"
            )
        else:
            emitter(value)

    @property
    def state(self) -> MutableMapping[str, Any]:
        """A mapping per job and process; what is assigned to it survives a crash of the process."""
        return self._bound_to.state

    @property
    def job(self) -> JobView:
        """The job at hand; its `data` is shared by all routines."""
        return self._bound_to.job

    @property
    def message_id(self) -> str:
        """Stable over the attempts of one activation: use it to make side effects idempotent."""
        return self._bound_to.message_id

    @property
    def log(self) -> logging.Logger:
        return self._bound_to.log

    @property
    def cursor(self) -> Any:
        """What the last `flush` of this activation was given: where a long source goes on after a crash."""
        return self._bound_to.cursor

    def flush(self, cursor: Any = None) -> None:
        """Commit what was emitted so far; after a crash logic starts again with `cursor` in `self.cursor`."""
        self._bound_to.flush(cursor)

    def loan(self, event: str, shape: Any, dtype: Any) -> Any:
        """An array in shared memory, not initialised, to be filled and emitted on `event` without a copy.

        It is read-only once it has been emitted. Raises ArenaFull when there is no room, RoutiluxError when
        there is no numpy, PayloadError for a dtype of Python objects.
        """
        return self._bound_to.loan(self._index(event), shape, dtype)

    def _index(self, event: str) -> int:
        if event not in self.event_names:
            raise FlowError(f"{self._label} has no event {event!r}: {nearest(str(event), self.event_names)}")
        return self.event_names.index(event)


OVERRIDABLE = frozenset({"policy", "setup", "logic", "finish", "teardown"})
RESERVED = frozenset(name for name in vars(Routine) if not name.startswith("__")) - OVERRIDABLE | {
    "additions",
    "_bound_to",
    "_emitters",
}


def _refuse_reserved(cls: type[Routine]) -> None:
    for name in (*vars(cls), *vars(cls).get("__annotations__", {})):
        port = isinstance(vars(cls).get(name), Slot | Event)
        if name in RESERVED or (port and name in (*OVERRIDABLE, JOB, MESSAGE)):
            raise FlowError(
                f"{cls.__qualname__}.{name}: {name!r} means something else in a routine; choose another name"
            )


def _attributes(cls: type) -> dict[str, object]:
    """The class attributes, inherited ones first; one that is redefined keeps its place."""
    return {name: value for parent in reversed(cls.__mro__) for name, value in vars(parent).items()}


def _trigger() -> Slot[Any]:
    slot: Slot[Any] = Slot()
    slot.name = TRIGGER
    return slot
