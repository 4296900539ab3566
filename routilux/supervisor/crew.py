"""Here is the crew: the worker processes of one running flow, from spawn to reap."""

import os
from collections.abc import Iterator, Mapping, Sequence
from random import SystemRandom

from routilux.flow import Flow
from routilux.hooks import NO_HOOKS, Hooks
from routilux.ipc import crash
from routilux.ipc.arena import Arena
from routilux.ipc.layout import WORD, Layout
from routilux.ipc.wire import Boot
from routilux.plan import Plan
from routilux.slottypes import demands
from routilux.supervisor.processes import Process, fate, spawn
from routilux.supervisor.shipping import ship_connections, ship_main, ship_node


class Crew:
    """All workers of a plan. They are spawned, reaped and let go by one thread, which outlives them."""

    def __init__(
        self,
        plan: Plan,
        arena: Arena,
        boots: list[bytes],
        seed: Mapping[str, str],
        lock: int | None,
        *,
        hooks: Hooks = NO_HOOKS,
        options: Sequence[str] = (),
    ) -> None:
        """`options` are for the workers' interpreters."""
        self._plan = plan
        self._arena = arena
        self._sizes = [len(boot) for boot in boots]
        self._boots = os.memfd_create("routilux-boot", os.MFD_CLOEXEC)
        with open(self._boots, "wb", closefd=False) as file:
            file.writelines(boots)
        self._seed = seed
        self._hooks = hooks
        self._options = options
        self._held = () if lock is None else (lock,)
        self._pipe = os.pipe2(os.O_CLOEXEC)
        self.members: dict[int, Process] = {}
        self.lives: dict[int, int] = {}
        """Which incarnation of each worker this is, counted from 0."""

    def spawn(self) -> None:
        """Start every worker; each waits for nobody."""
        for process in self._plan.processes[1:]:
            self.respawn(process.index)

    def respawn(self, index: int) -> None:
        """Start one worker; its predecessor, if there was one, has been reaped."""
        fds = (self._arena.fd, self._boots, self._pipe[0])
        place = (sum(self._sizes[: index - 1]), self._sizes[index - 1])
        worker = self._plan.processes[index].name
        life = self.lives[index] = self.lives.get(index, -1) + 1
        environment = dict(self._seed) | crash.environment(worker, life)
        name = f"{self._plan.flow}:{worker}"
        arguments = (*fds, *place, os.getpid(), life + 1)
        self.members[index] = spawn(name, arguments, (*fds, *self._held), environment, self._options)
        self._tell(index, self.members[index].pid, "started")

    def kill_one(self, index: int) -> None:
        """Kill one worker; its end shows as any other."""
        if index in self.members:
            self.members[index].kill()

    def bury(self, index: int) -> int:
        """Reap a worker that has died, and what it has left behind in its group; the id it had."""
        member = self.members.pop(index)
        member.reap()
        return member.pid

    def tell_died(self, index: int, pid: int, how: str) -> None:
        """The user's hooks learn of a worker's death."""
        self._tell(index, pid, "died", how)

    def _tell(self, index: int, pid: int, change: str, how: str = "") -> None:
        routine = self._plan.processes[index].node
        self._hooks.tell("on_process_change", self._plan.flow, routine, pid, change, how)

    def pids(self) -> dict[int, tuple[str, int]]:
        """Routine and process of each worker."""
        return {n: (self._plan.processes[n].node, member.pid) for n, member in self.members.items()}

    def sentinels(self) -> list[int]:
        """Descriptors that become readable when a worker ends."""
        return [member.sentinel for member in self.members.values() if member.sentinel >= 0]

    def dead(self) -> Iterator[tuple[int, str]]:
        """The workers that have ended by themselves, and how."""
        for index, member in list(self.members.items()):
            code = member.exit_code
            if code is not None:
                yield index, fate(code)

    def is_ready(self, index: int) -> bool:
        """Whether the worker has set its routine up."""
        return bool(self._arena.words[self._arena.layout.sections[index].words["status"] // WORD])

    @property
    def is_gone(self) -> bool:
        return all(member.exit_code is not None for member in self.members.values())

    def kill(self) -> None:
        for member in self.members.values():
            member.kill()

    def reap(self) -> None:
        """Wait for all of them, and kill what they have left behind in their groups."""
        for member in self.members.values():
            member.reap()

    def close(self) -> None:
        for fd in (*self._pipe, self._boots):
            os.close(fd)


def new_seed() -> dict[str, str]:
    """One hash seed for all lives of a flow's workers, so that sets have the same order in a re-run."""
    return {"PYTHONHASHSEED": str(SystemRandom().randrange(1, 1 << 32))}


def boot_records(flow: Flow, plan: Plan, layout: Layout, directory: str) -> list[Boot]:
    """What each worker is born with; raises FlowError naming a routine that cannot travel."""
    main = ship_main()
    shipped = {name: ship_node(node) for name, node in flow.nodes.items()}
    keys = ship_connections(
        {
            n: flow.nodes[c.target].key
            for n, c in enumerate(flow.connections)
            if flow.nodes[c.target].key is not None
        }
    )
    types = ship_connections(demands(flow))
    return [
        Boot(
            plan,
            layout.jobs,
            layout.heap,
            process.index,
            directory,
            plan.routes(flow, process.index),
            flow.connections,
            keys,
            types,
            shipped[process.node],
            b"",
            main,
        )
        for process in plan.processes[1:]
    ]
