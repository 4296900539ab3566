"""Here are the activation policies: what lies in the slots decides whether logic runs, and on which messages.

A policy is a value that travels to the worker; the Inbox it makes holds the messages of one job at one
process. Nothing here reads a clock: arrival times come with the messages and `now` with the question, so that
a test can jump in time.
"""

from __future__ import annotations

import inspect

from routilux.errors import FlowError
from routilux.keys import KeySource
from routilux.limits import is_amount, is_count
from routilux.policies.custom import Custom, PolicyFunction
from routilux.policies.inbox import Inbox, Message, Policy, Taken
from routilux.policies.singly import AllSlotsReady, Immediate, Join
from routilux.policies.together import BatchSize, TimeInterval, WholeJob

__all__ = [
    "AllSlotsReady",
    "BatchSize",
    "Custom",
    "Immediate",
    "Inbox",
    "Join",
    "Message",
    "Policy",
    "PolicyFunction",
    "Taken",
    "TimeInterval",
    "WholeJob",
    "all_slots_ready",
    "as_policy",
    "batch_size",
    "immediate",
    "join",
    "time_interval",
    "whole_job",
]


def immediate() -> Policy:
    """One message of any slot: the default."""
    return Immediate()


def all_slots_ready() -> Policy:
    """One message of each slot, by arrival."""
    return AllSlotsReady()


def join(on: KeySource) -> Policy:
    """One message of each slot with the same key: a field's name, a callable of the payload, or "origin".

    "origin" joins what the same submission caused. A message whose partners never come is reported as never
    used.
    """
    if not on or not (callable(on) or isinstance(on, str)):
        raise FlowError(f'join(on={on!r}): give the name of a field, a callable, or "origin"')
    return Join(on)


def batch_size(n: int, drop_rest: bool = False) -> Policy:  # noqa: FBT001, FBT002 - batch_size(10, True) is documented
    """Exactly `n` of each slot; the rest comes as a last smaller batch, or with `drop_rest` not at all."""
    if not is_count(n):
        raise FlowError(f"batch_size({n!r}): give a whole number of messages, 1 or more")
    return BatchSize(n, drop_rest)


def time_interval(seconds: float) -> Policy:
    """What has come within `seconds` of the first message."""
    if not is_amount(seconds):
        raise FlowError(f"time_interval({seconds!r}): give a number of seconds above 0")
    return TimeInterval(float(seconds))


def whole_job() -> Policy:
    """Everything of the job at once, at its end."""
    return WholeJob()


_FACTORIES: tuple[object, ...] = (
    immediate,
    all_slots_ready,
    join,
    batch_size,
    time_interval,
    whole_job,
)


def as_policy(policy: Policy | PolicyFunction) -> Policy:
    """`policy` itself, or a user's callable as a Custom policy; FlowError for anything else."""
    if isinstance(policy, Policy):
        return policy
    if policy in _FACTORIES:
        name = getattr(policy, "__name__", "")
        raise FlowError(f"policies.{name} is not called: write policies.{name}(...)")
    try:
        inspect.signature(policy).bind({}, None)
    except (TypeError, ValueError):
        raise FlowError(
            f"{policy!r} is no activation policy: use routilux.policies, or a callable policy(slots, job)"
        ) from None
    return Custom(policy)
