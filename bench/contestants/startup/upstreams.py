"""W5: the upstream routilux 1.1.0."""

import json
import os
import sys
from importlib.metadata import version
from queue import SimpleQueue
from typing import Any

from routilux.core import Flow, FlowRegistry, Routine, Runtime

found: SimpleQueue[int] = SimpleQueue()


def whatever_is_there(slots: dict[str, Any], _: Any) -> tuple[bool, dict[str, list[Any]], None]:
    data = {name: slot.consume_all_new() for name, slot in slots.items()}
    return any(data.values()), data, None


class Step(Routine):  # type: ignore[misc]  # another package of that name is typed here
    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function
        self.add_slot("number")
        self.add_event("output", ["number"])
        self.set_activation_policy(whatever_is_there)

    def logic(self, numbers: list[dict[str, int]], *, worker_state: Any, **_: Any) -> None:
        for each in numbers:
            self.emit("output", worker_state=worker_state, number=self.function(each["number"]))


if __name__ == "__main__":
    flow = Flow("first")
    one, two, three, last = (
        flow.add_routine(Step(function), f"step-{at}")
        for at, function in enumerate((lambda n: n + 1, lambda n: n * 2, lambda n: n - 2, found.put))
    )
    for before, behind in ((one, two), (two, three), (three, last)):
        flow.connect(before, "output", behind, "number")
    FlowRegistry.get_instance().register_by_name("first", flow)
    runtime = Runtime()
    worker = runtime.exec("first")
    runtime.post("first", one, "number", {"number": 21}, worker_id=worker.worker_id)
    result = found.get()
    print(
        json.dumps({"first": {"result": result, "versions": {"routilux": version("routilux")}}}), flush=True
    )
    sys.stdin.read()
    os._exit(0)  # its own end waits for its threads
