"""Here is the commit: the transaction that makes an activation's effects visible all at once, by one 8-byte
store.

Every store of a transaction goes to a word of the process's own section and is an absolute value, so whoever
finds the commit word ahead of `applied` can repeat the log any number of times. The numbers of lines are
those of "A transaction" in docs/protocol.md.
"""

from array import array
from itertools import chain

from routilux.ipc import crash
from routilux.ipc.arena import OwnSection
from routilux.ipc.layout import COUNTERS


class Transaction:
    """The stores of one commit, in the order that keeps every reader right: `created`, `published`, `live`,
    `consumed`, `retired`.

    Counted before published, or a consumer could retire a message nobody has counted; published before
    consumed, or the input would be gone while the output is invisible; consumed before retired, or a job
    could look quiet with a message in a lane. (What keeps a large payload is its pin, stored before the
    commit.)
    """

    __slots__ = (
        "_applied",
        "_begin",
        "_commit",
        "_length",
        "_log",
        "_number",
        "_rows",
        "_words",
        "activations",
        "created",
        "late",
        "live",
        "published",
        "retired",
    )

    def __init__(self, own: OwnSection) -> None:
        words = own.section.words
        self._words = own.words
        self._begin, self._commit, self._applied, self._length = (
            own.index(words[name]) for name in ("begin", "commit", "applied", "log_length")
        )
        self._log = own.index(words["log"])
        self._rows = {name: own.index(words[name]) for name in COUNTERS}
        self._number = own.words[self._commit]
        self.activations = 0
        """Counted by this incarnation, for all jobs."""
        self.created: dict[int, int] = {}
        self.retired: dict[int, int] = {}
        self.late: dict[int, int] = {}
        self.live: dict[int, int] = {}
        self.published: dict[int, int] = {}

    def begin(self) -> None:
        """The inputs of the coming activation are chosen; a death before the commit is charged to them."""
        self._words[self._begin] = self._number + 1  # line 3
        if crash.PLAN:
            crash.here("begin.after")

    def withdraw(self) -> None:
        """What was begun has not happened, and nobody is charged."""
        self._words[self._begin] = self._number

    def store(self, index: int, value: int) -> None:
        """A word that no other process acts upon."""
        self.late[index] = value

    def count(self, counter: str, job: int, by: int) -> None:
        """Add to one of the user-visible counters of a job slot."""
        index = self._rows[counter] + job
        self.late[index] = self.late.get(index, self._words[index]) + by

    def run(self, job: int, activations: int, received: int) -> None:
        """Activations of a job slot have begun, and have used so many messages."""
        self.activations += activations
        self.count("activations", job, activations)
        self.count("received", job, received)

    def create(self, job: int, by: int) -> None:
        """`by` messages of a job slot come into being."""
        index = self._rows["created"] + job
        self.created[index] = self.created.get(index, self._words[index]) + by

    def retire(self, job: int, by: int) -> None:
        """`by` messages of a job slot are used up."""
        index = self._rows["retired"] + job
        self.retired[index] = self.retired.get(index, self._words[index]) + by

    @property
    def is_empty(self) -> bool:
        """Whether a commit would store nothing of its own."""
        return not (self.created or self.retired or self.late or self.published or self.live)

    def note_ended(self, slots: set[int]) -> None:
        """Add the job slots of which this transaction uses messages up and makes none: they may be quiet
        after it.
        """
        created, retired = self._rows["created"], self._rows["retired"]
        for index in self.retired:
            if index - retired + created not in self.created:
                slots.add(index - retired)

    def commit(self, consumed: dict[int, int]) -> None:
        """Write the log, store the commit word (now it has happened), then carry the log out."""
        words = self._words
        stores: list[tuple[int, int]] = [
            *self.created.items(),  # line 7
            *self.published.items(),  # line 8
            *self.live.items(),  # line 9
            *self.late.items(),  # line 10
            *consumed.items(),  # line 11
            *self.retired.items(),  # line 12
        ]
        flat = array("Q", chain.from_iterable(stores))
        words[self._log : self._log + len(flat)] = memoryview(flat)
        words[self._length] = len(stores)  # line 5
        self._number += 1
        if crash.PLAN:
            crash.here("commit.before")
        words[self._commit] = self._number  # line 6: now it has happened
        if crash.PLAN:
            self._die_between(stores)
        for index, value in stores:
            words[index] = value
        words[self._applied] = self._number  # line 13
        if crash.PLAN:
            crash.here("applied.after")
        self.created.clear()
        self.published.clear()
        self.live.clear()
        self.late.clear()
        self.retired.clear()

    def _die_between(self, stores: list[tuple[int, int]]) -> None:
        """What is stored here is stored again if nobody dies."""
        crash.here("commit.after")
        for index, value in stores[: len(self.created) + len(self.published)]:
            self._words[index] = value
        crash.here("apply.middle")


def redo(own: OwnSection) -> bool:
    """Carry out what a dead process had committed and not finished storing (lines 7 to 13); whether there was
    anything.

    Only for the supervisor, and only after the process has been reaped: two writers would be worse than none.
    """
    words, places = own.words, own.section.words
    commit, applied = words[own.index(places["commit"])], words[own.index(places["applied"])]
    if commit == applied:
        return False
    log, length = own.index(places["log"]), words[own.index(places["log_length"])]
    for at in range(log, log + 2 * length, 2):
        words[words[at]] = words[at + 1]
    words[own.index(places["applied"])] = commit
    return True
