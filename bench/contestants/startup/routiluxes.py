"""W5: Routilux."""

import json
import sys
from importlib.metadata import version

from routilux import Flow, Runtime, routine


@routine
def one(number: int) -> int:
    return number + 1


@routine
def two(number: int) -> int:
    return number * 2


@routine
def three(number: int) -> int:
    return number - 2


flow = Flow("first").pipe(one).pipe(two).pipe(three)

if __name__ == "__main__":
    with Runtime() as runtime:
        result = runtime.run(flow, number=21)
        print(
            json.dumps({"first": {"result": result, "versions": {"routilux": version("routilux")}}}),
            flush=True,
        )
        sys.stdin.read()
