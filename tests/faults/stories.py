"""Here is how a test has a process of a durable runtime come to a point and die there by `kill -9`."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from faults.durable import DEADLINE, FOLDER

BEGINNING = """
import os, signal, subprocess, sys, time
from faults.crashes import pids, supervisor_of
from faults.lasting import *
from faults.routines import *
from routilux import *
from routilux.ipc.layout import RING

def until(fact):
    deadline = time.monotonic() + 30
    while not fact():
        assert time.monotonic() < deadline
        time.sleep(0.005)

def has_done(job, routine, number):
    return lambda: job.counters[routine]["activations"] >= number

def die():
    os.kill(os.getpid(), signal.SIGKILL)

state = sys.argv[1]
go = state + ".go"
"""


def tell(state: Path, text: str, **environment: str) -> str:
    """Run a script, in which the name `state` is that path; what it printed. It ends by its own SIGKILL, or
    normally.
    """
    script = state.parent / "story.py"
    script.write_text(BEGINNING + text, encoding="utf-8")
    path = os.pathsep.join([str(FOLDER), *(entry for entry in sys.path if entry)])
    done = subprocess.run(
        [sys.executable, str(script), str(state)],
        env=os.environ | {"PYTHONPATH": path} | environment,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.stdout
