"""Here is the arena: the one piece of shared memory of a running flow, and a process's two views of it."""

import contextlib
import ctypes
import errno
import mmap
import os
import sys
import weakref
from functools import cache

from routilux.errors import ArenaFull
from routilux.ipc.layout import WORD, Layout, Section


class Arena:
    """A memfd without a name, of which nothing is left when the last process is gone, however it went; or the
    file of a durable flow.

    `words` is the whole arena, read-only, as 64-bit words; `data` the same as bytes. A torn word cannot be
    seen: an aligned 8-byte store is one instruction.
    """

    def __init__(self, layout: Layout, fd: int) -> None:
        self.layout = layout
        self.fd = fd
        self._map = mmap.mmap(fd, layout.size, mmap.MAP_SHARED, mmap.PROT_READ)
        self.data = memoryview(self._map)
        self.words = self.data.cast("Q")
        self._address = address_of(self._map)

    def lease(self, offset: int, size: int) -> tuple[memoryview, "weakref.ref[object]"]:
        """A read-only view of `size` bytes at `offset`, and a reference that is dead once nothing looks
        through it any more.

        Only for a process that keeps its mapping to its end.
        """
        view, reference = _lease(self._address + offset, size)
        return view.toreadonly(), reference

    @classmethod
    def create(cls, layout: Layout, path: str | os.PathLike[str] | None = None) -> "Arena":
        """A new arena, sparse, in memory or in a new file; its fixed parts are made real now. Raises
        ArenaFull when there is not so much room.
        """
        if path is None:
            fd = os.memfd_create("routilux", os.MFD_CLOEXEC)
        else:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(fd, layout.size)
            for section in layout.sections:
                allocate(fd, section.start, section.solid)
            return cls(layout, fd)
        except BaseException:
            os.close(fd)
            raise

    def close(self) -> None:
        """Give the mapping back. A view that user code still holds keeps it until the view dies."""
        self.words.release()
        with contextlib.suppress(BufferError):
            self.data.release()
            self._map.close()
        os.close(self.fd)


def _lease(address: int, size: int) -> tuple[memoryview, "weakref.ref[object]"]:
    """A view of memory, and a reference that is dead once nothing looks through the view any more."""
    holder = _holder(max(6, (size - 1).bit_length())).from_address(address)
    return memoryview(holder).cast("B")[:size], weakref.ref(holder)


@cache
def _holder(bits: int) -> "type[ctypes.Array[ctypes.c_char]]":
    """An array type of bytes: only of powers of two, since ctypes keeps every type it has made."""
    return ctypes.c_char * (1 << bits)


class _Buffer(ctypes.Structure):
    """Py_buffer of CPython's buffer protocol."""

    _fields_ = (
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.py_object),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        *((name, ctypes.c_void_p) for name in ("format", "shape", "strides", "suboffsets", "internal")),
    )


def address_of(memory: mmap.mmap | memoryview) -> int:
    """Where the memory lies in this process. ctypes itself tells it only of what is writable."""
    buffer = _Buffer()
    ctypes.pythonapi.PyObject_GetBuffer(ctypes.py_object(memory), ctypes.byref(buffer), 0)
    address = int(buffer.buf)
    ctypes.pythonapi.PyBuffer_Release(ctypes.byref(buffer))
    return address


class OwnSection:
    """The section that this process, and nobody else, writes. Word indices count from the section's start."""

    def __init__(self, arena: Arena, index: int) -> None:
        self.section: Section = arena.layout.sections[index]
        self.fd = arena.fd
        self._map = mmap.mmap(arena.fd, self.section.size, mmap.MAP_SHARED, offset=self.section.start)
        self.data = memoryview(self._map)
        self.words = self.data[: self.section.fixed_size].cast("Q")

    def lend(self, offset: int, size: int) -> tuple[memoryview, "weakref.ref[object]"]:
        """A writable view of `size` bytes at `offset` of the arena; else as Arena.lease."""
        return _lease(address_of(self._map) + offset - self.section.start, size)

    def index(self, offset: int) -> int:
        """The index in `words` of the word at `offset` of the arena."""
        return (offset - self.section.start) // WORD

    def grow(self, offset: int, size: int) -> None:
        """Make `size` bytes at `offset` of this section real; raises ArenaFull instead of risking SIGBUS
        later.
        """
        allocate(self.fd, self.section.start + offset, size)

    def shrink(self, offset: int, size: int) -> None:
        """Give `size` bytes at `offset` back to the system; they read as zero afterwards."""
        if sys.platform == "linux":
            with contextlib.suppress(OSError):  # a file system that cannot: the room stays taken
                self._map.madvise(mmap.MADV_REMOVE, offset, size)

    def close(self) -> None:
        self.words.release()
        with contextlib.suppress(BufferError):
            self.data.release()
            self._map.close()


def allocate(fd: int, offset: int, size: int) -> None:
    """Make a part of a sparse file real, so that writing to it cannot fail."""
    try:
        os.posix_fallocate(fd, offset, size)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.ENOMEM, errno.EFBIG):
            message = (
                f"no memory left for {size:,} bytes of shared memory: free some, or send smaller payloads"
            )
            raise ArenaFull(message) from error
        raise
