"""Here is the loader, which turns frames into objects, and knows which large payloads somebody looks at."""

import copy
import weakref
from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from routilux.errors import PayloadError
from routilux.ipc.arena import Arena
from routilux.ipc.blobs import Pins, references
from routilux.ipc.codec import Decoder, split
from routilux.ipc.lanes import BLOB, TYPED, Frame
from routilux.ipc.typed import TypedDecoder
from routilux.worker.keepsakes import Keepsakes

Lease = tuple[int, int, "weakref.ref[object]"]
"""Address and bytes of a large payload, and a reference that is dead once nobody looks at it."""


class Undecodable:
    """Stands in for a message whose bytes could not be turned into an object; `error` says why."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def reject(self) -> None:
        raise self.error


class Patchy(list[Any]):
    """Messages of which some are Undecodable."""


def decoded(logic: Callable[[Any], object]) -> Callable[[Any], object]:
    """Logic that rejects what is Undecodable."""

    def run(value: object) -> object:
        if type(value) is Undecodable:
            value.reject()
        return logic(value)

    return run


def explained(error: Exception) -> Exception:
    """A class that the user's program has defined too late cannot be known here: say so."""
    if isinstance(error, AttributeError) and "'__main__'" in str(error):
        return PayloadError(
            f"{error}: it was defined after the flow was started; call runtime.stop(flow) first"
        )
    return error


class Loader:
    """Turns frames into objects, and knows which large payloads somebody still looks at."""

    def __init__(
        self,
        arena: Arena,
        decoder: Decoder,
        pins: Pins,
        *,
        copied: Collection[int] = (),
        typed: Mapping[int, TypedDecoder] = MappingProxyType({}),
        keepsakes: Keepsakes | None = None,
    ) -> None:
        """By their position: the slots whose payloads are to be private, and those whose type has a codec."""
        self._arena = arena
        self._data = arena.data
        self._decoder = decoder
        self.pins = pins
        self._copied = copied
        self._typed = typed
        self._keepsakes = keepsakes
        self.leases: list[tuple[Frame, list[Lease]]] = []
        """By the frame that referred to them: the large payloads that have been handed out."""
        self._leased = 0

    def load(self, frame: Frame, slot: int) -> list[Any]:
        """The messages of a frame; private to the routine where its slot says `copy`."""
        loaded = self._load(frame, self._typed[slot] if frame.flags & TYPED else self._decoder)
        return copy.deepcopy(loaded) if slot in self._copied else loaded

    def _load(self, frame: Frame, decoder: Decoder | TypedDecoder) -> list[Any]:
        if frame.flags & BLOB:
            leases: list[Lease] = []
            self.leases.append((frame, leases))
            loaded = [self._load_large(*place, decoder, leases) for place in references(frame.payload)]
            return Patchy(loaded) if Undecodable in map(type, loaded) else loaded
        try:
            return decoder.decode_batch(frame.payload)
        except Exception:  # one of them is bad, or under UNTYPED: find out which  # noqa: BLE001
            return Patchy(self._load_one(part, decoder) for part in split(frame.payload))

    @staticmethod
    def _load_one(part: bytes | memoryview, decoder: Decoder | TypedDecoder) -> object:
        try:
            return decoder.decode(part)
        except Exception as error:  # the class's own code may raise anything  # noqa: BLE001
            return Undecodable(explained(error))

    def _load_large(
        self, address: int, size: int, decoder: Decoder | TypedDecoder, leases: list[Lease]
    ) -> object:
        if self.pins.free <= self._leased:  # user code keeps so many that there is no place to note another
            return self._decode_large(memoryview(bytes(self._arena.data[address : address + size])), decoder)
        region, lease = self._arena.lease(address, size)
        leases.append((address, size, lease))
        self._leased += 1
        return self._decode_large(region, decoder)

    @staticmethod
    def _decode_large(region: memoryview, decoder: Decoder | TypedDecoder) -> object:
        try:
            return decoder.decode_large(region)
        except Exception as error:  # as in _load_one  # noqa: BLE001
            return Undecodable(explained(error))

    def raw(self, frame: Frame, index: int) -> bytes:
        """One message of a frame as it was encoded."""
        if frame.flags & BLOB:
            address, size = references(frame.payload)[index]
            return bytes(self._data[address : address + size])
        return list(split(frame.payload))[index]

    def settle(self, unpassed: Sequence[Frame | None] = ()) -> None:
        """Before the lanes pass frames: pin the large payloads that user code has kept, but for those of the
        frames that are not passed yet.
        """
        for frame, leases in self.leases:
            if any(frame is other for other in unpassed):
                continue
            self._leased -= len(leases)
            for address, size, lease in leases:
                if lease() is not None:
                    self.pins.keep(address, size, lease)
        self.leases = [each for each in self.leases if any(each[0] is other for other in unpassed)]
        if self.pins.held and self._keepsakes is not None:
            self._keepsakes.look()
