"""W5: `python script.py` until its first result has come over three routines; the memory it takes."""

from bench.plans import OURS, Entry, Plan
from bench.results import Target

QUEUES = "multiprocessing, fork"


def _script(name: str, peer: str, script: str, setting: str) -> Entry:
    return Entry(name, peer, f"startup/{script}.py", setting=setting)


STARTUP = Plan(
    key="w5",
    title="W5: from `python script.py` to the first result, three routines",
    unit="s",
    count=1,
    smoke_count=1,
    entries=(
        _script(OURS, "routilux", "routiluxes", "three routines in the script itself"),
        _script(
            QUEUES, "multiprocessing", "forked", "three processes by fork, linked by multiprocessing.Queue"
        ),
        _script("multiprocessing, spawn", "multiprocessing", "spawned", "the same by spawn"),
        _script("pyzmq", "pyzmq", "sockets", "three processes by spawn, linked by PUSH/PULL"),
        _script("joblib", "joblib", "joblibs", "three calls one after the other, in loky's processes"),
        _script("Ray compiled graph", "ray", "rays", "ray.init, three actors, compiled"),
        _script("Dask", "dask", "dasks", "LocalCluster of three processes, three calls, no dashboard"),
        _script("upstream routilux 1.1.0", "upstream", "upstreams", "three routines, threads: one process"),
    ),
    targets=(
        Target(OURS, 0.35),
        Target(OURS, 3.0, (QUEUES,)),
        Target(OURS, 18.0, figure="worker_mb"),
    ),
    is_less_better=True,
    warm_up=0,
    note=(
        "From the start of the interpreter until the result is printed. Memory is read right after that, per"
        " process: Private_Clean + Private_Dirty of /proc/PID/smaps_rollup, which is what would be free if"
        " that process alone ended; beside it RssAnon of /proc/PID/status. A worker is any process but the"
        " script's; the largest one counts."
    ),
)

PLANS = (STARTUP,)
