"""W1: records from a source over a stage to a sink, each of them a process; made and read in Python."""

from bench.plans import OURS, Entry, Plan
from bench.results import Target

ONE = "pyzmq, one per send"
QUEUE = "multiprocessing.Queue"
THOUSAND = "pyzmq, 1,000 a frame"


def _link(name: str, peer: str, link: str, kind: str, *, encoding: str, share: float, setting: str) -> Entry:
    options = {"link": link, "kind": kind, "encoding": encoding}
    return Entry(name, peer, "chain:over_link", options, share, setting)


def _links(kind: str, encoding: str, share: float) -> tuple[Entry, ...]:
    """The peers that send a payload as bytes; all of them with the same encoding."""
    return (
        _link(
            "iceoryx2",
            "iceoryx2",
            "iceoryx:Waiting",
            kind,
            encoding=encoding,
            share=0.3 * share,
            setting=ICEORYX_WAITS,
        ),
        _link(
            "iceoryx2, polling",
            "iceoryx2",
            "iceoryx:Polling",
            kind,
            encoding=encoding,
            share=0.3 * share,
            setting=ICEORYX_POLLS,
        ),
        _link("zenoh", "zenoh", "zenohs:Bytes", kind, encoding=encoding, share=0.3 * share, setting=ZENOH),
    )


ICEORYX_WAITS = (
    "publish-subscribe of byte slices, 1,000 ahead, a blocked sender waits; the receiver waits on a listener"
)
ICEORYX_POLLS = "as iceoryx2, but the receiver polls and yields its core"
ZENOH = "two peers on a Unix socket, no scouting, congestion control BLOCK, a FIFO channel"
FIFO = "a buffer of 1 MB per queue, pickle; as its README"
ACTORS = "an actor per stage, 1,000 calls under way"
GRAPH = "a compiled graph of three actors, 100 executions under way"

DICT = Plan(
    key="w1-dict",
    title="W1: small dicts, one emit a message",
    unit="messages/s",
    count=300_000,
    smoke_count=3_000,
    entries=(
        Entry(OURS, "routilux", "ours:chain", {"kind": "dict"}, setting="slots without a type"),
        _link(
            ONE,
            "pyzmq",
            "zeromq:Bytes",
            "dict",
            encoding="msgpack",
            share=0.5,
            setting="PUSH/PULL over ipc, high-water mark 1,000; msgpack",
        ),
        _link(
            "pyzmq, one per send, msgspec",
            "pyzmq",
            "zeromq:Bytes",
            "dict",
            encoding="msgspec",
            share=0.5,
            setting="as above; msgspec",
        ),
        _link(
            QUEUE,
            "multiprocessing",
            "queues:Queue",
            "dict",
            encoding="objects",
            share=0.15,
            setting="at most 1,000 under way; pickle",
        ),
        Entry(
            "multiprocessing.Pool.imap",
            "multiprocessing",
            "pools:records_through",
            {"pool": "mp_pool"},
            0.5,
            "one process as stage, chunks of 1,000; source and sink are the caller",
        ),
        Entry(
            "ProcessPoolExecutor.map",
            "multiprocessing",
            "pools:records_through",
            {"pool": "executor"},
            0.5,
            "one process as stage, chunks of 1,000; source and sink are the caller",
        ),
        Entry(
            "mpire",
            "mpire",
            "pools:records_through",
            {"pool": "mpires:mpire"},
            0.2,
            "WorkerPool(1).imap, chunks of 1,000; source and sink are the caller",
        ),
        Entry(
            "joblib",
            "joblib",
            "pools:records_through",
            {"pool": "joblibs:joblib"},
            0.2,
            "loky, one process, batches of 1,000, results as a generator; source and sink are the caller",
        ),
        _link(
            "faster-fifo", "faster-fifo", "fifos:Queue", "dict", encoding="objects", share=0.3, setting=FIFO
        ),
        Entry("Ray actors", "ray", "rays:actors", {"kind": "dict"}, 0.01, ACTORS),
        Entry("Ray compiled graph", "ray", "rays:graph", {"kind": "dict"}, 0.03, GRAPH),
        Entry(
            "Dask", "dask", "dasks:chain", {"kind": "dict"}, 0.003, "two processes, futures, 1,000 under way"
        ),
        *_links("dict", "msgspec", 1.0),
        Entry(
            "upstream routilux 1.1.0",
            "upstream",
            "upstream:chain",
            {},
            0.05,
            "threads; a queue length of 1 M",
        ),
        Entry(
            "no process between",
            "bare",
            "chain:in_one_process",
            {"kind": "dict"},
            3.0,
            "a loop: the work alone",
        ),
    ),
    targets=(Target(OURS, 2.0, (ONE,)), Target(OURS, 10.0, (QUEUE,))),
)

TYPED = Plan(
    key="w1-typed",
    title="W1: records of a declared type, one emit a message",
    unit="messages/s",
    count=400_000,
    smoke_count=3_000,
    entries=(
        Entry(
            OURS, "routilux", "ours:chain", {"kind": "typed"}, setting="Slot(type=Record), a msgspec.Struct"
        ),
        Entry(
            "Routilux, slots without a type",
            "routilux",
            "ours:chain",
            {"kind": "dict"},
            setting="a dict of the same",
        ),
        _link(
            ONE,
            "pyzmq",
            "zeromq:Bytes",
            "typed",
            encoding="typed",
            share=0.5,
            setting="PUSH/PULL over ipc; msgspec, to and from the Struct",
        ),
        _link(
            QUEUE,
            "multiprocessing",
            "queues:Queue",
            "typed",
            encoding="objects",
            share=0.1,
            setting="at most 1,000 under way; pickle",
        ),
        *_links("typed", "typed", 1.0),
        Entry(
            "no process between",
            "bare",
            "chain:in_one_process",
            {"kind": "typed"},
            3.0,
            "a loop: the work alone",
        ),
    ),
    targets=(Target(OURS, 3.5, (ONE,)),),
)

LIST = Plan(
    key="w1-list",
    title="W1: lists of 1,000 dicts, handed over at once",
    unit="records/s",
    count=1_000_000,
    smoke_count=10_000,
    entries=(
        Entry(OURS, "routilux", "ours:chain", {"kind": "list"}, setting="a list is one message"),
        _link(
            THOUSAND,
            "pyzmq",
            "zeromq:Bytes",
            "list",
            encoding="msgpack",
            share=1.0,
            setting="PUSH/PULL over ipc; msgpack",
        ),
        _link(
            "pyzmq, 1,000 a frame, msgspec",
            "pyzmq",
            "zeromq:Bytes",
            "list",
            encoding="msgspec",
            share=1.0,
            setting="as above; msgspec",
        ),
        _link(
            QUEUE, "multiprocessing", "queues:Queue", "list", encoding="objects", share=0.5, setting="pickle"
        ),
        _link(
            "faster-fifo", "faster-fifo", "fifos:Queue", "list", encoding="objects", share=0.5, setting=FIFO
        ),
        Entry("Ray actors", "ray", "rays:actors", {"kind": "list"}, 0.2, ACTORS),
        Entry("Ray compiled graph", "ray", "rays:graph", {"kind": "list"}, 0.4, GRAPH),
        Entry(
            "Dask", "dask", "dasks:chain", {"kind": "list"}, 0.1, "two processes, futures, 1,000 under way"
        ),
        *_links("list", "msgspec", 2.0),
        Entry(
            "no process between",
            "bare",
            "chain:in_one_process",
            {"kind": "list"},
            2.0,
            "a loop: the work alone",
        ),
    ),
    targets=(Target(OURS, 0.9, (THOUSAND,)),),
)

COLUMNS = Plan(
    key="w1-columns",
    title="W1: columns of 1,000 records, handed over at once",
    unit="records/s",
    count=20_000_000,
    smoke_count=20_000,
    entries=(
        Entry(OURS, "routilux", "ours:chain", {"kind": "columns"}, setting="a dict of two numpy arrays"),
        _link(
            THOUSAND,
            "pyzmq",
            "zeromq:Bytes",
            "columns",
            encoding="columns",
            share=1.0,
            setting="both arrays as bytes, one behind the other",
        ),
        _link(
            QUEUE,
            "multiprocessing",
            "queues:Queue",
            "columns",
            encoding="objects",
            share=0.3,
            setting="pickle",
        ),
        *_links("columns", "columns", 1.0),
    ),
    targets=(Target(OURS, 0.9, (THOUSAND,)),),
)

PLANS = (DICT, TYPED, LIST, COLUMNS)
