"""Here is the scene of a hold: what can be seen of the held activation, and what can be changed there."""

from __future__ import annotations

import ctypes
import sys
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from routilux.debug import looking
from routilux.debug.holds import Assign, Look, Seen
from routilux.ipc.codec import Decoder

if TYPE_CHECKING:
    from routilux.routine import Routine
    from routilux.worker.context import WorkerContext

_HAS_LIVE_LOCALS: Final = sys.version_info >= (3, 13)
"""Whether what is written to the mapping of a frame's locals is what the frame goes on with."""


class Scene:
    """One held place, while it is held."""

    def __init__(
        self,
        routine: Routine,
        context: WorkerContext,
        held: tuple[str, Any],
        here: FrameType,
        error: BaseException | None,
    ) -> None:
        """`held` is the type of the place and the message, `here` a frame of the runtime, which the user's
        have called.
        """
        self._routine = routine
        self._state = None if context.at is None else context.at.state
        self._kind, self._message = held
        self._is_over = error is not None
        self._frames = looking.user_frames(here) if error is None else looking.frames_of(error)

    def answer(self, order: Look | Assign) -> Seen:
        """What was asked for, or what has become of a variable."""
        if isinstance(order, Assign):
            return self._assigned(order)
        if order.what == "stack":
            return Seen(order.number, frames=looking.stack(self._frames))
        return Seen(order.number, looking.variables(self._roots(order.frame), order.path))

    def _roots(self, frame: int) -> list[looking.Part]:
        """What a user wants to see first: locals, then the routine's configuration, state and attributes; the
        message itself is the last.
        """
        routine = self._routine
        found: list[looking.Part] = []
        if 0 <= frame < len(self._frames):
            found += [(name, each, "local") for name, each in list(self._frames[frame].f_locals.items())]
        found = [part for part in found if part[1] is not routine]
        config = routine.config
        found += [(name, each, "configuration") for name, each in config.items()]
        if self._state is not None:
            found += [(str(name), each, "state") for name, each in list(self._state.items())]
        hidden = {*config, *routine.event_names}
        own = {name: each for name, each in vars(routine).items() if name not in hidden}
        found += [
            (name, each, "attribute")
            for name, each in own.items()
            if not name.startswith("_") and name != "additions"
        ]
        return [*found[: looking.MOST - 1], ("message", self._message, "message")]

    # ---- change -------------------------------------------------------------------------------------------

    def _assigned(self, order: Assign) -> Seen:
        """The first variable of that name, in the order in which they are shown, is another from now on."""
        places = [(name, scope) for name, _, scope in self._roots(order.frame)]
        scopes = [scope for name, scope in places if name == order.name and order.scope in ("", scope)]
        if not scopes:
            return Seen(order.number, refusal=self._unknown(order, [name for name, _ in places]))
        if scopes[0] == "local" and self._is_over:
            why = "a local of a function that has failed: nothing reads it any more; retry on another payload"
            return Seen(order.number, refusal=f"{order.name!r} is {why}")
        if scopes[0] == "message":
            return Seen(order.number, refusal="the message itself is changed by an edit of the hold")
        self._assign(order, scopes[0], Decoder().decode_large(memoryview(order.value)))
        parts = enumerate(self._roots(order.frame))
        now = [(at, part) for at, part in parts if (part[0], part[2]) == (order.name, scopes[0])]
        return Seen(order.number, tuple(looking.described(part, (at,)) for at, part in now[:1]))

    def _assign(self, order: Assign, scope: str, value: Any) -> None:
        if scope == "local":
            assign_local(self._frames[order.frame], order.name, value)
        elif scope == "state" and self._state is not None:
            self._state[order.name] = value
        else:  # past `__setattr__`: no code of the user's is run
            vars(self._routine)[order.name] = value

    def _unknown(self, order: Assign, names: list[str]) -> str:
        where = f"there is no {order.scope or 'variable'} {order.name!r} here"
        if 0 <= order.frame < len(self._frames) or (order.frame == 0 and order.scope not in ("", "local")):
            known = ", ".join(sorted(set(names))[:20]) or "none"
            return f"{where}: there are {known}"
        if self._frames:
            return f"{where}: frame {order.frame} is not one of the {len(self._frames)} that are under way"
        if self._kind in ("routine", "error"):
            return f"{where}: no function of the routine is under way; edit the message instead"
        return (
            f"{where}: the function has returned what is held, and its variables are gone (a generator "
            "has them still, and so has logic that calls emit); edit the message instead"
        )


def assign_local(frame: FrameType, name: str, value: Any) -> None:
    """The function goes on with this value of its local."""
    there = frame.f_locals
    there[name] = value
    if not _HAS_LIVE_LOCALS:  # it was a copy, which is written back
        ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), ctypes.c_int(0))
