"""W5: Dask distributed."""

import json
import sys

import distributed


def one(number: int) -> int:
    return number + 1


def two(number: int) -> int:
    return number * 2


def three(number: int) -> int:
    return number - 2


if __name__ == "__main__":
    with (
        distributed.LocalCluster(n_workers=3, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        result = client.submit(three, client.submit(two, client.submit(one, 21))).result()
        versions = {"distributed": distributed.__version__}
        print(json.dumps({"first": {"result": result, "versions": versions}}), flush=True)
        sys.stdin.read()
