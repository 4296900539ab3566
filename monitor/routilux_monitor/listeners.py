"""Here are listeners: who wants to be told of all that happens."""

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

log = logging.getLogger("routilux.monitor")


class Listeners(Generic[T]):
    """One that raises is logged, and told nothing more."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[T], None]] = []

    def add(self, listener: Callable[[T], None]) -> Callable[[], None]:
        """Tell `listener` from now on; the answer, called once or again, ends that."""
        self._listeners.append(listener)

        def end() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return end

    def tell(self, values: list[T]) -> None:
        for listener in tuple(self._listeners):
            try:
                for value in values:
                    listener(value)
            except Exception:  # whatever it is, the feed goes on
                log.exception("a listener is told nothing more")
                self._listeners.remove(listener)
