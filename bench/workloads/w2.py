"""W2: arrays of float64 from one process to another, which sums each of them."""

from typing import Any

from bench.plans import OURS, Entry, Plan
from bench.results import Target

MIB, KIB = 1 << 20, 1 << 10
ICEORYX = ("iceoryx2", "iceoryx2, polling")
COPIED = ("iceoryx2, with a copy", "iceoryx2, with a copy, polling")
GRAPH = "Ray compiled graph"
SOCKET = "pyzmq"

ICEORYX_SETTING = "byte slices in shared memory, {ahead} ahead, a blocked sender waits; {waits}"
WAITS, POLLS = "the receiver waits on a listener", "the receiver polls and yields its core"


def _ours(name: str, size: int, mode: str, setting: str) -> Entry:
    return Entry(name, "routilux", "ours:handover", {"size": size, "mode": mode}, setting=setting)


def _link(
    name: str,
    peer: str,
    link: str,
    size: int,
    *,
    mode: str,
    share: float,
    setting: str,
    encoding: str = "array",
) -> Entry:
    options: dict[str, Any] = {"link": link, "encoding": encoding, "size": size, "mode": mode}
    return Entry(name, peer, "handover:over_link", options, share, setting)


def _iceoryx(name: str, link: str, size: int, mode: str) -> Entry:
    setting = ICEORYX_SETTING.format(
        ahead=4 if size > MIB else 64, waits=POLLS if link.endswith("Polling") else WAITS
    )
    return _link(name, "iceoryx2", link, size, mode=mode, share=1.0, setting=setting)


def _at_hand(size: int, slow: float) -> tuple[Entry, ...]:
    """`slow` scales the counts of those that copy through a pipe."""
    return (
        _ours(OURS, size, "at hand", "emitted: one copy into shared memory"),
        _iceoryx(ICEORYX[0], "iceoryx:Waiting", size, "at hand"),
        _iceoryx(ICEORYX[1], "iceoryx:Polling", size, "at hand"),
        _link(
            SOCKET,
            "pyzmq",
            "zeromq:Uncopied",
            size,
            mode="at hand",
            share=0.3,
            setting="PUSH/PULL over ipc, copy=False at both ends",
        ),
        _link(
            "zenoh",
            "zenoh",
            "zenohs:Shared",
            size,
            mode="at hand",
            share=0.3,
            setting="shared memory of its provider, on a Unix socket",
        ),
        _link(
            "faster-fifo",
            "faster-fifo",
            "fifos:Queue",
            size,
            mode="at hand",
            share=0.2,
            setting="pickle; a buffer of four arrays, 1 MB at least",
            encoding="objects",
        ),
        Entry(
            GRAPH,
            "ray",
            "rays:handover",
            {"size": size},
            0.3 * slow,
            "two actors; the buffer is as large as an array",
        ),
        Entry(
            "joblib",
            "joblib",
            "joblibs:handover",
            {"size": size},
            0.1 * slow,
            "loky; it writes an array to a file in memory once, and each call maps that",
        ),
        _link(
            "multiprocessing.Queue",
            "multiprocessing",
            "queues:Queue",
            size,
            mode="at hand",
            share=0.05 + 0.15 * (slow < 1),
            setting="pickle",
            encoding="objects",
        ),
        _link(
            "shared memory by hand",
            "bare",
            "limits:Ring",
            size,
            mode="at hand",
            share=1.0,
            setting="a ring of slots and two semaphores; one copy, no framework",
            encoding="objects",
        ),
        Entry(
            "memcpy, hot",
            "bare",
            "limits:copies",
            {"size": size, "is_hot": True},
            2.0,
            "one process, always the same two buffers; nobody sums",
        ),
        Entry(
            "memcpy, cold",
            "bare",
            "limits:copies",
            {"size": size, "is_hot": False},
            1.0,
            "one process, to and from memory that no cache holds; nobody sums",
            is_big=True,
        ),
    )


LARGE = Plan(
    key="w2-8mib",
    title="W2: arrays of 8 MiB that are at hand, summed by the consumer",
    unit="GB/s",
    count=500,
    smoke_count=8,
    entries=(
        *_at_hand(8 * MIB, 1.0),
        Entry(
            "Ray actors",
            "ray",
            "rays:put_and_get",
            {"size": 8 * MIB},
            0.05,
            "ray.put; an actor reads in the object store",
        ),
    ),
    targets=(Target(OURS, 0.8, ICEORYX, stretch=1.0), Target(OURS, 2.0, (GRAPH,))),
    note="The producer has one array, and sends it again and again.",
)

LENT = "Routilux, loan"
MADE = Plan(
    key="w2-made",
    title="W2: arrays of 8 MiB that are made for each message, summed by the consumer",
    unit="GB/s",
    count=400,
    smoke_count=8,
    reference=LENT,
    entries=(
        _ours(LENT, 8 * MIB, "lent", "self.loan: filled in shared memory, no copy"),
        _ours("Routilux, emit", 8 * MIB, "made", "filled in the producer's memory, copied by emit"),
        _iceoryx(COPIED[0], "iceoryx:Waiting", 8 * MIB, "made"),
        _iceoryx(COPIED[1], "iceoryx:Polling", 8 * MIB, "made"),
        _iceoryx("iceoryx2, loan", "iceoryx:Waiting", 8 * MIB, "lent"),
        _iceoryx("iceoryx2, loan, polling", "iceoryx:Polling", 8 * MIB, "lent"),
        _link(
            "shared memory by hand, no copy",
            "bare",
            "limits:Ring",
            8 * MIB,
            mode="lent",
            share=1.0,
            setting="a ring of slots and two semaphores, filled in place",
            encoding="objects",
        ),
    ),
    targets=(Target(LENT, 1.5, COPIED),),
    note="The producer fills each array with another number, in its own memory or in that of the link.",
)

SMALL = Plan(
    key="w2-64kib",
    title="W2: arrays of 64 KiB that are at hand, summed by the consumer",
    unit="GB/s",
    count=25_000,
    smoke_count=200,
    entries=_at_hand(64 * KIB, 0.05),
    targets=(Target(OURS, 0.7, ICEORYX, stretch=1.0), Target(OURS, 3.0, (SOCKET,))),
)

PLANS = (LARGE, MADE, SMALL)
