"""Here is the flow that the browser looks at: it can run for long, branches, and says its sum in the end."""

from collections.abc import Iterator

from routilux import Event, Flow, Routine, Slot, routine


@routine
def count(to: int) -> Iterator[dict[str, int]]:
    for number in range(1, to + 1):
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
