"""W6: jobs of one message over three routines, from `post` to completed."""

from bench.plans import OURS, Entry, Plan
from bench.results import Target

FEW, MANY = "Routilux, 1,000 jobs", "Routilux, 100,000 jobs"

JOBS = Plan(
    key="w6",
    title="W6: jobs of one message over three routines",
    unit="jobs/s",
    count=5_000,
    smoke_count=50,
    entries=(
        Entry(OURS, "routilux", "ours_jobs:posted", {}, setting="post to completed, up to 1,000 under way"),
        Entry(
            "pyzmq, a message",
            "pyzmq",
            "jobs:over_link",
            {"link": "zeromq:Bytes", "encoding": "msgpack"},
            5.0,
            "over three processes and back, 1,000 under way; there is no job",
        ),
        Entry(
            "ProcessPoolExecutor",
            "multiprocessing",
            "pools:submitted",
            {},
            0.5,
            "one process, one call for all three, 1,000 under way",
        ),
        Entry(
            "Ray compiled graph", "ray", "rays:graph_jobs", {}, 0.3, "three actors, 100 executions under way"
        ),
        Entry("Dask", "dask", "dasks:jobs", {}, 0.03, "two processes, three calls a job, 1,000 under way"),
        Entry(
            "upstream routilux 1.1.0",
            "upstream",
            "upstream:jobs",
            {},
            0.1,
            "threads; post until the last routine has run",
        ),
    ),
    targets=(Target(OURS, 10_000.0),),
)

GROWTH = Plan(
    key="w6-growth",
    title="W6: jobs of one message over three routines, by how many",
    unit="jobs/s",
    count=100_000,
    smoke_count=100,
    entries=(
        Entry(FEW, "routilux", "ours_jobs:posted", {}, 0.01, "one after the other"),
        Entry("Routilux, 10,000 jobs", "routilux", "ours_jobs:posted", {}, 0.1, is_big=True),
        Entry(MANY, "routilux", "ours_jobs:posted", {}, 1.0, "once", rounds=1, is_big=True),
    ),
    targets=(Target(MANY, 0.9, (FEW,)),),
    reference=FEW,
    curve="jobs",
)

PLANS = (JOBS, GROWTH)
