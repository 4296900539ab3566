"""Here are the dead letters: messages that have killed their process too often, kept for whoever asks."""

import sqlite3
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, NamedTuple

from routilux import clock
from routilux.database import Database
from routilux.errors import DeadLettersFull, PayloadError, RoutiluxError
from routilux.ipc.codec import Decoder
from routilux.ipc.preview import preview
from routilux.ipc.typed import TypedDecoder

MOST_LETTERS = 10_000
MOST_BYTES = 1 << 30
"""Of payloads, encoded."""
MARK = 0x52584C31

_COLUMNS = (
    "id, flow, job_id, routine, slot, connection, message_id, attempts, reason, traceback, at, preview,"
    " length(payload)"
)


class Cause(NamedTuple):
    """Why a message is given up: what happened to it, how often, and the traceback if there was one."""

    reason: str
    attempts: int
    traceback: str = ""


class Body(NamedTuple):
    """A message as it lay before its slot."""

    routine: str
    slot: str
    connection: str
    message_id: str
    is_large: bool
    payload: bytes
    is_typed: bool = False
    """By the codec of the type that the slot declares."""


@dataclass(frozen=True)
class DeadLetter:
    """A message that no process survived.

    `connection` is the id of the one it came over, "submission" if it was submitted to the slot, or empty in
    a letter of an older store. `reason` is how its process died, `attempts` how often; `traceback` is empty
    where there was none. `at` is in Unix seconds, `nbytes` the size of the payload, `preview` a line about it
    that was made without decoding it.
    """

    id: int
    flow: str
    job_id: str
    routine: str
    slot: str
    connection: str
    message_id: str
    attempts: int
    reason: str
    traceback: str
    at: float
    preview: str
    nbytes: int
    _store: "DeadLetters" = field(repr=False, compare=False)

    @property
    def payload(self) -> Any:
        """The message, read from the store and decoded now; that may unpickle it, so look at it only where a
        crash is welcome. A Struct or dataclass for a slot of that type is shown as the dict of its fields.

        Raises PayloadError when it cannot be decoded here, RoutiluxError when the letter has been discarded.
        """
        data, is_large = self.encoded()
        decoder = Decoder()
        try:
            return decoder.decode_large(memoryview(data)) if is_large else decoder.decode(data)
        except Exception as error:  # the class's own code may raise anything
            raise PayloadError(f"dead letter {self.id} cannot be decoded here: {error!r}") from error

    def encoded(self) -> tuple[bytes, bool]:
        """The message as it was sent, and whether it is laid out as a large one. Raises as `payload`."""
        return self._store.encoded(self.id)

    @property
    def is_typed(self) -> bool:
        """Whether it was for a slot with a declared type: then its fields are encoded without their class."""
        return self._store.is_typed(self.id)

    def revived(self, wanted: object) -> object:
        """The payload for a slot of that type: as `payload`, but a Struct or dataclass is one again."""
        if not self.is_typed:
            return self.payload
        data, is_large = self.encoded()
        decoder = TypedDecoder(wanted, Decoder())
        try:
            return decoder.decode_large(memoryview(data)) if is_large else decoder.decode(data)
        except Exception as error:  # as above
            raise PayloadError(f"dead letter {self.id} is no {wanted!r} any more: {error}") from error

    def discard(self) -> bool:
        """Forget it; False if it has been forgotten."""
        return self._store.discard(self.id)


class DeadLetters:
    """The store, in a file that outlives the runtime, or in memory; at most so many letters and so many bytes
    of payloads. May be used from several threads, and its file from several processes.
    """

    def __init__(
        self,
        path: str | PathLike[str] | None,
        *,
        max_letters: int = MOST_LETTERS,
        max_bytes: int = MOST_BYTES,
    ) -> None:
        self._max_letters = max_letters
        self._max_bytes = max_bytes
        self._db = Database(path, MARK, (_create, _describe, _type), durable=True)

    def add(self, flow: str, job_id: str, body: Body, cause: Cause) -> None:
        """Keep one message. Raises DeadLettersFull when it has no room, StoreError when the file cannot be
        written; nothing is forgotten to make room.
        """
        line = preview(body.payload, is_large=body.is_large)
        values = (flow, job_id, *body[:4], *cause, clock.wall(), line, *body[4:])
        with self._db.transaction() as db:
            self._check_room(db, len(body.payload))
            db.execute(
                "INSERT INTO dead_letters (flow, job_id, routine, slot, connection, message_id, reason,"
                " attempts, traceback, at, preview, is_large, payload, is_typed)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )

    def _check_room(self, db: sqlite3.Connection, nbytes: int) -> None:
        letters, held = db.execute(
            "SELECT count(*), coalesce(sum(length(payload)), 0) FROM dead_letters"
        ).fetchone()
        if letters >= self._max_letters or held + nbytes > self._max_bytes:
            raise DeadLettersFull(
                f"the dead letters in {self._db.name!r} are full ({letters:,} of {self._max_letters:,} "
                f"letters, {held:,} of {self._max_bytes:,} bytes, and {nbytes:,} more to come): "
                "discard or requeue some"
            )

    def all(
        self,
        *,
        flow: str | None = None,
        job_id: str | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[DeadLetter]:
        """The oldest first, at most `limit` of them after the first `offset`; of one flow or job if named.
        Payloads stay in the store.
        """
        rows = self._db.rows(
            f"SELECT {_COLUMNS} FROM dead_letters"  # noqa: S608 - our own words
            " WHERE flow = coalesce(?, flow) AND job_id = coalesce(?, job_id) ORDER BY id LIMIT ? OFFSET ?",
            (flow, job_id, -1 if limit is None else limit, offset),
        )
        return [self._letter(row) for row in rows]

    def count(self, *, flow: str | None = None, job_id: str | None = None) -> int:
        """How many there are; of one flow or job if named."""
        rows = self._db.rows(
            "SELECT count(*) FROM dead_letters"
            " WHERE flow = coalesce(?, flow) AND job_id = coalesce(?, job_id)",
            (flow, job_id),
        )
        return int(rows[0][0])

    def get(self, letter_id: int) -> DeadLetter:
        """The letter of that id; RoutiluxError if there is none."""
        rows = self._db.rows(f"SELECT {_COLUMNS} FROM dead_letters WHERE id = ?", (letter_id,))  # noqa: S608
        if not rows:
            raise self._missing(letter_id)
        return self._letter(rows[0])

    def encoded(self, letter_id: int) -> tuple[bytes, bool]:
        """The payload as it was sent, and whether it is laid out as a large one; RoutiluxError if there is no
        such letter.
        """
        rows = self._db.rows("SELECT payload, is_large FROM dead_letters WHERE id = ?", (letter_id,))
        if not rows:
            raise self._missing(letter_id)
        return rows[0][0], bool(rows[0][1])

    def is_typed(self, letter_id: int) -> bool:
        """Whether the payload was made by the codec of its slot's type."""
        return bool(self._db.rows("SELECT is_typed FROM dead_letters WHERE id = ?", (letter_id,))[0][0])

    def _letter(self, row: tuple[Any, ...]) -> DeadLetter:
        values: tuple[Any, ...] = (*row, self)
        return DeadLetter(*values)

    def _missing(self, letter_id: int) -> RoutiluxError:
        return RoutiluxError(f"there is no dead letter {letter_id} in {self._db.name!r} (any more)")

    def discard(self, letter_id: int) -> bool:
        """Forget one; False when there is none of that id."""
        with self._db.transaction() as db:
            return db.execute("DELETE FROM dead_letters WHERE id = ?", (letter_id,)).rowcount > 0

    def discard_all(self, *, flow: str | None = None, job_id: str | None = None) -> int:
        """Forget all, or those of one flow or job; how many there were."""
        with self._db.transaction() as db:
            return db.execute(
                "DELETE FROM dead_letters WHERE flow = coalesce(?, flow) AND job_id = coalesce(?, job_id)",
                (flow, job_id),
            ).rowcount

    def close(self) -> None:
        """Let go of the file. Idempotent."""
        self._db.close()


def _create(db: sqlite3.Connection) -> None:
    """The first schema; files made by Routilux 0.1 have it, and no number."""
    db.execute(
        "CREATE TABLE IF NOT EXISTS dead_letters (id INTEGER PRIMARY KEY, flow TEXT, job_id TEXT,"
        " routine TEXT, slot TEXT, message_id TEXT, reason TEXT, at REAL, is_large INTEGER, payload BLOB)"
    )


def _describe(db: sqlite3.Connection) -> None:
    """More is told of each letter, and no id is given twice. A message was given up after three attempts
    then.
    """
    db.execute("ALTER TABLE dead_letters RENAME TO first_letters")
    # The payload is last: what stands behind a large value is slow to read.
    db.execute(
        "CREATE TABLE dead_letters (id INTEGER PRIMARY KEY AUTOINCREMENT, flow TEXT, job_id TEXT,"
        " routine TEXT, slot TEXT, connection TEXT, message_id TEXT, reason TEXT, attempts INTEGER,"
        " traceback TEXT, at REAL, preview TEXT, is_large INTEGER, payload BLOB)"
    )
    for (letter_id,) in db.execute("SELECT id FROM first_letters").fetchall():
        *others, is_large, payload = db.execute(
            "SELECT id, flow, job_id, routine, slot, '', message_id, reason, 3, '', at, is_large, payload"
            " FROM first_letters WHERE id = ?",
            (letter_id,),
        ).fetchone()
        row = (*others, preview(payload, is_large=bool(is_large)), is_large, payload)
        db.execute(f"INSERT INTO dead_letters VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608
    db.execute("DROP TABLE first_letters")


def _type(db: sqlite3.Connection) -> None:
    """Slots have types, and payloads their codec."""
    db.execute("ALTER TABLE dead_letters ADD COLUMN is_typed INTEGER NOT NULL DEFAULT 0")
