"""W1: records from a source over a stage to a sink, each of them a process; made and read in Python."""

from bench.plans import OURS, Entry, Plan
from bench.results import Target

ONE = "pyzmq, one per send"
QUEUE = "multiprocessing.Queue"
THOUSAND = "pyzmq, 1,000 a frame"
PUSH = "PUSH/PULL over ipc; "
PICKLE = "at most 1,000 under way; pickle"
CALLER = "; source and sink are the caller"
FIFO = "a buffer of 1 MB per queue, pickle, get_many"
ACTORS = "an actor per stage, 1,000 calls under way"
GRAPH = "a compiled graph of two actors, 100 executions under way; the source is the caller"
FUTURES = "two processes, futures of a stage and a sink, 1,000 under way"
ALONE = "a loop: the work alone"
SLICES = "byte slices, 1,000 ahead, a blocked sender waits"
BY_BYTES = (
    ("iceoryx2", "iceoryx2", "iceoryx:Waiting", f"{SLICES}; receivers wait on a listener"),
    ("iceoryx2, polling", "iceoryx2", "iceoryx:Polling", f"{SLICES}; receivers poll and yield their core"),
    ("zenoh", "zenoh", "zenohs:Bytes", "Unix socket, no scouting, congestion control BLOCK, FIFO channel"),
)


class Payload:
    """A kind of payload, and how much of the count those get that handle it slowly."""

    def __init__(self, kind: str, encoding: str, share: float) -> None:
        self.kind, self.encoding, self.share = kind, encoding, share

    def link(self, name: str, peer: str, link: str, setting: str, encoding: str = "objects") -> Entry:
        options = {"link": link, "kind": self.kind, "encoding": encoding}
        return Entry(name, peer, "chain:over_link", options, self.share, setting)

    def by_bytes(self) -> tuple[Entry, ...]:
        """Links that carry bytes; all with the same encoding."""
        return tuple(
            self.link(name, peer, link, setting, self.encoding) for name, peer, link, setting in BY_BYTES
        )

    def alone(self, share: float) -> Entry:
        return Entry("no process between", "bare", "chain:in_one_process", {"kind": self.kind}, share, ALONE)

    def ours(self, setting: str) -> Entry:
        return Entry(OURS, "routilux", "ours:chain", {"kind": self.kind}, setting=setting)

    def call(self, name: str, peer: str, call: str, share: float, setting: str) -> Entry:
        return Entry(name, peer, call, {"kind": self.kind}, share, setting)


def _pool(name: str, peer: str, pool: str, setting: str) -> Entry:
    return Entry(name, peer, "pools:records_through", {"pool": pool}, 0.4, setting + CALLER)


dicts, slow_dicts = Payload("dict", "msgspec", 0.4), Payload("dict", "msgspec", 0.15)
DICT = Plan(
    key="w1-dict",
    title="W1: small dicts, one emit a message",
    unit="messages/s",
    count=200_000,
    smoke_count=3_000,
    entries=(
        dicts.ours("slots without a type"),
        dicts.link(ONE, "pyzmq", "zeromq:Bytes", PUSH + "msgpack", "msgpack"),
        dicts.link(ONE + ", msgspec", "pyzmq", "zeromq:Bytes", PUSH + "msgspec", "msgspec"),
        slow_dicts.link(QUEUE, "multiprocessing", "queues:Queue", PICKLE),
        _pool("multiprocessing.Pool.imap", "multiprocessing", "mp_pool", "one process, chunks of 1,000"),
        _pool("ProcessPoolExecutor.map", "multiprocessing", "executor", "one process, chunks of 1,000"),
        _pool("mpire", "mpire", "mpires:mpire", "WorkerPool(1).imap, chunks of 1,000"),
        _pool(
            "joblib",
            "joblib",
            "joblibs:joblib",
            "loky, two processes, batches of 1,000, a generator of results",
        ),
        slow_dicts.link("faster-fifo", "faster-fifo", "fifos:Queue", FIFO),
        dicts.call("Ray actors", "ray", "rays:actors", 0.01, ACTORS),
        dicts.call("Ray compiled graph", "ray", "rays:graph", 0.03, GRAPH),
        dicts.call("Dask", "dask", "dasks:chain", 0.002, FUTURES),
        *dicts.by_bytes(),
        Entry("upstream routilux 1.1.0", "upstream", "upstream:chain", {}, 0.05, "threads"),
        dicts.alone(3.0),
    ),
    targets=(Target(OURS, 2.0, (ONE,)), Target(OURS, 10.0, (QUEUE,))),
)

structs, slow_structs = Payload("typed", "typed", 0.4), Payload("typed", "typed", 0.1)
TYPED = Plan(
    key="w1-typed",
    title="W1: records of a declared type, one emit a message",
    unit="messages/s",
    count=250_000,
    smoke_count=3_000,
    entries=(
        structs.ours("Slot(type=Record), a msgspec.Struct"),
        Entry(OURS + ", a dict", "routilux", "ours:chain", {"kind": "dict"}, 0.7, "slots without a type"),
        structs.link(ONE, "pyzmq", "zeromq:Bytes", PUSH + "msgspec, to and from the Struct", "typed"),
        slow_structs.link(QUEUE, "multiprocessing", "queues:Queue", PICKLE),
        structs.alone(3.0),
    ),
    targets=(Target(OURS, 3.5, (ONE,)),),
)

lists, slow_lists = Payload("list", "msgspec", 1.5), Payload("list", "msgspec", 0.6)
LIST = Plan(
    key="w1-list",
    title="W1: lists of 1,000 dicts, handed over at once",
    unit="records/s",
    count=600_000,
    smoke_count=10_000,
    entries=(
        lists.ours("a list is one message"),
        lists.link(THOUSAND, "pyzmq", "zeromq:Bytes", PUSH + "msgpack", "msgpack"),
        lists.link(THOUSAND + ", msgspec", "pyzmq", "zeromq:Bytes", PUSH + "msgspec", "msgspec"),
        slow_lists.link(QUEUE, "multiprocessing", "queues:Queue", PICKLE),
        slow_lists.link("faster-fifo", "faster-fifo", "fifos:Queue", FIFO),
        lists.call("Ray compiled graph", "ray", "rays:graph", 0.4, GRAPH),
        *lists.by_bytes(),
        lists.alone(2.0),
    ),
    targets=(Target(OURS, 0.9, (THOUSAND,)),),
)

columns, slow_columns = Payload("columns", "columns", 1.0), Payload("columns", "columns", 0.3)
COLUMNS = Plan(
    key="w1-columns",
    title="W1: columns of 1,000 records, handed over at once",
    unit="records/s",
    count=12_000_000,
    smoke_count=20_000,
    entries=(
        columns.ours("a dict of two numpy arrays"),
        columns.link(THOUSAND, "pyzmq", "zeromq:Bytes", PUSH + "both arrays as bytes", "columns"),
        slow_columns.link(QUEUE, "multiprocessing", "queues:Queue", PICKLE),
        *columns.by_bytes(),
    ),
    targets=(Target(OURS, 0.9, (THOUSAND,)),),
)

PLANS = (DICT, TYPED, LIST, COLUMNS)
