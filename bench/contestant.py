"""Here is one contestant in a process and a Python of its own, driven by lines on its standard input.

    python -P bench/contestant.py MODULE:ENTRY OPTIONS

The entry is a context manager of `bench.contestants.MODULE` that yields `measure(count) -> {"value": ...}`.
Once it has been entered this program says `{"ready": {name: version}}`; to each line with a count it answers
`{"found": ...}`, or `{"failed": reason}` once. It ends when its input does, whatever it is doing by then.

This runs in environments without Routilux, and in one whose `routilux` is another package: so the checkout
comes last on the path, and nothing is imported here but the standard library.
"""

import importlib
import json
import os
import queue
import signal
import sys
import threading
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

Line = dict[str, Any]


def main() -> None:
    sys.path.append(str(Path(__file__).resolve().parent.parent))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a peer prints is no answer

    def say(line: Line) -> None:
        print(json.dumps(line), file=answers, flush=True)

    counts: queue.SimpleQueue[int | None] = queue.SimpleQueue()
    threading.Thread(target=listen, args=(counts,), daemon=True).start()
    try:
        live(sys.argv[1], json.loads(sys.argv[2]), counts, say)
    except Exception as error:  # whatever it is becomes a row of the report
        say({"failed": f"{type(error).__name__}: {error}"[:500]})
        raise


def live(entry: str, options: Line, counts: "queue.SimpleQueue[int | None]", say: Any) -> None:
    packages = options.pop("packages")
    if path := options.pop("path", None):  # another copy of what the environment has
        sys.path.insert(0, path)
    module, name = entry.split(":")
    contest = getattr(importlib.import_module(f"bench.contestants.{module}"), name)
    with contest(**options) as measure:
        say({"ready": versions(packages)})
        while (count := counts.get()) is not None:
            say({"found": measure(count)})


def listen(counts: "queue.SimpleQueue[int | None]") -> None:
    """Hand on what is asked for. The end of the input is the end of all: the driver may have been killed."""
    for line in sys.stdin:
        counts.put(int(line))
    counts.put(None)
    threading.Event().wait(5.0)  # for the contest to be left in an orderly way
    os.killpg(0, signal.SIGKILL)


def versions(packages: list[str]) -> dict[str, str]:
    found = {"python": sys.version.split()[0]}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


if __name__ == "__main__":
    main()
