"""Here is how a durable run is killed, as a whole or in part, and what must come out of it all the same.

`PYTHONPATH=.:tests python -m faults.durable --rounds 100 --seed 1` is a campaign that prints its figures.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import psutil

from faults.lasting import CASES
from routilux.deadletters import DeadLetters

FOLDER = Path(__file__).parents[1]
DEADLINE = 100.0
"""Seconds for one life: the machine may have other things to do."""


class Lives:
    """The lives of one durable run, each in a process of its own."""

    def __init__(self, state: Path, names: Sequence[str]) -> None:
        self.state = state
        self.names = names
        self.kills = 0

    def begin(self, **environment: str) -> "subprocess.Popen[str]":
        """Start the next life. Close it in the end."""
        path = os.pathsep.join([str(FOLDER), *(entry for entry in sys.path if entry)])
        return subprocess.Popen(
            [sys.executable, "-m", "faults.life", str(self.state), *self.names],
            env=os.environ | {"PYTHONPATH": path} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self, life: "subprocess.Popen[str]", how: str) -> None:
        """SIGKILL to the process, or to it and all that it has started; or it is told to suspend."""
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(life.pid)
            children = process.children(recursive=True) if how == "everything" else []
            for victim in (process, *children):
                with suppress(psutil.NoSuchProcess):
                    victim.send_signal(signal.SIGTERM if how == "suspend" else signal.SIGKILL)
        life.communicate(timeout=DEADLINE)
        self.kills += 1

    def finish(self) -> str:
        """One life that is left alone to its end; what it says on standard error."""
        with self.begin() as life:
            _, errors = life.communicate(timeout=DEADLINE)
        assert life.returncode == 0, errors
        return errors

    def faults(self) -> list[str]:
        """What is wrong after the end."""
        found = [f"{path} is left" for path in self.state.rglob("*") if path.name != "run.lock"]
        answer = json.loads(self.state.with_suffix(".answer").read_text(encoding="utf-8"))
        store = DeadLetters(self.state.with_suffix(".dead"))
        for name in self.names:
            case = CASES[name]
            wanted = ["completed", case.results, case.dead]
            got = answer.get(name)
            if got is not None and case.is_sorted and got[0] == "completed":
                got[1].sort()
                wanted[1] = sorted(case.results)
            if got != wanted:
                found.append(f"{name}: {brief(got)} instead of {brief(wanted)}")
            letters = [letter.message_id for letter in store.all(job_id=name)]
            if len(letters) != case.dead:
                found.append(f"{name}: dead letters {letters}")
        store.close()
        return found


def brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 300 else f"{text[:300]}…"


def killed_at_random(state: Path, names: Sequence[str], seed: int, most: int = 4) -> Lives:
    """Some lives that are killed at random moments, while they begin or resume too, and one to the end."""
    random, lives = Random(seed), Lives(state, names)
    for _ in range(random.randint(1, most)):
        with lives.begin() as life:
            with suppress(subprocess.TimeoutExpired):
                life.wait(random.choice([random.uniform(0.0, 0.8), random.uniform(0.5, 3.0)]))
                break
            lives.end(life, random.choice(["supervisor", "everything", "suspend"]))
    lives.finish()
    return lives


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    faults = kills = 0
    began = time.monotonic()
    for seed in range(given.seed, given.seed + given.rounds):
        names = Random(seed).sample(sorted(CASES), 3)
        with tempfile.TemporaryDirectory() as folder:
            lives = killed_at_random(Path(folder, "state"), names, seed)
            found = lives.faults()
        kills += lives.kills
        faults += bool(found)
        print(f"seed {seed}: {', '.join(names)}; {lives.kills} kills; {found or 'exact'}", flush=True)
    seconds = time.monotonic() - began
    print(f"{given.rounds} rounds, {kills} kills, {faults} with faults, {seconds:.0f} s")
    sys.exit(int(faults > 0))


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    main()
