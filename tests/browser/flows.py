"""Here are the flows that the browser looks at. `numbers` can run for long, branches, prints and says its sum
in the end, and fails if it shall count to less than nothing; `photos` passes on arrays; `relay` is long;
`crew` has a group of routines whose names begin alike; `chatty` prints a lot.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from routilux import Event, Flow, Routine, Slot, routine


@routine
def count(to: int) -> Iterator[dict[str, int]]:
    if to < 0:
        raise ValueError(f"cannot count to {to}")
    number = 0
    while number < to:  # looked at each time: a debugger may have set it
        number += 1
        yield {"n": number}


@routine
def square(number: dict[str, int]) -> dict[str, int]:
    sum(range(2000))  # some work, so that a long job is not over at once
    return {"n": number["n"] ** 2}


class Total(Routine):
    """Adds up what it gets."""

    item = Slot()
    total = Event()

    def logic(self, item: dict[str, int]) -> None:
        self.state["sum"] = self.state.get("sum", 0) + item["n"]

    def finish(self) -> None:
        print("the sum is", self.state.get("sum", 0))  # noqa: T201 - to be looked at
        self.total.emit({"sum": self.state.get("sum", 0)})


@routine
def parity(number: dict[str, int]) -> str:
    return "odd" if number["n"] % 2 else "even"


def numbers() -> Flow:
    flow = Flow("numbers")
    flow.add_routine(count, "count")
    flow.add_routine(square, "square", workers=2)
    flow.add_routine(Total(), "total")
    flow.add_routine(parity, "parity")
    flow.connect("count", "output", "square", "number")
    flow.connect("count", "output", "parity", "number")
    flow.connect("square", "output", "total", "item")
    return flow


@routine
def take(seed: int) -> dict[str, Any]:
    rows, columns = np.mgrid[0:48, 0:64]
    return {
        "pixels": ((rows + seed) * columns % 256).astype("u1"),
        "wave": np.sin(np.linspace(0.0, 12.0, 1000)),
        "about": {"tags": ["blue", "sea"]},
    }


@routine
def brightness(photo: dict[str, Any]) -> float:
    return float(photo["pixels"].mean())


def photos() -> Flow:
    return Flow("photos").pipe(take, "take").pipe(brightness, "brightness")


def relay() -> Flow:
    flow = Flow("relay").pipe(count, "count")
    for name in ("second", "third", "fourth", "fifth", "sixth"):
        flow.pipe(square, name)
    return flow


def crew() -> Flow:
    flow = Flow("crew")
    flow.add_routine(count, "count")
    for name in ("hand-1", "hand-2", "hand-3"):
        flow.add_routine(parity, name)
        flow.connect("count", "output", name, "number")
    return flow


@routine
def chat(lines: int) -> None:
    for number in range(lines):
        print("line", number)  # noqa: T201 - to be looked at


def chatty() -> Flow:
    return Flow("chatty").pipe(chat, "chat")
