"""The made feed is one that a monitor follows: real sockets, 300 routines."""

from __future__ import annotations

from pathlib import Path

from monitor.fakeruntime import FakeRuntime
from monitor.loop import run, until
from monitor.madefeed import Player
from routilux_monitor.feed import Feed
from routilux_monitor.store import Store


def test_three_hundred_routines_are_followed_without_a_gap(folder: Path) -> None:
    async def main() -> None:
        with FakeRuntime() as runtime:
            player = Player(runtime)
            async with Feed(store := Store()) as feed:
                await until(lambda: player.flow.is_heard)
                for _ in range(4):
                    player.update()
                (instance,) = store.instances.values()
                await until(lambda: len(instance.durations) == 300)
                player.update()  # of what is read together only the last figures count
                await until(lambda: len(instance.routine_rates) == 300)
                job = store.jobs["busy"]
                await until(lambda: sum(e.kind == "routine_completed" for e in job.trace) == 100)
                assert (instance.gaps, feed.malformed) == (0, 0)

    run(main())
