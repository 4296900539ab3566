"""Here is one life of a durable runtime, a process that may be killed: `python -m faults.life STATE CASE...`.

It begins the cases, or goes on with those that an earlier life has begun, writes what came out of them to
STATE.answer, and leaves an empty state directory. SIGTERM suspends it.
"""

import json
import signal
import sys
from pathlib import Path
from typing import Any

from faults.lasting import CASES
from routilux import JobState, RoutiluxError, Runtime


def main() -> None:
    state, names = Path(sys.argv[1]), sys.argv[2:]
    options: dict[str, Any] = {"dead_letters": state.with_suffix(".dead")}
    is_resumed = (state / "run.lock").exists()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Runtime.resume(state, **options) if is_resumed else Runtime(state_dir=state, **options) as runtime:
        answer = state.with_suffix(".answer")
        if not answer.exists():
            jobs = {job.job_id: job for job in runtime.resumed}
            for name in names:
                if name not in jobs:
                    jobs[name] = runtime.exec(CASES[name].flow(), n=CASES[name].n, job_id=name)
            draft = state.with_suffix(".draft")
            draft.write_text(json.dumps({name: outcome(jobs[name]) for name in names}), encoding="utf-8")
            draft.rename(answer)


def outcome(job: JobState) -> list[Any]:
    try:
        results = job.results()
    except RoutiluxError as error:
        return [job.status, repr(error)]
    return [job.status, results, len(job.errors)]


if __name__ == "__main__":
    main()
