"""Which messages have caused which, as hook events tell it."""

from __future__ import annotations

from typing import Any

import pytest

from routilux.debug import ancestry
from routilux.debug.ancestry import Ancestry, Names
from routilux.hookevents import Activated, Emitted, FlowStats, MessageRef, Placed, ProcessFigures

JOB = "job-1"


def names() -> Names:
    """Source -> left and right -> both."""
    return Names(
        {1: "source", 2: "left", 3: "right", 4: "both"},
        {"source": ("n",), "left": ("value",), "right": ("value",), "both": ("a", "b")},
        {"source": ("out",), "left": ("out",), "right": ("out",), "both": ("out",)},
        (("left", "value"), ("right", "value"), ("both", "a"), ("both", "b")),
    )


def activated(
    inputs: list[tuple[str, int]], *emitted: tuple[int, tuple[str, ...]], job: str = JOB
) -> Activated:
    refs = tuple(MessageRef(name, slot, 1, f"payload of {name}") for name, slot in inputs)
    sent = tuple(Emitted(0, connection, len(ids), ids) for connection, ids in emitted)
    return Activated(job, 0, 1, "completed", refs, {}, sent)


def heard(*events: tuple[int, Any]) -> Ancestry:
    made = Ancestry(names(), JOB)
    for process, event in events:
        made.hear(process, event)
    return made


FORK = (
    (1, activated([("s", 0)], (0, ("l",)), (1, ("r",)))),
    (2, activated([("l", 0)], (2, ("a",)))),
    (3, activated([("r", 0)])),
    (3, Placed(JOB, 0, ("r",), 0, 3, ("b",))),
)


def test_two_branches_lead_to_the_one_submission() -> None:
    found = heard(*FORK).of(["a", "b"], "both")
    assert [(each.message_id, each.generation) for each in found] == [
        ("a", 1),
        ("b", 1),
        ("l", 2),
        ("r", 2),
        ("s", 3),
    ]
    assert [str(each) for each in found] == [
        "a, left.out->both.a",
        "b, right.out->both.b",
        "l, source.out->left.value: payload of l",
        "r, source.out->right.value: payload of r",
        "s, submitted to source.n: payload of s",
    ]


def test_what_was_not_heard_is_said_and_is_no_submission() -> None:
    (found,) = heard().of(["x"], "both")
    assert (str(found), found.is_submission) == ("x, its cause unheard, in both", False)


def test_other_jobs_are_not_heard() -> None:
    known = heard((1, activated([("s", 0)], (0, ("l",)), job="job-2")))
    assert [each.source for each in known.of(["l"])] == [""]


def test_a_cycle_of_messages_that_cannot_be_ends() -> None:
    known = heard((2, activated([("l", 0)], (2, ("l",)))))
    assert [each.message_id for each in known.of(["l"])] == ["l"]


def test_the_runtime_says_which_process_runs_what() -> None:
    figures = tuple(
        ProcessFigures(process, routine, 0, 1, "idle", 0, 0.0, 0, 0)
        for process, routine in enumerate(("", "source", "source", "left"))
    )
    known = heard((2, activated([("s", 0)], (0, ("l",)))), (0, FlowStats(figures, (), (), {}, 0, 0)))
    assert known.of(["l"])[0].source == "source"


def test_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ancestry, "KEPT", 2)
    known = heard((1, activated([], (0, ("1", "2", "3")))))
    assert [each.source for each in known.of("123")] == ["", "source", "source"]


def test_no_more_are_told_than_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ancestry, "MOST", 3)
    assert len(heard(*FORK).of(["a", "b"])) == 3
