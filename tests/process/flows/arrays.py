"""Here are routines that make arrays; apart, as a worker imports the module of its routine, and numpy takes
it as long as all the rest.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from process.flows.orders import Uneven
from routilux import Event, Routine, Slot


class Notes(Routine):
    """Keeps what comes in the job's data, under "a<value>", and passes it on."""

    value = Slot()
    out = Event()

    def logic(self, value: int) -> None:
        self.job.data[f"a{value}"] = {"square": value * value, "ballast": np.full(value, value)}
        self.job.data["last"] = value
        self.out.emit(value)


class UnevenArrays(Uneven):
    """As Uneven, with arrays among what it emits."""

    def ballast(self, value: int) -> Any:
        return np.full(20_000, value % 256, np.uint8) if value % 3 else b""
