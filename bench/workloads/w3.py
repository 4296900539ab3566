"""W3: items that burn CPU, worked off by two processes, the results collected in order."""

from bench.plans import OURS, Entry, Plan
from bench.results import Target

BARE = "two bare processes"
ONE_WORKER = "Routilux, one worker"
SOME = 1e-3
"""Seconds an item from which on clusters take part as well: they take long to start."""


def _entries(count: int, *, all_of_them: bool) -> tuple[Entry, ...]:
    chunk = max(1, count // 64)  # 32 chunks a worker: their last one is 3 % of its work at most
    pools = (
        ("multiprocessing.Pool.imap", "multiprocessing", "mp_pool", f"chunks of {chunk}"),
        ("ProcessPoolExecutor.map", "multiprocessing", "executor", f"chunks of {chunk}"),
        ("mpire", "mpire", "mpires:mpire", f"WorkerPool(2).imap, kept alive, chunks of {chunk}"),
        ("joblib", "joblib", "joblibs:joblib", "loky, batches by itself (auto), results as a generator"),
    )
    clusters = (
        ("Ray", "ray", "rays:pool", f"ActorPool of two, chunks of {chunk}"),
        ("Dask", "dask", "dasks:pool", f"two processes, Client.map with batches of {chunk}"),
    )
    alone = Entry(ONE_WORKER, "routilux", "ours:items_in_order", {"workers": 1}, 0.5, "workers=1")
    return (
        Entry(
            OURS, "routilux", "ours:items_in_order", {}, setting="workers=2, ordered=True, one emit an item"
        ),
        Entry(
            BARE, "bare", "limits:halves", {}, setting="each does half of the loop; no communication at all"
        ),
        *(
            Entry(name, peer, "pools:items_through", {"pool": pool, "chunk": chunk}, setting=setting)
            for name, peer, pool, setting in pools + (clusters if all_of_them else ())
        ),
        Entry("upstream routilux 1.1.0", "upstream", "upstream:items", {}, 0.3, "threads"),
        *((alone,) if all_of_them else ()),
    )


def _plan(key: str, label: str, seconds: float, count: int, bound: float) -> Plan:
    return Plan(
        key=key,
        title=f"W3: items of {label}, two workers, results in order",
        unit="items/s",
        count=count,
        smoke_count=max(8, count // 50),
        entries=_entries(count, all_of_them=seconds >= SOME),
        targets=(Target(OURS, bound, (BARE,)),),
        item_seconds=seconds,
        note="An item is a loop in Python; how many turns take that long is measured once, at the start.",
    )


PLANS = (_plan("w3-1ms", "1 ms", 1e-3, 1_200, 0.97), _plan("w3-100us", "100 µs", 1e-4, 12_000, 0.92))
