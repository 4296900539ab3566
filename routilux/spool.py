"""Here is the spool: a job's outputs until somebody takes them, in memory first, then in a file without a
name.
"""

import tempfile
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import IO, Generic, NamedTuple, TypeVar

from routilux.errors import InternalError

M = TypeVar("M")
T = TypeVar("T")

MEMORY = 64 << 20
"""Bytes kept in memory; more goes to the file."""
OVERHEAD = 128
"""What an entry costs beside its bytes."""


class Entry(NamedTuple, Generic[M]):
    """One batch of outputs: their bytes, or where they lie in the file, and what the reader needs to know of
    them.
    """

    meta: M
    data: bytes | None
    offset: int
    size: int
    outputs: int


class Spool(Generic[M, T]):
    """A queue of encoded batches that one thread fills and others empty; `open_batch` turns one into its
    outputs.
    """

    def __init__(self, open_batch: Callable[[M, bytes], list[T]]) -> None:
        self._open = open_batch
        self._lock = threading.Lock()
        self._entries: deque[Entry[M]] = deque()
        self._file: IO[bytes] | None = None
        self._end = 0
        self._in_memory = 0
        self._in_file = 0
        self.nbytes = 0
        self.total = 0
        """Outputs that wait."""

    def __bool__(self) -> bool:
        return bool(self._entries)

    def put(self, meta: M, data: bytes, count: int = 1) -> None:
        """Add a batch of so many outputs behind the others."""
        with self._lock:
            self.nbytes += len(data) + OVERHEAD
            self.total += count
            if self._in_memory + len(data) + OVERHEAD <= MEMORY:
                self._in_memory += len(data) + OVERHEAD
                self._entries.append(Entry(meta, data, 0, len(data), count))
                return
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="routilux-")  # noqa: SIM115 - closed with the spool
                weakref.finalize(self, self._file.close)
            self._file.seek(self._end)
            self._file.write(data)
            self._entries.append(Entry(meta, None, self._end, len(data), count))
            self._end += len(data)
            self._in_file += 1

    def read(self, *, consume: bool) -> Iterator[T]:
        """The outputs in the order they came; with `consume` each batch is forgotten as it is handed out, to
        one reader.
        """
        if not consume:
            for meta, data in self.batches():
                yield from self._open(meta, data)
            return
        while True:
            with self._lock:
                if not self._entries:
                    return
                entry = self._entries.popleft()
                data = self._data(entry)
                self.nbytes -= entry.size + OVERHEAD
                self.total -= entry.outputs
                if entry.data is not None:
                    self._in_memory -= entry.size + OVERHEAD
                else:
                    self._in_file -= 1
                    self._trim()
            yield from self._open(entry.meta, data)

    def batches(self) -> list[tuple[M, bytes]]:
        """All that wait, unopened."""
        with self._lock:
            return [(entry.meta, self._data(entry)) for entry in self._entries]

    def heads(self) -> Iterator[tuple[M, int, Callable[[int | None], tuple[bytes, int]]]]:
        """All that wait now: of each batch how many outputs it has, and what reads its first bytes, and says
        how many there are. One that has been handed out meanwhile is empty.
        """
        with self._lock:
            entries = list(self._entries)
        for entry in entries:
            yield entry.meta, entry.outputs, partial(self._head, entry)

    def _head(self, entry: Entry[M], most: int | None) -> tuple[bytes, int]:
        with self._lock:
            if entry.data is None and not any(entry is waiting for waiting in self._entries):
                return b"", 0
            return self._data(entry, most), entry.size

    def _data(self, entry: Entry[M], most: int | None = None) -> bytes:
        if entry.data is not None:
            return entry.data[:most]
        if self._file is None:
            raise InternalError("a spooled batch has lost its file")
        self._file.seek(entry.offset)
        return self._file.read(entry.size if most is None else min(most, entry.size))

    def _trim(self) -> None:
        """Start the file anew when nothing of it is waited for."""
        if self._file is not None and not self._in_file:
            self._file.close()
            self._file, self._end = None, 0
