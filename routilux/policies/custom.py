"""Here is the Custom policy, which asks a callable of the user."""
# ruff: noqa: ARG002 - an inbox is told more than each policy needs

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from routilux.context import JobView
from routilux.errors import PolicyError
from routilux.policies.inbox import Inbox, Message, Policy, Queues, Taken

PolicyFunction: TypeAlias = Callable[[dict[str, list[Any]], Any], tuple[Any, Any, Any]]
"""`policy(slots, job) -> (activate, data_slice, message)`, see Custom."""


@dataclass(frozen=True)
class Custom(Policy):
    """A policy written by the user: `policy(slots, job) -> (activate, data_slice, message)`.

    `slots` maps each slot's name to the list of values that wait there. `data_slice` says for a slot how many
    of them to use, from the front: a number, or the values themselves (`slots["a"][:3]`). A slot it leaves
    out gives none, and without any message there is no activation. Logic gets lists, and `message` as
    `policy_message`. Once nothing more can come the policy is asked on, `job.final` being True, until it
    declines.
    """

    policy: PolicyFunction

    @property
    def name(self) -> str:
        return getattr(self.policy, "__qualname__", repr(self.policy))

    def inbox(self, slot_names: Sequence[str], job: JobView | None) -> Inbox:
        return _Chosen(slot_names, self, job)


class _JobNow:
    """The job as a custom policy sees it: `final` is what the inbox was told."""

    def __init__(self, job: JobView | None, *, final: bool) -> None:
        self._job = job
        self.final = final

    def __getattr__(self, name: str) -> Any:
        return getattr(self._job, name)


class _Chosen(Queues):
    def __init__(self, slot_names: Sequence[str], policy: Custom, job: JobView | None) -> None:
        super().__init__(len(slot_names))
        self._names = slot_names
        self._policy = policy
        self._job = job

    def take(self, *, now: float, final: bool) -> Taken | None:
        if not any(self._queues):
            return None
        waiting = dict(zip(self._names, self._queues, strict=True))
        values = {name: [message.value for message in queue] for name, queue in waiting.items()}
        answer: object = self._policy.policy(values, _JobNow(self._job, final=final))
        if not isinstance(answer, tuple) or len(answer) != 3:
            raise self._refusal(f"returned {answer!r:.80}, not a tuple (activate, data_slice, message)")
        activate, data_slice, message = answer
        if not activate:
            self.declined = message
            return None
        return self._take(self._counts(waiting, data_slice), many=True, message=message)

    def _counts(self, waiting: Mapping[str, deque[Message]], data_slice: object) -> list[int]:
        if not isinstance(data_slice, Mapping):
            raise self._refusal(f"returned the data_slice {data_slice!r:.80}, not a mapping of slot names")
        for name in data_slice:
            if name not in waiting:
                raise self._refusal(
                    f"chose from slot {name!r}, but the slots are {', '.join(map(repr, waiting))}"
                )
        return [self._count(name, queue, data_slice.get(name, 0)) for name, queue in waiting.items()]

    def _count(self, name: str, queue: deque[Message], chosen: object) -> int:
        match chosen:
            case int() if not isinstance(chosen, bool):
                if 0 <= chosen <= len(queue):
                    return chosen
                raise self._refusal(f"chose {chosen} messages of slot {name!r}, where {len(queue)} wait")
            case Sequence() if not isinstance(chosen, str | bytes):
                if len(chosen) <= len(queue) and all(
                    value is message.value for value, message in zip(chosen, queue, strict=False)
                ):
                    return len(chosen)
                raise self._refusal(f"chose values that are not the first in slot {name!r}")
        raise self._refusal(
            f"chose {chosen!r:.80} from slot {name!r}, which is neither a number nor a list of values"
        )

    def _refusal(self, what: str) -> PolicyError:
        return PolicyError(f"the activation policy {self._policy.name!r} {what}")
