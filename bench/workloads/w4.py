"""W4: the round trip of one message, to a process that waits for it."""

from typing import Any

from bench.plans import Entry, Plan
from bench.results import Target

MESSAGE = "Routilux, a message"
SOCKET = "pyzmq"
PAUSE = 0.002


def _entries(pause: float) -> tuple[Entry, ...]:
    def link(
        name: str, peer: str, path: str, setting: str, encoding: str = "msgpack", **options: Any
    ) -> Entry:
        options |= {"link": path, "encoding": encoding, "pause": pause}
        return Entry(name, peer, "trips:over_link", options, setting=setting)

    at_pause = {"pause": pause}
    return (
        Entry(
            MESSAGE,
            "routilux",
            "ours:message_trips",
            at_pause,
            setting="one there and one back, between two routines of a job",
        ),
        link(SOCKET, "pyzmq", "zeromq:Bytes", "PUSH/PULL over ipc"),
        Entry(
            "Routilux, a stream",
            "routilux",
            "ours:stream_trips",
            at_pause,
            setting="an item into runtime.stream, its output back",
        ),
        Entry(
            "Routilux, a job",
            "routilux",
            "ours:job_trips",
            at_pause,
            setting="exec to result: admitted, run, ended, handed over",
        ),
        link("multiprocessing.SimpleQueue", "multiprocessing", "queues:SimpleQueue", "pickle", "objects"),
        link("multiprocessing.Queue", "multiprocessing", "queues:Queue", "pickle", "objects"),
        link("faster-fifo", "faster-fifo", "fifos:Queue", "pickle", "objects"),
        link("iceoryx2", "iceoryx2", "iceoryx:Waiting", "the receiver waits on a listener"),
        link(
            "iceoryx2, polling",
            "iceoryx2",
            "iceoryx:Polling",
            "the receiver polls: a core is busy all the time",
        ),
        link("zenoh", "zenoh", "zenohs:Bytes", "two peers on a Unix socket, express", is_express=True),
        Entry("Ray compiled graph", "ray", "rays:graph_trips", at_pause, setting="one actor"),
        link("two pipes", "bare", "limits:Pipe", "eight bytes: what waking a process takes", "objects"),
    )


SLOW = (
    Entry("Ray actors", "ray", "rays:actor_trips", {"pause": PAUSE}, 0.5, "one actor"),
    Entry("Dask", "dask", "dasks:trips_of", {"pause": PAUSE}, 0.2, "one process, a future"),
    Entry(
        "upstream routilux 1.1.0",
        "upstream",
        "upstream:trips_of",
        {"pause": PAUSE},
        setting="threads; until the routine runs",
    ),
)
"""Those that take a millisecond or ten, whether they sleep or not; and one that has no other process."""

IDLE = Plan(
    key="w4-idle",
    title="W4: a round trip when all are idle, p50",
    unit="µs",
    count=250,
    smoke_count=20,
    entries=_entries(PAUSE) + SLOW,
    targets=(Target(MESSAGE, 1.1, (SOCKET,)),),
    reference=MESSAGE,
    is_less_better=True,
    note="2 ms of sleep before each message, so that everybody waits in the kernel by then.",
)

BUSY = Plan(
    key="w4-busy",
    title="W4: round trips one after the other, p50",
    unit="µs",
    count=3_000,
    smoke_count=50,
    entries=_entries(0.0),
    targets=(
        Target(MESSAGE, 0.5, (SOCKET,)),
        Target(MESSAGE, 20.0, is_stretch=True),
    ),
    reference=MESSAGE,
    is_less_better=True,
    note=("No pause: whoever looks for a moment before going to sleep finds the next message there."),
)

PLANS = (IDLE, BUSY)
