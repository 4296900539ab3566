"""Here is the wire of a debugger in the terminal: its questions about one job, to the runtime that has it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from routilux.commands import Refusal, Request
from routilux.errors import RoutiluxError
from routilux.frontdesk.visit import ask

A = TypeVar("A")


class RefusedError(RoutiluxError):
    """The runtime does not do it; the message says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.code = refusal.code


@dataclass(frozen=True)
class Wire:
    directory: Path
    job_id: str

    def ask(self, request: Request, kind: type[A]) -> A:
        """The answer. Raises RefusedError, or PeerLost when the runtime has gone."""
        answer = ask(self.directory, request)
        if isinstance(answer, Refusal):
            raise RefusedError(answer)
        if not isinstance(answer, kind):
            raise RoutiluxError(f"the runtime has answered {type(request).__name__} in another way")
        return answer
