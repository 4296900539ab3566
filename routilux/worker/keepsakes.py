"""Here is the watch over large payloads that user code keeps long after the activation that received them."""

import logging
import weakref

from routilux.ipc.blobs import Pins
from routilux.ipc.commit import Transaction
from routilux.ipc.layout import PINS

log = logging.getLogger("routilux.worker")

FURTHER = 3
"""So many activations may follow before it is remarkable that a payload is still kept."""


class Keepsakes:
    """Tells, once per process, that views of large payloads outlive their activations."""

    def __init__(self, routine: str, pins: Pins, tx: Transaction) -> None:
        self._routine = routine
        self._pins = pins
        self._tx = tx
        self._since: dict[int, tuple[weakref.ref[object], int]] = {}
        self._is_told = False

    def look(self) -> None:
        """To be called with each commit: whether something has been kept for too long."""
        if self._is_told:
            return
        now, kept, before = self._tx.activations, self._pins.kept(), self._since
        self._since = {
            row: before[row] if row in before and before[row][0] is lease else (lease, now)
            for row, (lease, _) in kept.items()
        }
        # The activation that received it may be counted only after the first look.
        long = [kept[row][1] for row, (_, since) in self._since.items() if now - since > FURTHER + 1]
        if long:
            self._is_told = True
            log.warning(
                "routine %r keeps views of large payloads (%d of them, %s bytes) beyond the activation that "
                "received them, so their shared memory cannot be used again: keep a copy (array.copy()), or "
                "declare the slot with Slot(copy=True); with more than %d of them, payloads are copied",
                self._routine,
                len(long),
                f"{sum(long):,}",
                PINS,
            )
