"""Here is `job.data` in a worker: values that all routines of a job share, kept by the supervisor."""

from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

from routilux.errors import ArenaFull, PayloadError
from routilux.ipc.codec import Decoder, EncodeError, Encoder, in_one_piece
from routilux.ipc.control import Answer, Ask, Asker
from routilux.worker.over import JobOver


class JobData(MutableMapping[str, Any]):
    """The mapping of one job; each call asks the supervisor. What is set is there at once, for everybody, and
    stays even if the activation fails.
    """

    def __init__(self, number: int, asker: Asker, is_in_vain: Callable[[], bool]) -> None:
        self._number = number
        self._asker = asker
        self._is_in_vain = is_in_vain

    def _ask(self, ask: Ask) -> Answer:
        answer = self._asker.ask(ask, self._is_in_vain)
        if answer is None or answer.is_over:
            raise JobOver
        if answer.refusal:
            raise ArenaFull(answer.refusal)
        return answer

    def __getitem__(self, key: str) -> Any:
        answer = self._ask(Ask(0, self._number, "get", str(key)))
        if answer.value is None:
            raise KeyError(key)
        return Decoder().decode_large(memoryview(answer.value))

    def __setitem__(self, key: str, value: Any) -> None:
        try:
            part = Encoder().encode(value)
        except EncodeError as error:
            message = f"job.data[{key!r}] cannot hold a {error.type_name}: {error.reason}"
            raise PayloadError(message) from error
        self._ask(Ask(0, self._number, "set", str(key), in_one_piece(part)))

    def __delitem__(self, key: str) -> None:
        if self._ask(Ask(0, self._number, "delete", str(key))).value is None:
            raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._ask(Ask(0, self._number, "keys")).keys)

    def __len__(self) -> int:
        return len(self._ask(Ask(0, self._number, "keys")).keys)
