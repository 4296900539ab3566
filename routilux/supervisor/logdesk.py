"""Here is where the log lines of all workers of a flow arrive."""

from routilux.ipc.arena import Arena
from routilux.ipc.layout import WORD
from routilux.ipc.loglines import LogBatch, LogReceiver
from routilux.logring import LogEntry
from routilux.supervisor.ledger import Ledger

MOST = 200
"""Batches that one turn takes in."""


class LogDesk:
    """Puts each line into the log of its job. Whoever uses it holds the supervisor's lock."""

    def __init__(self, receiver: LogReceiver, arena: Arena, ledger: Ledger) -> None:
        self.socket = receiver.socket
        self._receiver = receiver
        self._ledger = ledger
        self._words = arena.words
        self._logged = [section.words["logged"] // WORD for section in arena.layout.sections]
        self._arrived = [self._words[index] for index in self._logged]
        self._dropped = [0 for _ in self._logged]

    def collect(self) -> None:
        """Take in what has come; does not wait."""
        for batch in self._receiver.received(MOST):
            if 0 < batch.process < len(self._logged):
                self._take(batch)

    def _take(self, batch: LogBatch) -> None:
        self._arrived[batch.process] = max(self._arrived[batch.process], batch.number)
        lost = max(0, batch.dropped - self._dropped[batch.process])
        self._dropped[batch.process] = batch.dropped
        for number, line in zip(batch.jobs, batch.lines, strict=False):
            job = self._ledger.job(number) if number else None
            if job is None:
                continue
            job.log.lose(lost)
            lost = 0
            at = (line.at + batch.wall) / 1e9
            job.log.put(LogEntry(at, line.level, line.routine, line.replica, line.text))

    def forget(self, process: int) -> None:
        """The process has died, and with it what it had on its way."""
        self.collect()
        self._arrived[process] = self._words[self._logged[process]]
        self._dropped[process] = 0

    def due(self) -> list[int]:
        """How many batches of each process have been sent by now."""
        return [self._words[index] for index in self._logged]

    def has(self, due: list[int]) -> bool:
        """Whether so many have arrived."""
        return all(map(int.__ge__, self._arrived, due))
