"""Here is an encoded payload made into its value again without a pickle, whoever has made it."""

from collections.abc import Callable, Sequence
from typing import Any, Final, NoReturn

from routilux.ipc import extensions as ext
from routilux.ipc.codec import Decoder
from routilux.ipc.reader import DEEPEST, Cut, Teller, read

_NOTHING: Final = object()
_LISTS: Final[dict[int, Callable[[list[Any]], Any]]] = {
    0: list,
    ext.TUPLE: tuple,
    ext.SET: set,
    ext.FROZENSET: frozenset,
}


class NeedsTrust(Exception):
    """The payload holds what only a pickle makes again, which would run code of whoever has made it."""


class PlainDecoder(Decoder):
    """A Decoder for payloads from outside: what they are made of is plain data and arrays, or NeedsTrust is
    raised. Bytes that are no payload raise ValueError.
    """

    def __init__(self) -> None:
        super().__init__()
        self.decode = rebuilt

    def decode_large(self, region: memoryview) -> object:
        return rebuilt(region, is_large=True)


def rebuilt(encoded: bytes | memoryview, *, is_large: bool = False) -> object:
    """The value; raises as PlainDecoder does."""
    values = _Values()
    try:
        read(encoded, values, is_large=is_large)
    except NeedsTrust:
        raise
    except Cut:
        raise NeedsTrust(f"it is nested deeper than {DEEPEST} levels") from None
    except Exception as error:  # what bytes that are no message lead to
        raise ValueError(f"it is no payload ({type(error).__name__}: {error})") from error
    return values.value


class _Values(Teller):
    """The value told last."""

    def __init__(self) -> None:
        self.value: Any = _NOTHING

    def constant(self, value: float | bool | None) -> None:  # noqa: FBT001 - as in Teller
        self.value = value

    def text(self, data: memoryview) -> None:
        self.value = str(data, "utf-8")

    def binary(self, data: memoryview) -> None:
        self.value = bytes(data)

    def items(self, kind: int, count: int, read: Callable[[], None]) -> None:
        self.value = _LISTS[kind]([self._next(read) for _ in range(count)])

    def pairs(self, count: int, read: Callable[[], None]) -> None:
        found = {}
        for _ in range(count):
            key = self._next(read)
            found[key] = self._next(read)
        self.value = found

    def _next(self, read: Callable[[], None]) -> Any:
        read()
        return self.value

    def moment(self, value: object) -> None:
        self.value = value

    def array(self, dtype: str | None, shape: Sequence[int], data: memoryview, order: str) -> None:
        if dtype is None:
            raise NeedsTrust("it holds an array with fields, whose dtype is pickled")
        self.value = _numpy().ndarray(tuple(shape), _plain_dtype(dtype), bytes(data), order=order)

    def scalar(self, dtype: str, data: bytes) -> None:
        if dtype == "U":
            self.value = _numpy().str_(str(data, "utf-8", "surrogatepass"))
        elif dtype == "S":
            self.value = _numpy().bytes_(data)
        else:
            self.value = _numpy().frombuffer(data, _plain_dtype(dtype))[0]

    def pickled(self, class_name: str, nbytes: int) -> NoReturn:
        raise NeedsTrust(f"it holds a {class_name} by pickle ({nbytes:,} bytes)")

    def unknown(self, code: int, nbytes: int) -> NoReturn:  # noqa: ARG002 - as in Teller
        raise NeedsTrust(f"it holds a MessagePack extension of type {code}")


def _plain_dtype(dtype: str) -> Any:
    """Raises ValueError for one whose items are objects: bytes would be taken for addresses."""
    found = _numpy().dtype(dtype)
    if found.hasobject:
        raise ValueError(dtype)
    return found


def _numpy() -> Any:
    import numpy as np  # noqa: PLC0415 - only a payload may bring numpy into a process

    return np
