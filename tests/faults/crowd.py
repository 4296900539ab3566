"""Here is the crowd: WebSocket clients of a monitor that never read, beside a job of millions of messages.

    PYTHONPATH=tests python -m faults.crowd --clients 200 --busy 2

Half of the clients have subscribed to a flow's numbers, half to the job, which is traced for them. So many
programs as `--busy` says never rest meanwhile. The exit code is 1 when the monitor has grown by more than it
may, or the job has not come to its end in full.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic

import aiohttp
import psutil

from process.flows.stages import numbers
from routilux import Flow, JobState, Runtime, routine
from routilux.clock import Deadline

GROWTH = 50_000_000
"""Bytes by which the monitor may grow."""
TIMEOUT = 300.0
BUSY = f"import os\nwhile os.getppid() == {os.getpid()}: pass"
CONNECTS, PER_SECOND = 150, 50
"""Of those that come and go while the others do not read."""


@routine
def drop(value: int) -> None:
    """Is done with it."""


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@contextmanager
def busy(programs: int) -> Iterator[None]:
    """So many programs beside, which never rest."""
    with ExitStack() as stack:
        for _ in range(programs):
            process = stack.enter_context(subprocess.Popen([sys.executable, "-c", BUSY]))
            stack.callback(process.kill)
        yield


class Crowd:
    """Clients that have subscribed, and read nothing from then on."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str) -> None:
        self._session = session
        self._url = f"{url.replace('http', 'ws', 1)}/api/v1/websocket"
        self._protocols = ("routilux.v1", f"token.{token}")
        self.refused = 0

    async def come(self) -> aiohttp.ClientWebSocketResponse | None:
        try:
            return await self._session.ws_connect(self._url, protocols=self._protocols)
        except (aiohttp.ClientError, OSError):
            self.refused += 1
            return None

    async def settle(self, clients: int, flow: Flow, job: JobState) -> list[aiohttp.ClientWebSocketResponse]:
        wants = (
            {"type": "subscribe", "job_id": job.job_id},
            {"type": "subscribe", "flow_id": flow.name, "channel": "metrics"},
        )
        came = []
        for number in range(clients):
            if (client := await self.come()) is not None:
                await client.send_json(wants[number % 2])
                came.append(client)
        return came

    async def come_and_go(self) -> None:
        for _ in range(CONNECTS):
            began = monotonic()
            if (client := await self.come()) is not None:
                await client.close()
            await asyncio.sleep(max(0.0, began + 1 / PER_SECOND - monotonic()))


async def crowd(clients: int, seconds: float, flow: Flow, job: JobState, link: str) -> int:
    """Let them come, leave them alone for a while, and come and go beside them; by how much the monitor has
    grown.
    """
    url, _, token = link.partition("/#token=")
    monitor = next(p for p in psutil.Process().children() if "--announce-fd" in p.cmdline())
    before = monitor.memory_info().rss
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        people = Crowd(session, url, token)
        began = monotonic()
        came = await people.settle(clients, flow, job)
        say(f"{len(came)} of {clients} clients came in {monotonic() - began:.1f} s")
        most, until = 0, Deadline.after(seconds)
        while not until.passed:
            await asyncio.sleep(0.2)
            most = max(most, monitor.memory_info().rss - before)
        began = monotonic()
        async with session.get(f"{url}/api/v1/jobs", headers={"Authorization": f"Bearer {token}"}) as answer:
            await answer.json()
        say(f"the list of jobs took {(monotonic() - began) * 1000:.0f} ms; grown by {most / 1e6:.0f} MB")
        began = monotonic()
        await people.come_and_go()
        say(f"{CONNECTS} came and went in {monotonic() - began:.1f} s; {people.refused} were refused")
        most = max(most, monitor.memory_info().rss - before)
        await asyncio.gather(*(client.close() for client in came))
    return most


def main() -> int:
    parser = argparse.ArgumentParser(prog="faults.crowd")
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--busy", type=int, default=0, help="programs that keep the processor busy")
    parser.add_argument("--seconds", type=float, default=6.0, help="for which nobody reads")
    parser.add_argument("--messages", type=int, default=4_000_000)
    wanted = parser.parse_args()
    flow = Flow("crowd").pipe(numbers).pipe(drop)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = str(Path(folder))
        with busy(wanted.busy), Runtime(monitor=True) as runtime:
            runtime.run(flow, n=wanted.messages // 10)
            assert runtime.monitor is not None
            job = runtime.exec(flow, n=wanted.messages)
            grown = asyncio.run(crowd(wanted.clients, wanted.seconds, flow, job, runtime.monitor.link))
            job.wait(TIMEOUT)
            done = job.counters["drop"]["activations"]
    say(f"the job has {job.status}: {done:,} of {wanted.messages:,} messages")
    say(f"the monitor has grown by {grown / 1e6:.0f} MB, of {GROWTH / 1e6:.0f} at most")
    return int(grown > GROWTH or done != wanted.messages)


if __name__ == "__main__":
    sys.exit(main())
