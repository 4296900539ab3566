"""Here are routines that tests declare, and what runs one of them without an engine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from routilux import policies
from routilux.function import routine
from routilux.invoke import Invoker
from routilux.routine import Event, Routine, Slot


@dataclass
class Job:
    job_id: str = "7"
    data: dict[str, Any] = field(default_factory=dict)
    final: bool = False


class Recorder:
    """An engine that only notes what is emitted."""

    def __init__(self) -> None:
        self.emitted: list[tuple[int, object]] = []
        self.emitters: dict[int, Callable[[object], None]] = {}
        self.state: dict[str, Any] = {}
        self.job = Job()
        self.message_id = "7:parse:1"
        self.log = logging.getLogger("routilux.test")
        self.cursor: Any = None

    def emitter(self, event: int, /) -> Callable[[object], None]:
        return self.emitters.setdefault(event, lambda value: self.emitted.append((event, value)))

    def flush(self, cursor: Any = None) -> None:
        self.cursor = cursor

    def loan(self, event: int, shape: Any, dtype: Any) -> Any:
        return event, shape, dtype

    @property
    def values(self) -> list[object]:
        return [value for _, value in self.emitted]


def running(routine: Routine) -> tuple[Invoker, Recorder]:
    recorder = Recorder()
    routine.bind(recorder)
    return routine.invoker(), recorder


class Count(Routine):
    word = Slot()
    page = Slot(copy=True)
    total: Event[int] = Event()
    other = Event()
    policy = policies.batch_size(10)
    minimum: int = 1
    stop_words: list[str] = []  # noqa: RUF012 - each instance gets a copy
    locale: str
    unit: ClassVar[str] = "word"
    _cache: dict[str, int]

    def logic(self, word: list[str], page: list[int]) -> None:
        self.total.emit(len(word))

    def finish(self) -> None:
        self.emit("other", self.minimum)


@routine
def words(text: str) -> Iterator[str]:
    yield from text.split()


@routine
def scale(value: int, *, factor: int = 2) -> int | None:
    return value * factor or None
