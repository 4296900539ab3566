"""Here is how `routilux jobs list` shows the jobs of the runtimes that run now."""

import sys
from datetime import datetime
from typing import NamedTuple

import msgspec

from routilux.cli.listing import moment, print_table, write_lines
from routilux.commands import Describe, Description, JobInfo
from routilux.errors import RoutiluxError
from routilux.frontdesk.visit import ask, runtimes


class Wanted(NamedTuple):
    """Which jobs; None is any."""

    job: str | None
    status: str | None
    flow: str | None
    since: datetime | None
    until: datetime | None

    def has(self, job: JobInfo) -> bool:
        return (
            self.job in (None, job.job_id)
            and self.status in (None, job.status)
            and self.flow in (None, job.flow_id)
            and (self.since is None or job.created_at >= self.since.timestamp())
            and (self.until is None or job.created_at < self.until.timestamp())
        )


def list_jobs(wanted: Wanted, limit: int, *, as_json: bool) -> None:
    """Ask every front desk; the newest jobs first. Whoever does not answer is named on standard error."""
    found: list[tuple[int, JobInfo]] = []
    for directory in runtimes():
        try:
            said = ask(directory, Describe())
        except RoutiluxError as error:
            print(f"error: {error}", file=sys.stderr)
            continue
        if isinstance(said, Description):
            found += [(said.introduction.pid, job) for job in said.jobs if wanted.has(job)]
    found.sort(key=lambda each: each[1].created_at, reverse=True)
    if as_json:
        write_lines({"pid": pid} | msgspec.to_builtins(job) for pid, job in found[:limit])
        return
    heads = ("pid", "job", "flow", "status", "began", "seconds", "error")
    print_table(heads, [_row(pid, job) for pid, job in found[:limit]], right=("pid", "seconds"))
    if len(found) > limit:
        print(f"… and more than these {limit:,}; --limit lists more")


def _row(pid: int, job: JobInfo) -> tuple[object, ...]:
    seconds = ""
    if job.started_at is not None and job.finished_at is not None:
        seconds = f"{max(0.0, job.finished_at - job.started_at):.3f}"
    return (pid, job.job_id, job.flow_id, job.status, moment(job.created_at), seconds, job.error)
