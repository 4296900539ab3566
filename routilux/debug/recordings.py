"""Here is a file of recorded messages: how it is written, all or nothing, and read with distrust.

It begins with MAGIC. Then come blocks: the length and the CRC-32 of what follows, each four bytes in little
endian, and one struct in MessagePack, a map with its name under `type`: first a Head, then each Recorded,
in the end an End. A file without its End is not whole. docs/replay.md says it for those who do not read code.
"""

import os
import secrets
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final
from zlib import crc32

import msgspec

from routilux.debugcommands import TapeInfo
from routilux.errors import RecordingError

MAGIC: Final = b"\x89RLX\r\n\x1a\n"
"""Of which a transfer as text changes some."""
FORMAT: Final = 1
MOST_MESSAGES: Final = 10_000
MOST_BYTES: Final = 64 << 20
LONGEST: Final = 86_400
"""What one recording takes, at most: messages, bytes of payloads, seconds."""
_BLOCK: Final = struct.Struct("<II")


class Head(msgspec.Struct, frozen=True, tag="head"):
    """What the file is."""

    format: int
    """Raised when an older reader would misread it; a field more does not raise it."""


class Recorded(msgspec.Struct, frozen=True, tag="message", kw_only=True):
    """One message, and what was known of it. What is not known is empty."""

    flow: str
    job_id: str
    routine: str = ""
    """The routine it is for, and"""
    slot: str = ""
    """its slot; both are empty for an event that leads to none or several."""
    connection_id: str = ""
    """`a.event->b.slot`, or `submission`."""
    source: str = ""
    event: str = ""
    message_id: str = ""
    """Of the input that was at work: it has caused this one."""
    parents: tuple[str, ...] = ()
    """All inputs of that activation."""
    origin: int = 0
    """The submission that has caused it, counted from 1."""
    at: float = 0.0
    """Unix seconds."""
    replica: int = 0
    error: str = ""
    """The traceback of what has failed on it."""
    is_typed: bool = False
    """Whether the payload is that of a slot with a declared type: its fields by name, without the class."""
    payload: bytes
    """As PROTOCOL's codec lays out a large one: MessagePack, and big buffers behind it."""


class End(msgspec.Struct, frozen=True, tag="end"):
    """That this is all of it."""

    messages: int
    skipped: int = 0
    """Messages that came by meanwhile and are not here."""
    reason: str = ""
    """Why the recording has ended: `count`, `bytes`, `time`, `ended` or `stopped`."""


class Take(msgspec.Struct, frozen=True):
    """What a recording has so far, from some message on. `reason` is empty while it goes on, then as in an
    End.
    """

    messages: tuple[Recorded, ...]
    skipped: int = 0
    reason: str = ""


class Limits(msgspec.Struct, frozen=True):
    """When a recording is over, at the latest. Raises ValueError for what bounds nothing."""

    count: int = 100
    nbytes: int = MOST_BYTES
    """Of payloads, encoded."""
    seconds: float = 60.0

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST_MESSAGES:
            raise ValueError(f"count={self.count!r}: record 1 to {MOST_MESSAGES:,} messages")
        if not 1 <= self.nbytes <= MOST_BYTES:
            raise ValueError(f"max_bytes={self.nbytes!r}: record at most {MOST_BYTES:,} bytes")
        if not 0 < self.seconds <= LONGEST:
            raise ValueError(f"seconds={self.seconds!r}: record for at most {LONGEST:,} seconds")


Block = Head | Recorded | End
_decode: Final = msgspec.msgpack.Decoder(Block).decode


def write(path: str | os.PathLike[str], messages: Sequence[Recorded], end: End) -> None:
    """Write the file; until it is complete there is none under that name, or what was there before. Raises
    RecordingError.
    """
    target = Path(path)
    spare = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with _without_name(spare) as file:
            file.writelines(_written(messages, end))
            file.flush()
            os.fsync(file.fileno())
            if not spare.exists():
                number = file.fileno()  # to be given makes link() follow the other, which is a link
                os.link(f"/proc/self/fd/{number}", spare, src_dir_fd=number, follow_symlinks=True)
        spare.replace(target)
    except OSError as error:
        raise RecordingError(f"the recording {os.fspath(path)!r} cannot be written: {error}") from error
    finally:
        with suppress(OSError):  # it has its name, if all went well
            spare.unlink()


def in_bytes(message: Recorded) -> bytes:
    """What the file of just this message has in it."""
    return b"".join(_written([message], End(1, reason="count")))


def _written(messages: Sequence[Recorded], end: End) -> Iterator[bytes]:
    yield MAGIC
    for block in (Head(FORMAT), *messages, end):
        body = msgspec.msgpack.encode(block)
        yield _BLOCK.pack(len(body), crc32(body))
        yield body


def _without_name(spare: Path) -> BinaryIO:
    """A file that is gone if we are killed; where there is none of that kind, one of that name."""
    try:
        descriptor = os.open(spare.parent, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except (AttributeError, OSError):
        descriptor = os.open(spare, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    return os.fdopen(descriptor, "wb")


def messages_of(info: TapeInfo) -> list[Recorded]:
    """What a runtime has answered."""
    return [msgspec.msgpack.decode(body, type=Recorded) for body in info.messages]


def read(path: str | os.PathLike[str]) -> tuple[list[Recorded], End]:
    """What is in the file. No payload is decoded. Raises RecordingError with what is wrong with it."""
    name = os.fspath(path)
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise RecordingError(f"there is no recording {name!r}") from None
    except OSError as error:
        raise RecordingError(f"the recording {name!r} cannot be read: {error}") from error
    return read_bytes(name, data)


def read_bytes(name: str, data: bytes) -> tuple[list[Recorded], End]:
    """As `read`, of what the file of that name has in it."""
    if not data.startswith(MAGIC):
        raise RecordingError(f"{name!r} is no recording of Routilux: it does not begin as one")
    messages: list[Recorded] = []
    blocks = _blocks(name, data, messages)
    _check_head(name, next(blocks, None))
    for block in blocks:
        if isinstance(block, End):
            if block.messages != len(messages):
                raise _damaged(name, "it has not all of its messages")
            return messages, block
        if isinstance(block, Recorded):
            messages.append(block)
    raise RecordingError(
        f"the recording {name!r} is cut short after {len(messages)} messages: it was not written, or not "
        "copied, to its end; record it anew"
    )


def _check_head(name: str, block: Any) -> None:
    if not isinstance(block, Head):
        raise _damaged(name, "it has no head")
    if block.format != FORMAT:
        raise RecordingError(
            f"the recording {name!r} is of format {block.format}, and this Routilux reads format {FORMAT}: "
            "read it with the version that has made it, or a newer one"
        )


def _blocks(name: str, data: bytes, found: Sequence[Recorded]) -> Iterator[Block]:
    """Each block, as far as they are whole."""
    at = len(MAGIC)
    while at + _BLOCK.size <= len(data):
        length, crc = _BLOCK.unpack_from(data, at)
        at += _BLOCK.size
        body = data[at : at + length]
        if len(body) < length:
            return
        if crc32(body) != crc:
            raise _damaged(name, f"the block after {len(found)} messages is not what was written")
        try:
            yield _decode(body)
        except msgspec.MsgspecError as error:
            raise _damaged(name, str(error)) from error
        at += length


def _damaged(name: str, what: str) -> RecordingError:
    return RecordingError(f"the recording {name!r} is damaged: {what}; record it anew")
