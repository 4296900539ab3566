"""W5: Ray, a compiled graph of three actors."""

import json
import sys
from typing import Any

import ray
from ray.dag import InputNode


class One:
    def run(self, number: int) -> int:
        return number + 1


class Two:
    def run(self, number: int) -> int:
        return number * 2


class Three:
    def run(self, number: int) -> int:
        return number - 2


if __name__ == "__main__":
    ray.init(include_dashboard=False, logging_level="ERROR", log_to_driver=False)
    with InputNode() as start:
        node: Any = start
        for kind in (One, Two, Three):
            node = ray.remote(kind).options(num_cpus=0).remote().run.bind(node)
    graph = node.experimental_compile()
    result = ray.get(graph.execute(21))
    print(json.dumps({"first": {"result": result, "versions": {"ray": ray.__version__}}}), flush=True)
    sys.stdin.read()
    graph.teardown()
    ray.shutdown()
