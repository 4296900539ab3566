"""Here is what a durable flow keeps in its folder: its code and plan, the arena's file, and the journal."""

import os
import pickle
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec

from routilux import pickling
from routilux.errors import RoutiluxError, StoreError
from routilux.flow import Flow
from routilux.hooks import Hooks
from routilux.ipc.arena import Arena
from routilux.ipc.layout import RING, Layout
from routilux.ipc.wire import Boot, adopt_main
from routilux.plan import Plan
from routilux.statedir import forget
from routilux.supervisor.crew import boot_records, new_seed
from routilux.supervisor.journal import Journal
from routilux.supervisor.shipping import ship_hooks

FORMAT = 4
"""Changes whenever the layout of the arena, a record or the journal does."""
STAMP = (FORMAT, f"{sys.version_info.major}.{sys.version_info.minor}", RING)
RUN, ARENA, JOURNAL = "run.pickle", "arena", "journal.sqlite"


@dataclass(frozen=True)
class Run:
    """What a later supervisor needs to go on."""

    flow: Flow
    boots: list[Boot]
    seed: dict[str, str]
    jobs: int
    heap: int


class Kept:
    """The folder of one flow; `lock` is a descriptor that its workers inherit."""

    def __init__(self, folder: Path, lock: int) -> None:
        self.folder = folder
        self.lock = lock
        self.journal: Journal
        self.is_resumed = (folder / RUN).exists()

    def create(self, run: Run, layout: Layout) -> Arena:
        """Write the code last: without it nothing has begun. Raises RoutiluxError where it cannot be."""
        draft = self.folder / f"{RUN}.new"
        try:
            arena = Arena.create(layout, self.folder / ARENA)
            self.journal = Journal(self.folder / JOURNAL)
            draft.write_bytes(pickle.dumps((*STAMP, sys.path)) + pickling.dumps(run))
            draft.rename(self.folder / RUN)
        except OSError as error:
            raise StoreError(
                f"{str(self.folder)!r} cannot hold a durable flow (an arena of {layout.size:,} bytes, of "
                f"which the disk gives what is used): {error.strerror}; name another directory, or lower "
                "Runtime(heap=...)"
            ) from error
        return arena

    def load(self) -> Run:
        """What an earlier supervisor has written. Raises RoutiluxError if it cannot be taken up here."""
        with (self.folder / RUN).open("rb") as file:
            try:
                *stamp, path = pickle.load(file)  # noqa: S301 - written by us, in a directory of mode 0700
                sys.path.extend(entry for entry in path if entry not in sys.path)
                run: Run | None = None
                if tuple(stamp) == STAMP:
                    run = pickle.load(file)  # noqa: S301 - as above
            except Exception as error:  # the user's modules are imported, which may raise anything
                raise RoutiluxError(f"{str(self.folder / RUN)!r} cannot be read: {error!r}") from error
        if run is None:
            raise RoutiluxError(
                f"{str(self.folder)!r} was left by another Routilux (format, Python and bytes of a lane were "
                f"{stamp}, here they are {list(STAMP)}): resume it there"
            )
        adopt_main(run.boots[0].main, only_missing=True)
        return run

    def reopen(self, layout: Layout) -> Arena:
        """The arena as it was left. Raises RoutiluxError if it is not the one that belongs here."""
        path = self.folder / ARENA
        if not path.exists() or path.stat().st_size != layout.size:
            raise RoutiluxError(
                f"{str(path)!r} is missing or has another size than {layout.size:,} bytes: it is damaged, "
                "and what was under way is lost"
            )
        self.journal = Journal(self.folder / JOURNAL)
        return Arena(layout, os.open(path, os.O_RDWR | os.O_CLOEXEC))

    def close(self, *, forgets: bool) -> None:
        """Let go of it; with `forgets` nothing of it is left."""
        self.journal.close()
        if forgets:
            (self.folder / RUN).unlink(missing_ok=True)  # first: killed from here on, nothing had begun
            forget(self.folder)


def moved(boots: list[Boot], directory: Path, hooks: Hooks) -> list[bytes]:
    """The boot records, for sockets in this directory, with the hooks of this runtime."""
    shipped = ship_hooks(hooks)
    return [
        pickle.dumps(msgspec.structs.replace(boot, directory=str(directory), hooks=shipped)) for boot in boots
    ]


@dataclass(frozen=True)
class Ground:
    """What a supervisor stands on."""

    flow: Flow
    plan: Plan
    arena: Arena
    boots: list[bytes]
    seed: dict[str, str]


def new_ground(
    flow: Flow, wanted: Plan, layout: Layout, directory: Path, kept: Kept | None, *, hooks: Hooks
) -> Ground:
    """For a flow that starts. Raises FlowError naming a routine that cannot travel."""
    boots, seed = boot_records(flow, wanted, layout, str(directory)), new_seed()
    placed = moved(boots, directory, hooks)
    if kept is None:
        arena = Arena.create(layout)
    else:
        arena = kept.create(Run(flow, boots, seed, layout.jobs, layout.heap), layout)
    return Ground(flow, wanted, arena, placed, seed)


def old_ground(directory: Path, kept: Kept, *, hooks: Hooks) -> Ground:
    """For a flow that goes on."""
    run = kept.load()
    wanted = run.boots[0].plan
    arena = kept.reopen(Layout(wanted, run.jobs, run.heap))
    return Ground(run.flow, wanted, arena, moved(run.boots, directory, hooks), run.seed)
