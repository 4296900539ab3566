"""Here are listeners: who wants to be told of what happens to one thing."""

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

log = logging.getLogger("routilux.monitor")


class Listeners(Generic[T]):
    """By the id of the thing. One that raises is logged and told nothing more."""

    def __init__(self) -> None:
        self._of: dict[str, list[Callable[[T], None]]] = {}

    def add(self, thing: str, listener: Callable[[T], None]) -> Callable[[], None]:
        """Tell `listener` from now on; the answer, called once or again, ends that."""
        self._of.setdefault(thing, []).append(listener)

        def end() -> None:
            found = self._of.get(thing, [])
            if listener in found:
                found.remove(listener)
            if not found:
                self._of.pop(thing, None)

        return end

    def of(self, thing: str) -> tuple[Callable[[T], None], ...]:
        return tuple(self._of.get(thing, ()))

    def tell(self, thing: str, value: T) -> None:
        if thing not in self._of:
            return
        for listener in self.of(thing):
            try:
                listener(value)
            except Exception:  # whatever it is, the feed goes on
                log.exception("a listener to %r is told nothing more", thing)
                self._of[thing].remove(listener)
