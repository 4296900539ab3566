"""Here is the command line of the model: `python -m tests.model [quick | bugs | only TEXT]`.

Without a word every run is made; with `quick` the small sound ones, and all seeded mistakes. The last line
says how many states there were and how many results were not as expected; so does the exit status.
"""

from __future__ import annotations

import sys
from time import perf_counter

from .catalogue import SEEDED, SOUND, Run
from .litmus import CASES, Machine, may_fail


def chosen(words: list[str]) -> tuple[list[Run], list[Run]] | None:
    """The sound runs and the seeded ones that the words name; None if they mean nothing."""
    match words:
        case []:
            return SOUND, SEEDED
        case ["quick"]:
            return [run for run in SOUND if run.is_quick], SEEDED
        case ["bugs"]:
            return [], SEEDED
        case ["only", text]:
            return [run for run in SOUND if text in run.name], [run for run in SEEDED if text in run.name]
        case _:
            return None


def make(run: Run, *, is_sound: bool) -> tuple[int, bool]:
    """Explore and print a line; how many states, and whether the result is as expected."""
    began = perf_counter()
    verdict = run.explore()
    is_expected = verdict.is_sound == is_sound
    word = ("pass" if is_expected else "FAIL") if is_sound else ("caught" if is_expected else "MISSED")
    seconds = perf_counter() - began
    print(f"{word:6} {verdict.states:>11,} {seconds:7.1f} s  {run.name}", flush=True)
    if verdict.fault:
        print(f"{'':28}{verdict.fault}", flush=True)
    return verdict.states, is_expected


def litmus() -> int:
    """Print what each machine may do; how many results are not as expected."""
    wrong = 0
    for case in CASES:
        failing = {machine for machine in Machine if may_fail(case, machine)}
        wrong += failing != case.fails_on
        where = ", ".join(sorted(failing)) or "nowhere"
        print(f"litmus {case.name}: breaks {where}{'' if failing == case.fails_on else '  UNEXPECTED'}")
    return wrong


def main(words: list[str]) -> int:
    runs = chosen(words)
    if runs is None:
        print("usage: python -m tests.model [quick | bugs | only TEXT]", file=sys.stderr)
        return 2
    sound, seeded = runs
    if not (sound or seeded):
        print(f"no run has {words[-1]!r} in its name", file=sys.stderr)
        return 2
    results = [make(run, is_sound=True) for run in sound]
    results += [make(run, is_sound=False) for run in seeded]
    wrong = sum(not is_expected for _, is_expected in results)
    if words[:1] != ["only"]:
        wrong += litmus()
    print(f"{sum(states for states, _ in results):,} states; {wrong} unexpected")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
