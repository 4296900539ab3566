"""Here is a stream: one job that is fed from an iterable while its outputs are read."""

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from routilux.engine import Engine
from routilux.jobs import JobState
from routilux.submission import Seed


def streamed(engine: Engine, begin: Callable[[], JobState], seeds: Iterable[Seed]) -> Iterator[Any]:
    """Begin the job when the first output is asked for, and hand its outputs out as they come.

    The seeds are made in a thread of their own; what that raises is raised here. Stopping early cancels the
    job.
    """
    job = begin()
    failures: list[BaseException] = []

    def feed() -> None:
        try:
            for seed in seeds:
                if not engine.feed(job, [seed]):
                    return
            engine.seal(job)
        except BaseException as error:  # it is raised again where the stream is read  # noqa: BLE001
            failures.append(error)
            job.cancel()

    feeder = threading.Thread(target=feed, name=f"routilux-feed-{job.job_id}", daemon=True)
    feeder.start()
    try:
        for output in job.outputs():
            yield output.payload
    except Exception:
        if failures:
            raise failures[0] from None
        raise
    finally:
        if not job.ended:
            job.cancel()
