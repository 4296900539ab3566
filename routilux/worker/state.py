"""Here is `self.state`: a mapping per job and process that is saved with the commit of the activation that
assigned to it, and is there again after a crash.
"""

import pickle
from collections.abc import Iterator, MutableMapping
from typing import Any

from routilux.ipc.arena import OwnSection
from routilux.ipc.codec import Decoder, Encoder, in_one_piece
from routilux.ipc.commit import Transaction
from routilux.ipc.heap import Extent, Heap

GRAIN_BITS = 6


class State(MutableMapping[str, Any]):
    """The mapping itself. Assigning to a key saves its value; changing a value in place does not."""

    def __init__(self, number: int, touched: "dict[int, State]") -> None:
        self.number = number
        self.saved: dict[str, bytes] = {}
        self.unsaved: set[str] = set()
        self._values: dict[str, Any] = {}
        self._touched = touched

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._values[key] = value
        self.unsaved.add(key)
        self._touched[self.number] = self

    def __delitem__(self, key: str) -> None:
        del self._values[key]
        self.saved.pop(key, None)
        self.unsaved.discard(key)
        self._touched[self.number] = self

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(self._values)

    def load(self, saved: dict[str, bytes], decoder: Decoder) -> None:
        """After a crash: as of the last commit."""
        self.saved = saved
        self._values = {key: decoder.decode_large(memoryview(data)) for key, data in saved.items()}


class States:
    """Where the states of all jobs of this process are saved."""

    def __init__(self, own: OwnSection, heap: Heap) -> None:
        self.touched: dict[int, State] = {}
        self._words = own.words
        self._row = own.index(own.section.words["state"])
        self._data = own.data
        self._base = own.section.heap - own.section.start
        self._heap = heap
        self._extents: dict[int, tuple[int, Extent]] = {}
        """Per job slot: whose state it is, and where."""
        self._old: list[Extent] = []
        self._encode = Encoder().encode

    def new(self, number: int) -> State:
        return State(number, self.touched)

    def save(self, tx: Transaction, state: State) -> None:
        """Save what was assigned, as of the next commit. Raises EncodeError for a value that cannot be."""
        for key in state.unsaved:
            state.saved[key] = in_one_piece(self._encode(state[key]))
        state.unsaved.clear()
        self._put(tx, state.number, pickle.dumps((state.number, state.saved)))

    def _put(self, tx: Transaction, number: int, data: bytes) -> None:
        slot = number & 0xFFFF
        extent = self._heap.allocate(len(data))
        self._release(slot)
        self._extents[slot] = number, extent
        start = self._base + extent.offset
        self._data[start : start + len(data)] = data
        tx.store(self._row + slot, extent.offset >> GRAIN_BITS << 32 | len(data))

    def forget(self, tx: Transaction, number: int) -> None:
        """The job is over: as of the next commit nothing is saved for it."""
        self.touched.pop(number, None)
        slot = number & 0xFFFF
        holder, _ = self._extents.get(slot, (None, None))
        if holder == number:  # the next job of the slot may have saved its own by now
            self._release(slot)
            tx.store(self._row + slot, 0)

    def _release(self, slot: int) -> None:
        if (old := self._extents.pop(slot, None)) is not None:
            self._old.append(old[1])

    def settle(self) -> None:
        """After the commit: what it replaced is free."""
        for extent in self._old:
            self._heap.free(extent)
        self._old.clear()

    def restore(self, jobs: int) -> Iterator[tuple[int, dict[str, bytes]]]:
        """After a crash: the number of each job with a state, and what was saved of it."""
        for slot in range(jobs):
            word = self._words[self._row + slot]
            if word:
                place, size = word >> 32 << GRAIN_BITS, word & 0xFFFFFFFF
                extent = self._heap.claim(place, size)
                number, saved = pickle.loads(self._data[self._base + place : self._base + place + size])  # noqa: S301
                self._extents[slot] = number, extent
                yield number, saved
