"""Here is the guard room: messages that wait before their routine until a debugger has said what is to become
of them, while all else goes on.

Each lies with the worker that is to take it, which asks about it, and asks again when something has been
said. What was said is remembered until the job has ended: the worker may die before it has done it.
"""

from collections.abc import Callable

import msgspec

from routilux.debug.holds import Release, Report, orders
from routilux.flow import Flow
from routilux.graph import Connection
from routilux.ipc.codec import Encoder
from routilux.ipc.control import Answer, Ask
from routilux.ipc.lanes import LARGE
from routilux.submission import Seed
from routilux.supervisor.breaktable import BreakTable
from routilux.supervisor.docket import Docket
from routilux.supervisor.ledger import Account
from routilux.supervisor.waitingroom import Held


class GuardRoom:
    """Whoever uses it holds the lock."""

    def __init__(self, docket: Docket, table: BreakTable, hold: Callable[[Held], None]) -> None:
        self._docket = docket
        self._table = table
        self._hold = hold
        self._held: dict[str, Held] = {}
        self._said: dict[str, tuple[int, bytes]] = {}
        """Of each message that was let go, its job and what was said."""
        self.is_open = False
        """Whether nobody has to wait any more."""

    def asked(self, account: Account, ask: Ask) -> Answer:
        """A worker has come to a guarded message; it tells what that is when it first asks."""
        if (said := self._said.get(ask.key)) is not None:
            return Answer(ask.number, value=said[1])
        if (held := self._held.get(ask.key)) is not None:
            held.attempt += bool(ask.value)  # another life of the worker
            return Answer(ask.number)
        if not ask.value or self.is_open or not self._begins(account, ask):
            return Answer(ask.number, value=orders.encode(Release()))
        return Answer(ask.number)

    def _begins(self, account: Account, ask: Ask) -> bool:
        """Whether the message is held from now on: its breakpoint is still there."""
        report = msgspec.msgpack.decode(ask.value, type=Report)
        place = self._docket.flow.connections[report.connection]
        found = self._table.guarding(account.number, place)
        if found is None:
            return False
        if found.one_shot:
            self._table.update(None, found.breakpoint_id, {"enabled": False})
            self._docket.desk.ring_all()
        event = _events(self._docket.flow, place).index(place.event)
        report = msgspec.structs.replace(
            report, breakpoint_id=found.breakpoint_id, type=found.type or "connection", event=event
        )
        held = Held("", account.job, account, report, place.source, None, 0, 1, guard=ask.key)
        self._held[ask.key] = held
        account.guarded += 1
        self._hold(held)
        return True

    def let_go(self, held: Held, release: Release) -> None:
        """The worker that has it will hear of it."""
        del self._held[held.guard]
        held.account.guarded -= 1
        if release.action == "edit" and self._moves(held):
            release = Release("drop")
        self._said[held.guard] = held.account.number, orders.encode(release)
        self._table.renew()
        self._docket.desk.ring_all()

    def _moves(self, held: Held) -> bool:
        """Whether the edited message has the key of another worker: then it goes there as a new one."""
        place, desk = self._docket.flow.connections[held.report.connection], self._docket.desk
        wanted = desk.keyed(place.target, held.value)
        if wanted is None or wanted == int(held.guard.partition(":")[0]):
            return False
        slot = self._docket.flow.nodes[place.target].routine.slot_names.index(place.slot)
        seed = Seed(place.target, slot, held.value)
        desk.submit(held.account.number, seed, Encoder(LARGE).encode(held.value), held.report.origin)
        desk.commit()
        return True

    def forget(self, account: Account) -> None:
        """The job has ended."""
        if not (self._held or self._said):
            return
        self._held = {key: held for key, held in self._held.items() if held.account is not account}
        self._said = {key: said for key, said in self._said.items() if said[0] != account.number}
        account.guarded = 0


def _events(flow: Flow, place: Connection) -> tuple[str, ...]:
    return flow.nodes[place.source].routine.event_names
