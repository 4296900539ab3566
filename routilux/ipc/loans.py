"""Here are loans: arrays that user code fills where their consumers will read them."""

import weakref
from typing import Any, NamedTuple

from routilux.errors import PayloadError, RoutiluxError
from routilux.ipc.arena import address_of
from routilux.ipc.blobs import Blob, BlobWriter
from routilux.ipc.codec import OUT_OF_BAND, Large

HEAD = 4096
"""Bytes before a lent array, for what a message says before it. With more of that, the array is copied."""


class Loan(NamedTuple):
    """An array that has been lent and not been emitted."""

    blob: Blob
    array: "weakref.ref[Any]"
    nbytes: int
    kind: type[Any]

    @property
    def is_seen(self) -> bool:
        """Whether anybody looks at it, or at a part of it."""
        return self.blob.lease is not None and self.blob.lease() is not None


class Loans:
    """The arrays that one process has lent to its routine."""

    def __init__(self, blobs: BlobWriter) -> None:
        self.blobs = blobs
        self._open: dict[int, Loan] = {}

    def array(self, shape: Any, dtype: Any) -> Any:
        """A new array, not initialised, in this process's heap; a small one, which is cheaper to copy, is an
        ordinary one. Raises ArenaFull; its memory is freed when nobody looks at it any more.
        """
        model = blank(shape, dtype)
        if model.nbytes < OUT_OF_BAND:
            return model
        blob, view = self.blobs.lend(HEAD + model.nbytes)
        array = type(model)(model.shape, model.dtype, view, HEAD)
        self._open = {at: loan for at, loan in self._open.items() if loan.is_seen}
        self._open[address_of(view) + HEAD] = Loan(blob, weakref.ref(array), model.nbytes, type(model))
        return array

    @property
    def are_open(self) -> bool:
        """Whether anything has been lent and not been emitted."""
        return bool(self._open)

    def take(self, large: Large, value: object) -> Blob | None:
        """The blob for a message whose only buffer is a whole lent array, and nobody may write to that from
        here on; None for any other, which has to be copied.
        """
        if len(large.buffers) != 1:
            return None
        start = address_of(large.buffers[0])
        loan = self._open.get(start)
        (offset,) = large.offsets
        if loan is None or loan.nbytes != large.buffers[0].nbytes or offset > HEAD:
            return None
        del self._open[start]
        for array in (loan.array(), value):
            if isinstance(array, loan.kind):
                array.flags.writeable = False
        with self.blobs.take_back(loan.blob, HEAD - offset, large.nbytes) as place:
            large.write_head(place)
        return loan.blob


def blank(shape: Any, dtype: Any) -> Any:
    """An array that is not initialised; raises RoutiluxError where there is no NumPy, and PayloadError for a
    dtype of Python objects.
    """
    try:
        import numpy as np  # noqa: PLC0415 - never imported unless the routine asks for an array
    except ImportError as error:
        raise RoutiluxError("loan() gives a NumPy array, but there is no numpy here: install it") from error
    array = np.empty(shape, dtype)
    if array.dtype.hasobject:
        message = f"loan(dtype={dtype!r}): Python objects cannot lie in shared memory; use a numeric dtype"
        raise PayloadError(message)
    return array
