"""Here is the merge: outputs of an ordered routine's workers, brought back into the order of its inputs."""

from collections import deque

from routilux.supervisor.desk import Letter


class Merge:
    """One job's outputs that came before their turn."""

    def __init__(self) -> None:
        self.nbytes = 0
        self._next: dict[int, int] = {}
        self._early: dict[int, dict[int, deque[Letter]]] = {}
        """By row of tags, then by tag: what one worker has sent in answer to one input, in its order."""

    def put(self, letter: Letter) -> list[Letter]:
        """Those that may go out now that this one is there."""
        if letter.row < 0 or not letter.frame.tag:
            return [letter]
        early = self._early.setdefault(letter.row, {})
        early.setdefault(letter.frame.tag, deque()).append(letter)
        self.nbytes += len(letter.data)
        due: list[Letter] = []
        while waiting := early.get(tag := self._next.get(letter.row, 1)):
            out = waiting.popleft()
            if not waiting:
                del early[tag]
            self.nbytes -= len(out.data)
            self._next[letter.row] = tag + out.frame.span
            due.append(out)
        return due

    def drop(self) -> None:
        """Forget what waits."""
        self._early.clear()
        self.nbytes = 0
