"""How routines travel to another process."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import cloudpickle
import pytest

from pure.maderoutines import Count, Job, running, scale, words
from routilux import policies
from routilux.function import FunctionRoutine, routine


def test_a_spec_builds_a_routine_of_its_own() -> None:
    count = Count(minimum=3, locale="en")
    count.add_slot("more", type=int)
    built = cloudpickle.loads(cloudpickle.dumps(count.spec())).build()
    assert type(built) is Count
    assert (built.config, built.slot_names) == (count.config, ("word", "page", "more"))
    built.add_event("later")
    assert count.event_names == ("total", "other")


def test_a_configured_function_travels() -> None:
    triple = scale.configure(factor=3).set_activation_policy(policies.whole_job())
    for built in (pickle.loads(pickle.dumps(triple.spec())).build(), pickle.loads(pickle.dumps(triple))):
        assert (built(2), built.activation_policy) == (6, policies.whole_job())
        assert running(built)[0].call([2], None, Job()) is None


def test_a_function_of_a_module_pickles_by_reference() -> None:
    assert pickle.loads(pickle.dumps(words)) is words


def test_a_lambda_and_a_closure_travel_by_value() -> None:
    factor = 3
    built = cloudpickle.loads(cloudpickle.dumps(routine(lambda a: a * factor).spec())).build()
    assert isinstance(built, FunctionRoutine)
    assert built(2) == 6


MODULE = """
from routilux.function import routine
from routilux.routine import Routine, Slot, Event

@routine
def double(a):
    return a * 2 if a < 9 else double(a - 1)  # it knows itself by its name

class Twice(Routine):
    a = Slot()
    b = Event()
    times: int = 2
    need: int

    def logic(self, a):
        self.b.emit(a * self.times)
"""
DUMP = """
import sys, cloudpickle
if sys.argv[1] == "module":
    from made import double, Twice
else:
    exec(compile(open("made.py").read(), "made.py", "exec"))
specs = [double.spec(), Twice(need=1).spec(), Twice]
sys.stdout.buffer.write(cloudpickle.dumps(specs))
"""
LOAD = """
import sys, pickle
double, twice, Twice = pickle.load(sys.stdin.buffer)
double, twice = double.build(), twice.build()
print(double(4), twice.config, twice.slot_names, twice.event_names, Twice.__module__)
try:
    Twice()
except Exception as error:
    print(error)
"""


@pytest.mark.parametrize("home", ["module", "main"])
def test_routines_arrive_in_a_fresh_interpreter(home: str, tmp_path: Path) -> None:
    (tmp_path / "made.py").write_text(MODULE)
    dumped = python(tmp_path, DUMP, home)
    arrived, missing = python(tmp_path, LOAD, stdin=dumped).decode().splitlines()
    module = "made" if home == "module" else "__main__"
    assert arrived == "8 {'times': 2, 'need': 1} ('a',) ('b',) " + module
    assert missing == "Twice needs the configuration 'need': give it as Twice(need=...)"


def python(folder: Path, program: str, *arguments: str, stdin: bytes = b"") -> bytes:
    path = [str(folder), *sys.path]
    code = f"import sys; sys.path[:] = {path!r}\n{program}"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        input=stdin,
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=50,
    )
    return done.stdout
