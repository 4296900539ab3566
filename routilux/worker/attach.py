"""Here is what an editor's debugger does in this worker, which it attaches to while a message is held.

pydevd, the part of debugpy that works within the debugged process, speaks with the editor itself: no adapter
process is started. It asks nobody for a token; the door sees to who comes in.
"""

import os
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Any

from routilux.debug import looking
from routilux.debug.attachment import HOST, MISSING
from routilux.worker.door import Door
from routilux.worker.stopwatch import Stopwatch

BEAT = 1.0
"""Seconds between two signs that an editor is there."""
TAKEN = "an editor is attached to this process already: detach it first"

_OURS = Path(__file__).parent.parent
_EXAMPLES = "_examples"


@dataclass(frozen=True)
class Standing:
    """Where a message is held."""

    here: FrameType
    error: BaseException | None
    """Of a failed activation."""
    is_over: Callable[[], bool]
    """Look whether it has been let go, or need not be held any more; answer what is asked meanwhile."""
    say: Callable[[str], bool]
    """Tell the supervisor what the editor does."""


class Editor:
    """Waited for at the door, or attached until it detaches: through the hold, and after it."""

    def __init__(self, stopwatch: Callable[[], Stopwatch | None]) -> None:
        """The stopwatch of activations stands still as long as an editor may stop them anywhere."""
        self._stopwatch = stopwatch
        self._door = Door()
        self._pydevd: Any = None
        """The module, once an editor was to come."""
        self._debugger: Any = None
        self._line: socket.socket | None = None
        """The editor's connection, once more: pydevd closes its own while it reads, which nobody notices."""
        self._is_configured = False
        self._hushed: Any = None
        """What pydevd knows of the thread, while it must not stop it: in what our own code calls."""
        self._breakpoint = sys.breakpointhook
        """What `breakpoint()` does while no editor is attached."""
        self._beat = 0.0

    def invite(self) -> tuple[int, str]:
        """The port on which one is waited for, or why none is."""
        self.tidy()
        try:
            self._pydevd = self._pydevd or _pydevd()
        except ImportError as error:
            return 0, f"{MISSING} ({error})"
        if self._debugger is not None:
            return 0, TAKEN
        return self._door.open(), ""

    @property
    def is_attached(self) -> bool:
        return self._debugger is not None

    def end_hold(self) -> None:
        """Nobody else comes in; who is in may stay."""
        self._door.shut()
        if self._debugger is not None and not self._is_configured:
            self._leave()
        if self._hushed is not None:
            self._hushed.is_tracing -= 1
            self._hushed = None
            if self._debugger is not None:
                self._debugger.enable_tracing()

    def tidy(self) -> None:
        """What an editor that has detached has set up is taken away: from here on nothing is traced."""
        if self._debugger is not None and self._has_left():
            self._leave()

    def _has_left(self) -> bool:
        gone: bool = self._debugger.pydb_disposed
        return gone or (self._is_configured and not self._debugger.is_attached())

    def _leave(self) -> None:
        self._hang_up(socket.SHUT_RD)  # what reads it ends, and the connection can be closed
        self._pydevd.stoptrace()
        self._hang_up(socket.SHUT_RDWR)
        if self._line is not None:
            self._line.close()
        self._debugger, self._line, self._is_configured = None, None, False
        sys.breakpointhook = self._breakpoint
        self._let_count(wanted=True)

    def _hang_up(self, how: int) -> None:
        if self._line is not None:
            with suppress(OSError):  # the editor has done so already
                self._line.shutdown(how)

    def _let_count(self, *, wanted: bool) -> None:
        if (stopwatch := self._stopwatch()) is not None:
            stopwatch.stands_still = not wanted

    # ---- while a message is held --------------------------------------------------------------------------

    def attend(self, at: Standing) -> bool:
        """Let in who knocks. With an editor the thread stands still at the user's frame, as long as it wishes
        or until the hold is over; whether it wishes the thread to go on.
        """
        self.tidy()
        if self._debugger is None:
            if (client := self._door.admitted()) is None:
                return False
            self._begin(client)
        if not self._debugger.is_attached():
            return False
        if not self._is_configured:
            self._is_configured = True
            at.say("came")
        is_over = self._stand(at)
        if self._has_left():
            at.say("left")
            self._leave()
            return False
        return not is_over

    def _begin(self, client: socket.socket) -> None:
        """Let pydevd speak with the client, in place of a connection that it would make."""
        pydevd = self._pydevd
        for thread in threading.enumerate():
            if thread.name.startswith("routilux"):  # to be stopped with the user's, it would hang us
                thread.pydev_do_not_trace = True  # type: ignore[attr-defined]
        self._line = client.dup()
        connect, pydevd.start_client = pydevd.start_client, lambda _host, _port: client
        try:
            pydevd.settrace(
                host=HOST,
                port=0,
                suspend=False,
                wait_for_ready_to_run=False,
                trace_only_current_thread=True,
                patch_multiprocessing=False,
                notify_stdin=False,
                dont_trace_start_patterns=_our_files(),
            )
        finally:
            pydevd.start_client = connect
        self._debugger = pydevd.get_global_debugger()
        sys.breakpointhook = sys.modules["debugpy"].breakpoint
        self._let_count(wanted=False)

    def _stand(self, at: Standing) -> bool:
        """Stand still for the editor; whether the hold was over before the editor went on."""
        from pydev_ipython.inputhook import set_inputhook  # noqa: PLC0415 - pydevd has brought it

        over: list[bool] = []

        def look_up() -> None:
            if monotonic() > self._beat + BEAT:
                self._beat = monotonic()
                at.say("stays")
            if not over and at.is_over():
                over.append(True)
                self._pydevd.PyDevdAPI().request_resume_thread("*")

        if self._hushed is None:
            self._hushed = self._pydevd.set_additional_thread_info(threading.current_thread())
            self._hushed.is_tracing += 1
            self._debugger.disable_tracing()
        self._debugger.gui_in_use = True  # so that pydevd calls this 50 times a second, as for a window
        set_inputhook(look_up)
        try:
            self._suspend(at)
        finally:
            set_inputhook(None)
        return bool(over)

    def _suspend(self, at: Standing) -> None:
        """As if a breakpoint of the editor's had been hit at the user's frame."""
        pydevd, debugger, thread, error = self._pydevd, self._debugger, threading.current_thread(), at.error
        if error is None:
            frame = next(iter(looking.user_frames(at.here)), at.here)
            debugger.set_suspend(thread, pydevd.CMD_SET_BREAK)
            debugger.do_wait_suspend(thread, frame, "line", None)
        else:
            frame = next(iter(looking.frames_of(error)), at.here)
            debugger.set_suspend(thread, pydevd.CMD_ADD_EXCEPTION_BREAK)
            debugger.do_wait_suspend(thread, frame, "exception", (type(error), error, error.__traceback__))


def _pydevd() -> Any:
    """The module: it takes 0.3 s, and few workers need it."""
    before = sys.breakpointhook
    import debugpy.server  # noqa: F401, PLC0415 - makes pydevd known, and speak the editor's protocol
    import pydevd  # noqa: PLC0415 - as above

    sys.breakpointhook = before
    return pydevd


def _our_files() -> tuple[str, ...]:
    """The beginnings of their paths: an editor sees the user's code alone, the examples among it."""
    return tuple(
        str(each) + (os.sep if each.is_dir() else "") for each in _OURS.iterdir() if each.name != _EXAMPLES
    )
