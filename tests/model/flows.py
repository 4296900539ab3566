"""Here are the small flows that the model explores. Values tell where a message has been: 1 becomes 10, then
11.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .flow import Connection, Flow, Outputs, Policy, Routine, Seed, Slots
from .logic import MERGE, each, join, one, pairs, plus, seeds, times_ten, total, whole_job

# ---- lines ------------------------------------------------------------------------------------------------


def pipeline(messages: int = 2, *, poison: int = 0, limit: int = 1) -> Flow:
    """S -> A -> B. One message may be poison to A; with a limit A takes many into one commit."""
    values = range(1, messages + 1)
    given = [Seed(tuple(values))] if limit > 1 else seeds(*values)
    return Flow(
        routines={"A": Routine(times_ten, limit=limit), "B": Routine()},
        connections={"sa": Connection("S", "A"), "ab": Connection("A", "B")},
        seeds={"sa": given},
        expected={"sa": one(*values), "ab": one(*(10 * v for v in values if v != poison))},
        poison=frozenset({("A", poison)}) if poison else frozenset(),
        dead={"A": [poison]},
    )


def outputs(messages: int = 2) -> Flow:
    """S -> A -> S: the supervisor takes the outputs and counts them off."""
    values = range(1, messages + 1)
    return Flow(
        routines={"A": Routine(times_ten)},
        connections={"sa": Connection("S", "A"), "out": Connection("A", "S")},
        seeds={"sa": seeds(*values)},
        expected={"sa": one(*values), "out": one(*(10 * v for v in values))},
    )


def fan_out(messages: int = 2, *, width: int = 2) -> Flow:
    """A emits a few messages for each, a frame holds one; B takes them in pairs."""
    values = range(1, messages + 1)

    def spread(slots: Slots) -> Outputs:
        return [[10 * slots[0][0] + n for n in range(width)]]

    return Flow(
        routines={"A": Routine(spread), "B": Routine(policy=pairs)},
        connections={"sa": Connection("S", "A"), "ab": Connection("A", "B", cut=1)},
        seeds={"sa": seeds(*values)},
        expected={"sa": one(*values), "ab": one(*(10 * v + n for v in values for n in range(width)))},
    )


def half_frames(*, gathers: bool = False) -> Flow:
    """A emits frames of three; B uses one after the other, or two at a time, and is killed in between."""

    def three(slots: Slots) -> Outputs:
        return [[slots[0][0], slots[0][0] + 1, slots[0][0] + 2]]

    b = Routine(total, policy=pairs) if gathers else Routine(plus(100))
    return Flow(
        routines={"A": Routine(three), "B": b},
        connections={"sa": Connection("S", "A"), "ab": Connection("A", "B"), "out": Connection("B", "S")},
        seeds={"sa": seeds(10)},
        expected={
            "sa": one(10),
            "ab": one(10, 11, 12),
            "out": one(21, 12) if gathers else one(110, 111, 112),
        },
    )


def held_half_frame() -> Flow:
    """A frame of the job that may be paused is half used when it is set aside for the other job's."""
    return Flow(
        routines={"A": Routine(plus(1))},
        connections={"sa": Connection("S", "A"), "out": Connection("A", "S")},
        seeds={"sa": [Seed((20, 30), job=1), Seed((10,), job=0)]},
        expected={"sa": {0: [10], 1: [20, 30]}, "out": {0: [11], 1: [21, 31]}},
        jobs=2,
    )


def two_jobs(*, limit: int = 1) -> Flow:
    """Two jobs through one pipeline, the last in front; it may be paused. B may take all into one commit."""
    return Flow(
        routines={"A": Routine(plus(1)), "B": Routine(limit=limit)},
        connections={"sa": Connection("S", "A"), "ab": Connection("A", "B")},
        seeds={"sa": [Seed((20,), job=1), Seed((10,), job=0)]},
        expected={"sa": {0: [10], 1: [20]}, "ab": {0: [11], 1: [21]}},
        jobs=2,
    )


def woken(messages: int = 2) -> Flow:
    """A emits one by one; B parks the first, takes it with the second, and sends their sum on to C."""
    values = range(1, messages + 1)
    sums = [sum(values[n : n + 2]) for n in range(0, messages, 2)]
    return Flow(
        routines={"A": Routine(plus(0)), "B": Routine(total, policy=pairs), "C": Routine()},
        connections={
            "sa": Connection("S", "A"),
            "ab": Connection("A", "B"),
            "bc": Connection("B", "C"),
        },
        seeds={"sa": seeds(*values)},
        expected={"sa": one(*values), "ab": one(*values), "bc": one(*sums)},
    )


def surplus() -> Flow:
    """Four messages lie before a routine that takes two at a time: after the first pair the rest can run."""
    return Flow(
        routines={"B": Routine(total, policy=pairs)},
        connections={"sb": Connection("S", "B"), "out": Connection("B", "S")},
        seeds={"sb": [Seed((1, 2, 3, 4))]},
        expected={"sb": one(1, 2, 3, 4), "out": one(3, 7)},
    )


def levels(messages: int = 2) -> Flow:
    """G sums the job up at its end; H does the same behind it, and must not be told before G has emitted."""
    values = range(1, messages + 1)
    whole = sum(values)
    return Flow(
        routines={"G": Routine(total, policy=whole_job), "H": Routine(total, policy=whole_job)},
        connections={"sg": Connection("S", "G"), "gh": Connection("G", "H"), "out": Connection("H", "S")},
        seeds={"sg": seeds(*values)},
        expected={"sg": one(*values), "gh": one(whole), "out": one(whole)},
    )


def finishes() -> Flow:
    """A takes each message by itself and emits once more in `finish`; B sums up."""
    a = Routine(plus(0), finish=lambda: [[5]])
    return Flow(
        routines={"A": a, "B": Routine(total, policy=whole_job)},
        connections={"sa": Connection("S", "A"), "ab": Connection("A", "B"), "out": Connection("B", "S")},
        seeds={"sa": seeds(1)},
        expected={"sa": one(1), "ab": one(1, 5), "out": one(6)},
    )


# ---- joins ------------------------------------------------------------------------------------------------


def diamond() -> Flow:
    """A -> B -> D and A -> D; D joins."""
    return Flow(
        routines={"A": Routine(each(times_ten, times_ten)), "B": Routine(plus(1)), "D": join()},
        connections={
            "sa": Connection("S", "A"),
            "ab": Connection("A", "B"),
            "ad": Connection("A", "D", slot=1),
            "bd": Connection("B", "D"),
        },
        seeds={"sa": seeds(1)},
        expected={"sa": one(1), "ab": one(10), "ad": one(10), "bd": one(11)},
    )


def filtered_join() -> Flow:
    """B lets only the second message through: D holds back what has no partner, and reports it at the end."""

    def only_large(slots: Slots) -> Outputs:
        return [[value + 1 for value in slots[0] if value > 10]]

    return Flow(
        routines={"B": Routine(only_large), "D": join(total)},
        connections={
            "sb": Connection("S", "B"),
            "sd": Connection("S", "D", slot=1),
            "bd": Connection("B", "D"),
            "out": Connection("D", "S"),
        },
        seeds={"sb": seeds(10, 20), "sd": seeds(5, 6)},
        expected={"sb": one(10, 20), "sd": one(5, 6), "bd": one(21), "out": one(26)},
    )


def crossed_jobs(*, branches: bool = False) -> Flow:
    """Two jobs come to a join in opposite orders, from the supervisor or through two branches."""
    left, right = [Seed((11,), 0), Seed((21,), 1)], [Seed((22,), 1), Seed((12,), 0)]
    sides: dict[str, Mapping[int, Sequence[int]]] = {"l": {0: [11], 1: [21]}, "r": {0: [12], 1: [22]}}
    out = {"out": {0: [23], 1: [43]}}
    d = join(total)
    if not branches:
        return Flow(
            routines={"D": d},
            connections={
                "l": Connection("S", "D"),
                "r": Connection("S", "D", slot=1),
                "out": Connection("D", "S"),
            },
            seeds={"l": left, "r": right},
            expected={**sides, **out},
            jobs=2,
        )
    return Flow(
        routines={"B": Routine(plus(0)), "C": Routine(plus(0)), "D": d},
        connections={
            "sb": Connection("S", "B"),
            "sc": Connection("S", "C"),
            "l": Connection("B", "D"),
            "r": Connection("C", "D", slot=1),
            "out": Connection("D", "S"),
        },
        seeds={"sb": left, "sc": right},
        expected={"sb": sides["l"], "sc": sides["r"], **sides, **out},
        jobs=2,
    )


# ---- replicas ---------------------------------------------------------------------------------------------


def replicas(messages: int = 2) -> Flow:
    """A deals to two workers whose results C takes as they come."""
    values = range(1, messages + 1)
    return Flow(
        routines={
            "A": Routine(times_ten),
            "B1": Routine(plus(1)),
            "B2": Routine(plus(1)),
            "C": Routine(),
        },
        connections={
            "sa": Connection("S", "A"),
            "ab": Connection("A", "B1 B2"),
            "bc": Connection("B1 B2", "C"),
        },
        seeds={"sa": seeds(*values)},
        expected={
            "sa": one(*values),
            "ab": one(*(10 * v for v in values)),
            "bc": one(*(10 * v + 1 for v in values)),
        },
    )


def ordered(*numbered: int, poisoned: bool = False) -> Flow:
    """Tags are dealt to two workers; 20 is filtered, or it is poison; C restores the order.

    The tags come with the seeds, or from A, which deals the messages `numbered`.
    """

    def not_twenty(slots: Slots) -> Outputs:
        return [[value + 1 for value in slots[0] if value != 20]]

    routines = {"B1": Routine(not_twenty), "B2": Routine(not_twenty), "C": MERGE}
    ends = {"bc": Connection("B1 B2", "C", is_ordered=True), "out": Connection("C", "S")}
    if numbered:
        dealt = [10 * v for v in numbered]
        passed = one(*(v + 1 for v in dealt if v != 20))
        return Flow(
            routines={"A": Routine(times_ten), **routines},
            connections={
                "sa": Connection("S", "A"),
                "ab": Connection("A", "B1 B2", is_numbered=True),
                **ends,
            },
            seeds={"sa": seeds(*numbered)},
            expected={"sa": one(*numbered), "ab": one(*dealt), "bc": passed, "out": passed},
        )
    return Flow(
        routines=routines,
        connections={"s1": Connection("S", "B1"), "s2": Connection("S", "B2"), **ends},
        seeds={"s1": [Seed((10,), tag=0), Seed((30,), tag=2)], "s2": [Seed((20,), tag=1)]},
        expected={"s1": one(10, 30), "s2": one(20), "bc": one(11, 31), "out": one(11, 31)},
        poison=frozenset({("B2", 20)}) if poisoned else frozenset(),
        dead={"B2": [20]},
    )


def late_turn() -> Flow:
    """The second message comes to a merge at once, the first through B."""
    return Flow(
        routines={"B": Routine(plus(1)), "C": MERGE},
        connections={
            "sb": Connection("S", "B"),
            "bc": Connection("B", "C", is_ordered=True),
            "sc": Connection("S", "C"),
            "out": Connection("C", "S"),
        },
        seeds={"sb": [Seed((10,), tag=0)], "sc": [Seed((20,), tag=1)]},
        expected={"sb": one(10), "bc": one(11), "sc": one(20), "out": one(11, 20)},
    )


# ---- cycles -----------------------------------------------------------------------------------------------


def cycle(messages: int = 2, *, entry_first: bool = False) -> Flow:
    """A -> B -> A; a message goes round until it has been passed on three times."""
    values = [10 * n for n in range(messages)]

    def again(slots: Slots) -> Outputs:
        return [[slots[0][0] + 1] if slots[0][0] % 10 < 3 else []]

    inner = {"ab": Connection("A", "B"), "ba": Connection("B", "A")}
    entry = {"sa": Connection("S", "A")}
    return Flow(
        routines={"A": Routine(plus(1)), "B": Routine(again)},
        connections={**entry, **inner} if entry_first else {**inner, **entry},
        seeds={"sa": seeds(*values)},
        expected={
            "sa": one(*values),
            "ab": one(*(v + n for v in values for n in (1, 3))),
            "ba": one(*(v + 2 for v in values)),
        },
        in_order=False,
    )


def final_cycle() -> Flow:
    """G holds its only message until the job's end; B sends it back once, when G has been told already."""

    def once(slots: Slots) -> Outputs:
        return [[slots[0][0] + 1] if slots[0][0] < 2 else []]

    return Flow(
        routines={"G": Routine(total, policy=whole_job), "B": Routine(once)},
        connections={
            "sg": Connection("S", "G"),
            "gb": Connection("G", "B"),
            "bg": Connection("B", "G"),
        },
        seeds={"sg": seeds(1)},
        expected={"sg": one(1), "gb": one(1, 2), "bg": one(2)},
    )


# ---- blobs ------------------------------------------------------------------------------------------------


def blobs(messages: int = 2, *, fans_out: bool = False, policy: Policy = pairs) -> Flow:
    """A's payloads are large; B gathers two before it looks at them. If it fans out, C reads it too."""
    values = range(1, messages + 1)
    large = {"ab": Connection("A", "B", is_large=True)}
    routines = {"A": Routine(plus(0)), "B": Routine(policy=policy)}
    expected = {"sa": one(*values), "ab": one(*values)}
    if fans_out:
        large["ac"] = Connection("A", "C", is_large=True)
        routines |= {"A": Routine(each(plus(0), plus(0))), "C": Routine()}
        expected["ac"] = one(*values)
    return Flow(
        routines=routines,
        connections={"sa": Connection("S", "A"), **large},
        seeds={"sa": seeds(*values)},
        expected=expected,
    )
