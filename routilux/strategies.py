"""Here is OnError: what becomes of an activation whose logic raises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from routilux.configuration import nearest
from routilux.errors import FlowError
from routilux.limits import is_amount, is_count

Action: TypeAlias = Literal["stop", "skip", "continue"]


@dataclass(frozen=True)
class OnError:
    """Try `retries` times more, then do what `action` says; each delay doubles the one before it.

    stop fails the job. skip uses up the messages and sends nothing. continue uses up the messages too, and
    sends what logic had emitted before it raised.
    """

    action: Action = "stop"
    retries: int = 0
    backoff: float = 0.1

    def delay(self, failures: int) -> float | None:
        """Seconds to wait after that many failures of one activation, or None: do what `action` says."""
        return self.backoff * 2 ** (failures - 1) if failures <= self.retries else None


def retry(n: int, backoff: float = 0.1, then: Action = "stop") -> OnError:
    """Run a failed activation up to `n` times more, first after `backoff` seconds, then do `then`."""
    if not is_count(n):
        raise FlowError(f"retry({n!r}): give a whole number of further attempts, 1 or more")
    if backoff != 0 and not is_amount(backoff):
        raise FlowError(f"retry(backoff={backoff!r}): give a number of seconds, 0 or more")
    return OnError(_action(then), n, float(backoff))


def as_on_error(value: Action | OnError) -> OnError:
    """`value` as an OnError; FlowError when it is none."""
    return value if isinstance(value, OnError) else OnError(_action(value))


def _action(value: object) -> Action:
    for action in get_args(Action):
        if value == action:
            return action  # type: ignore[no-any-return]  # get_args forgets the literals' type
    raise FlowError(
        f"on_error={value!r} is no strategy: {nearest(str(value), get_args(Action))} or use retry(n)"
    )
