"""W5: joblib."""

import json
import sys

import joblib


def one(number: int) -> int:
    return number + 1


def two(number: int) -> int:
    return number * 2


def three(number: int) -> int:
    return number - 2


if __name__ == "__main__":
    with joblib.Parallel(n_jobs=3) as pool:
        number = 21
        for step in (one, two, three):
            (number,) = pool([joblib.delayed(step)(number)])
        print(
            json.dumps({"first": {"result": number, "versions": {"joblib": joblib.__version__}}}), flush=True
        )
        sys.stdin.read()
