"""Here are the runs: flows with the faults that befall them, which must be sound, and seeded mistakes, each
of which must be caught.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from . import flows
from .bugs import Bug
from .explorer import Verdict, explore
from .flow import Flow, Setting
from .logic import whole_job


class Run(NamedTuple):
    """One exploration."""

    name: str
    flow: Callable[[], Flow]
    setting: Setting
    is_quick: bool = False

    def explore(self) -> Verdict:
        return explore(self.flow(), self.setting)

    def repaired(self) -> Run:
        """The same without its seeded mistake."""
        return self._replace(setting=replace(self.setting, bug=None))


def _quick(name: str, flow: Callable[[], Flow], setting: Setting) -> Run:
    return Run(name, flow, setting, is_quick=True)


def _bare(*, kills: int = 0, capacity: int = 99, only: str = "", swift: bool = False) -> Setting:
    """Without the search for quiet jobs: fewer states, so there is room for more of the rest."""
    return Setting(kills=kills, capacity=capacity, only=only, swift=swift, detects=False)


SOUND = [
    # lines
    _quick("a pipeline, 1 kill", flows.pipeline, Setting(kills=1)),
    _quick(
        "a pipeline, 2 kills, each bell by itself", flows.pipeline, Setting(kills=2, detects=False, fine=True)
    ),
    Run(
        "a pipeline of 3 messages, 3 kills",
        lambda: flows.pipeline(3),
        Setting(kills=3, attempts=4, detects=False),
    ),
    Run(
        "a pipeline of 1 message, 3 kills", lambda: flows.pipeline(1), Setting(kills=3, attempts=4, fine=True)
    ),
    _quick(
        "a pipeline, many messages in one commit, 2 kills", lambda: flows.pipeline(3, limit=3), _bare(kills=2)
    ),
    _quick("outputs that the supervisor collects, 2 kills", flows.outputs, Setting(kills=2)),
    _quick(
        "capacity 1: what has no room waits, 1 kill", lambda: flows.pipeline(3), _bare(kills=1, capacity=1)
    ),
    Run("capacity 1, 2 kills", lambda: flows.pipeline(3), _bare(kills=2, capacity=1)),
    Run("capacity 1, 1 kill, detector", lambda: flows.pipeline(3), Setting(kills=1, capacity=1)),
    _quick("outputs at capacity 1, 1 kill", lambda: flows.outputs(3), Setting(kills=1, capacity=1)),
    # many out of one, and many into one
    _quick("a fan-out into pairs, 1 kill", flows.fan_out, _bare(kills=1)),
    _quick(
        "an emission that is sent in parts, 1 kill",
        lambda: flows.fan_out(1, width=4),
        _bare(kills=1, capacity=1),
    ),
    Run("a fan-out into pairs, 1 kill, detector", flows.fan_out, Setting(kills=1)),
    Run("a fan-out into pairs, capacity 1, 2 kills", flows.fan_out, _bare(kills=2, capacity=1)),
    Run(
        "an emission that is sent in parts, detector",
        lambda: flows.fan_out(1, width=3),
        Setting(kills=1, capacity=1),
    ),
    _quick("half-used frames, kill of their consumer", flows.half_frames, _bare(kills=1, only="B")),
    Run("half-used frames, 1 kill", flows.half_frames, Setting(kills=1)),
    Run("half-used frames, 2 kills", flows.half_frames, Setting(kills=2)),
    _quick(
        "half-used frames before a policy, kill of their consumer",
        lambda: flows.half_frames(gathers=True),
        Setting(kills=1, only="B"),
    ),
    Run(
        "half-used frames before a policy, 2 kills", lambda: flows.half_frames(gathers=True), Setting(kills=2)
    ),
    _quick("a half-used frame is set aside, 1 kill", flows.held_half_frame, Setting(kills=1, pauses=1)),
    _quick("more than one batch at hand, 2 kills", flows.surplus, Setting(kills=2)),
    _quick("parked, and woken by the next", flows.woken, _bare(kills=1, only="B")),
    Run("parked, and woken by the next, 1 kill", flows.woken, Setting(kills=1)),
    # jobs
    _quick("one of two jobs paused", flows.two_jobs, Setting(pauses=1)),
    Run("one of two jobs paused, 1 kill", flows.two_jobs, Setting(pauses=1, kills=1)),
    _quick("two jobs in one commit, 2 kills", lambda: flows.two_jobs(limit=4), _bare(kills=2)),
    Run("two jobs in one commit, 1 kill, detector", lambda: flows.two_jobs(limit=4), Setting(kills=1)),
    # joins
    _quick("a join behind a filter, kill of the join", flows.filtered_join, Setting(kills=1, only="D")),
    Run("a join behind a filter, 1 kill", flows.filtered_join, Setting(kills=1)),
    _quick("a diamond, kill of the join", flows.diamond, _bare(kills=1, only="D")),
    Run("a diamond, 2 kills", flows.diamond, _bare(kills=2)),
    Run("a diamond, kill of the join, detector", flows.diamond, Setting(kills=1, only="D")),
    _quick("two jobs in opposite orders at a join, 1 kill", flows.crossed_jobs, Setting(kills=1)),
    _quick("two jobs in opposite orders, one paused", flows.crossed_jobs, Setting(pauses=1)),
    Run("two jobs in opposite orders, one paused, 1 kill", flows.crossed_jobs, Setting(kills=1, pauses=1)),
    Run(
        "two jobs in opposite orders through two branches, capacity 1, kill of the join",
        lambda: flows.crossed_jobs(branches=True),
        _bare(kills=1, only="D", capacity=1, swift=True),
    ),
    # replicas
    _quick("two replicas and a merge", flows.replicas, _bare(capacity=1, swift=True)),
    Run(
        "two replicas and a merge, 1 kill",
        flows.replicas,
        _bare(kills=1, capacity=1, only="A B1", swift=True),
    ),
    _quick("an ordered merge, the first comes last, 1 kill", flows.late_turn, _bare(kills=1)),
    Run("an ordered merge, the first comes last, 1 kill, detector", flows.late_turn, Setting(kills=1)),
    _quick("an ordered merge, a message filtered", flows.ordered, _bare(swift=True)),
    Run("an ordered merge, a message filtered, 1 kill", flows.ordered, _bare(kills=1, swift=True)),
    _quick(
        "an ordered merge, a dead letter",
        lambda: flows.ordered(poisoned=True),
        Setting(attempts=2, detects=False, swift=True),
    ),
    Run(
        "an ordered merge, a dead letter, kill of the merge",
        lambda: flows.ordered(poisoned=True),
        Setting(attempts=2, kills=1, only="C", detects=False, swift=True),
    ),
    Run(
        "an ordered merge, a dead letter, detector", lambda: flows.ordered(poisoned=True), Setting(attempts=2)
    ),
    _quick("tags given by a producer", lambda: flows.ordered(1, 3), _bare(capacity=1, swift=True)),
    Run(
        "tags given by a producer, a message filtered",
        lambda: flows.ordered(1, 2, 3),
        _bare(capacity=1, swift=True),
    ),
    Run(
        "tags given by a producer, kill of it",
        lambda: flows.ordered(1, 3),
        _bare(kills=1, only="A", swift=True),
    ),
    # cycles
    _quick("a cycle, capacity 1", flows.cycle, _bare(capacity=1)),
    _quick("a cycle, capacity 1, the entry first", lambda: flows.cycle(entry_first=True), _bare(capacity=1)),
    Run("a cycle, capacity 1, 1 kill", flows.cycle, _bare(kills=1, capacity=1)),
    Run(
        "a cycle, capacity 1, the entry first, 1 kill",
        lambda: flows.cycle(entry_first=True),
        _bare(kills=1, capacity=1),
    ),
    Run(
        "a cycle, capacity 1, 5 messages",
        lambda: flows.cycle(5, entry_first=True),
        _bare(capacity=1, swift=True),
    ),
    # the job's end
    _quick("two levels, kill of the first", lambda: flows.levels(1), Setting(kills=1, only="G")),
    Run("two levels, 1 kill", lambda: flows.levels(1), Setting(kills=1)),
    Run("two levels, 2 messages, 1 kill", flows.levels, Setting(kills=1)),
    _quick("finish() emits before the next level", flows.finishes, Setting()),
    Run("finish() emits before the next level, 1 kill", flows.finishes, Setting(kills=1)),
    _quick("a message comes back after the job's end was told", flows.final_cycle, Setting()),
    Run("a message comes back after the job's end was told, 1 kill", flows.final_cycle, Setting(kills=1)),
    # blobs
    _quick("blobs of a batch, 1 kill", flows.blobs, _bare(kills=1)),
    Run("blobs of a batch, 2 kills", flows.blobs, _bare(kills=2)),
    _quick("blobs of a fan-out", lambda: flows.blobs(fans_out=True), _bare()),
    Run(
        "blobs of a fan-out, kept until the job's end",
        lambda: flows.blobs(1, fans_out=True, policy=whole_job),
        Setting(),
    ),
    Run("blobs of a fan-out, 1 kill", lambda: flows.blobs(fans_out=True), _bare(kills=1, only="B")),
    Run(
        "blobs of a fan-out, kept until the job's end, 1 kill",
        lambda: flows.blobs(1, fans_out=True, policy=whole_job),
        Setting(kills=1, only="A B"),
    ),
    # dead letters
    _quick("a dead letter after 2 attempts", lambda: flows.pipeline(poison=1), Setting(attempts=2)),
    _quick("a dead letter, 1 kill besides", lambda: flows.pipeline(poison=1), _bare(kills=1)),
    Run("a dead letter, 1 kill besides, detector", lambda: flows.pipeline(poison=1), Setting(kills=1)),
    _quick(
        "a dead letter among many messages of one commit",
        lambda: flows.pipeline(3, poison=2, limit=3),
        Setting(attempts=2),
    ),
    # what durable runs will need
    _quick("everything killed and resumed", lambda: flows.pipeline(1), Setting(restarts=1)),
    Run("everything killed and resumed, 1 kill besides", flows.pipeline, Setting(restarts=1, kills=1)),
    _quick("everything killed and resumed, two levels", lambda: flows.levels(1), Setting(restarts=1)),
    Run("everything killed and resumed twice", flows.pipeline, Setting(restarts=2)),
    Run(
        "everything killed and resumed, a dead letter", lambda: flows.pipeline(poison=1), Setting(restarts=1)
    ),
]


def _seeded(bug: Bug, flow: Callable[[], Flow], setting: Setting) -> Run:
    return Run(f"{bug.name.lower()}: {bug}", flow, replace(setting, bug=bug))


SEEDED = [
    _seeded(Bug.ACK_ON_RECEIVE, flows.pipeline, _bare(kills=1)),
    _seeded(Bug.NO_COMMIT_WORD, flows.pipeline, _bare(kills=1)),
    _seeded(Bug.NO_REDO, flows.pipeline, _bare(kills=1)),
    _seeded(Bug.RELATIVE_REDO, flows.pipeline, _bare(kills=1)),
    _seeded(Bug.BELL_IS_TRUTH, flows.pipeline, _bare(kills=1)),
    _seeded(Bug.CREATED_AFTER_PUBLISHED, flows.pipeline, Setting()),
    _seeded(Bug.RETIRED_BEFORE_CONSUMED, flows.pipeline, Setting()),
    _seeded(Bug.CREATED_READ_FIRST, flows.pipeline, Setting()),
    _seeded(Bug.RECOVERED_BEFORE_REAPED, flows.pipeline, _bare(kills=1)),
    _seeded(Bug.NO_CREDIT, lambda: flows.pipeline(3), _bare(capacity=1)),
    _seeded(Bug.NO_RESYNC, flows.pipeline, _bare(kills=1)),
    _seeded(Bug.OUTBOX_IN_MEMORY, flows.fan_out, _bare(kills=1, capacity=1)),
    _seeded(Bug.REST_NOT_STORED, lambda: flows.fan_out(1, width=4), _bare(capacity=1)),
    _seeded(Bug.USED_NOT_STORED, flows.half_frames, _bare()),
    _seeded(Bug.EMIT_BLOCKS, lambda: flows.cycle(entry_first=True), _bare(capacity=1)),
    _seeded(Bug.INNER_LANES_WAIT, lambda: flows.cycle(5, entry_first=True), _bare(capacity=1, swift=True)),
    _seeded(Bug.HEADS_ONLY, flows.crossed_jobs, Setting()),
    _seeded(Bug.HEADS_ONLY, flows.two_jobs, Setting(pauses=1)),
    _seeded(Bug.FLUSHED_AT_ONCE, flows.finishes, Setting()),
    _seeded(Bug.TOKENS_NOT_REDONE, lambda: flows.levels(1), Setting(restarts=1)),
    _seeded(
        Bug.DEAD_WITHOUT_TAGS,
        lambda: flows.ordered(poisoned=True),
        Setting(attempts=2, swift=True, detects=False),
    ),
    _seeded(Bug.FILTERED_WITHOUT_TAGS, flows.ordered, _bare(swift=True)),
    _seeded(Bug.MERGE_PARKS, flows.late_turn, Setting()),
    _seeded(Bug.PARKED_TOO_EARLY, flows.surplus, Setting()),
    _seeded(Bug.PARKED_NOT_STORED, flows.woken, _bare()),
    _seeded(Bug.FINAL_IN_MEMORY, flows.final_cycle, Setting()),
    _seeded(Bug.PINS_IGNORED, flows.blobs, _bare()),
    _seeded(Bug.PINS_READ_FIRST, flows.blobs, _bare()),
    _seeded(Bug.PINNED_AFTER_COMMIT, flows.blobs, _bare()),
    _seeded(Bug.PINS_DROPPED, flows.blobs, _bare(kills=1)),
    _seeded(Bug.PINS_LEFT, flows.blobs, _bare(kills=1)),
    _seeded(Bug.NOT_CAREFUL, lambda: flows.pipeline(3, poison=2, limit=3), Setting(attempts=2)),
    _seeded(Bug.POISON_KEPT, lambda: flows.pipeline(poison=1), Setting(attempts=2)),
]
