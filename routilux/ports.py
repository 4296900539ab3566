"""Here are Slot and Event, the ports of a routine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, overload

from routilux.context import Unbound

if TYPE_CHECKING:
    from builtins import type as Type  # noqa: N812 - the parameter `type` hides the builtin

    # Its default lets `total = Event()` pass without an annotation; at run time it would need a package more.
    from typing_extensions import TypeVar

    T = TypeVar("T", default=Any)
else:
    from typing import TypeVar

    T = TypeVar("T")


class Slot(Generic[T]):
    """An input port. `type` is checked where a message is emitted; `copy` makes arrays private and writable.

    As a class attribute of a Routine it takes its name from the attribute.
    """

    __slots__ = ("copy", "name", "type")

    @overload
    def __init__(self: Slot[Any], *, copy: bool = False) -> None: ...
    @overload
    def __init__(self: Slot[T], *, type: Type[T], copy: bool = False) -> None: ...
    @overload
    def __init__(self: Slot[Any], *, type: object, copy: bool = False) -> None: ...
    def __init__(self, *, type: object = None, copy: bool = False) -> None:
        self.type = type
        self.copy = copy
        self.name = ""

    def __set_name__(self, owner: Type[object], name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<Slot {self.name!r}>"


class BoundEvent(Generic[T]):
    """An event of a running routine: `emit` is the engine's own callable, with nothing in between."""

    __slots__ = ("emit", "name")

    emit: Callable[[T], None]

    def __init__(self, name: str, emit: Callable[[object], None]) -> None:
        self.name = name
        self.emit = emit

    def __repr__(self) -> str:
        return f"<BoundEvent {self.name!r}>"


class Event(Generic[T]):
    """An output port; on a running routine it is a BoundEvent, so that `self.total.emit(value)` emits."""

    # Not a data descriptor: a running routine's __dict__ holds the BoundEvent and is looked at first.
    def __init__(self) -> None:
        self.name = ""

    def __set_name__(self, owner: type[object], name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type[object]) -> Event[T]: ...
    @overload
    def __get__(self, instance: object, owner: type[object]) -> BoundEvent[T]: ...
    def __get__(self, instance: object | None, owner: type[object]) -> Event[T] | BoundEvent[T]:
        if instance is None:
            return self
        return BoundEvent(self.name, lambda _: Unbound(owner.__name__).emit)

    def __repr__(self) -> str:
        return f"<Event {self.name!r}>"
