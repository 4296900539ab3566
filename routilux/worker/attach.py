"""Here is the door by which an editor's debugger attaches to this worker, while it holds a message.

pydevd, the part of debugpy that works within the debugged process, speaks with the editor itself: no adapter
process is started. It asks nobody for a token and runs whatever it is told to. So it gets one connection
only, made by our own user, that begins as the editor's protocol does: a page in a browser cannot.
"""

import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Any

from routilux.debug import looking
from routilux.debug.attachment import HOST, MISSING
from routilux.worker import peer
from routilux.worker.stopwatch import Stopwatch

HEAD = b"Content-Length:"
"""How every message of the Debug Adapter Protocol begins, the first one too."""
SILENT = 5.0
"""Seconds that a connection has to begin with that."""
MOST = 16
"""Connections that are refused at a time."""
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


class Door:
    """Closed, open for one client, or taken by one that stays until it detaches."""

    def __init__(self, stopwatch: Callable[[], Stopwatch | None]) -> None:
        """The stopwatch of activations stands still as long as a client may stop them anywhere."""
        self._stopwatch = stopwatch
        self._listener: socket.socket | None = None
        self._guest: socket.socket | None = None
        """A connection that has not said anything yet, and"""
        self._came = 0.0
        """since when."""
        self._debugger: Any = None
        self._line: socket.socket | None = None
        """Its connection, once more: it closes its own while it reads, which nobody notices then."""
        self._is_configured = False
        self._beat = 0.0

    def open(self) -> tuple[int, str]:
        """The port on which a client is waited for, or why none is."""
        self.tidy()
        if find_spec("debugpy") is None:
            return 0, MISSING
        if self._debugger is not None:
            return 0, TAKEN
        if self._listener is None:
            self._listener = socket.create_server((HOST, 0))
            self._listener.settimeout(0)
        return self._listener.getsockname()[1], ""

    def shut(self) -> None:
        """Nobody else comes in; who is in may stay."""
        for each in (self._listener, self._guest):
            if each is not None:
                each.close()
        self._listener = self._guest = None
        if self._debugger is not None and not self._is_configured and not self._debugger.is_attached():
            self._leave()

    def tidy(self) -> None:
        """What a client that has detached has set up is taken away: from here on nothing is traced."""
        debugger = self._debugger
        if debugger is None or not (debugger.pydb_disposed or self._has_left()):
            return
        self._leave()

    def _has_left(self) -> bool:
        return self._is_configured and not self._debugger.is_attached()

    def _leave(self) -> None:
        import pydevd  # noqa: PLC0415 - it is there by now

        self._hang_up(socket.SHUT_RD)  # its reader ends, which would keep the connection open
        pydevd.stoptrace()
        self._hang_up(socket.SHUT_RDWR)
        if self._line is not None:
            self._line.close()
        self._debugger, self._line, self._is_configured = None, None, False
        self._let_count(wanted=True)

    def _hang_up(self, how: int) -> None:
        if self._line is not None:
            with suppress(OSError):  # the client has done so already
                self._line.shutdown(how)

    def _let_count(self, *, wanted: bool) -> None:
        if (stopwatch := self._stopwatch()) is not None:
            stopwatch.stands_still = not wanted

    # ---- while a message is held --------------------------------------------------------------------------

    def attend(self, at: Standing) -> bool:
        """Let in who knocks. With a client the thread stands still at the user's frame, as long as the client
        wishes or until the hold is over; whether it goes on by the client's wish.
        """
        self.tidy()
        if self._debugger is None:
            if (client := self._admitted()) is None:
                return False
            self._begin(client)
        if not self._debugger.is_attached():
            return False
        if not self._is_configured:
            self._is_configured = True
            at.say("came")
        is_over = self._stand(at)
        if self._has_left() or self._debugger.pydb_disposed:
            at.say("left")
            self.tidy()
            return False
        return not is_over

    def _admitted(self) -> socket.socket | None:
        """A client that may come in, if one has knocked."""
        guest = self._guest = self._guest or self._welcome()
        if guest is None:
            return None
        try:
            head = guest.recv(len(HEAD), socket.MSG_PEEK)
        except BlockingIOError:
            head = b"" if monotonic() < self._came + SILENT else b"silence"
        except OSError:
            head = b"gone"
        else:
            head = head or b"gone"
        if head == HEAD:
            self._guest = None
            self.shut()
            guest.settimeout(None)
            return guest
        if not HEAD.startswith(head):
            guest.close()
            self._guest = None
        return None

    def _welcome(self) -> socket.socket | None:
        """The next connection of our own user."""
        for _ in range(MOST):
            try:
                guest = self._listener.accept()[0] if self._listener is not None else None
            except OSError:  # nobody is there, or not any more
                return None
            if guest is None or peer.owner(guest) == os.geteuid():
                self._came = monotonic()
                if guest is not None:
                    guest.settimeout(0)
                return guest
            guest.close()
        return None

    def _begin(self, client: socket.socket) -> None:
        """Give the client to pydevd."""
        import debugpy.server  # noqa: F401, PLC0415 - it makes pydevd known, and speak the editor's protocol
        import pydevd  # noqa: PLC0415 - takes 0.3 s, and few workers need it

        for thread in threading.enumerate():
            if thread.name.startswith("routilux"):  # to be stopped with the user's, it would hang us
                thread.pydev_do_not_trace = True  # type: ignore[attr-defined]
        self._line = client.dup()
        connect, pydevd.start_client = pydevd.start_client, lambda _host, _port: client
        try:
            pydevd.settrace(
                host=HOST,
                port=client.getpeername()[1],
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
        self._let_count(wanted=False)

    def _stand(self, at: Standing) -> bool:
        """Stand still for the client; whether the hold was over before the client went on."""
        import pydevd  # noqa: PLC0415 - as above
        from _pydevd_bundle.pydevd_api import PyDevdAPI  # noqa: PLC0415 - as above
        from pydev_ipython.inputhook import set_inputhook  # noqa: PLC0415 - as above

        debugger, thread = self._debugger, threading.current_thread()
        over: list[bool] = []

        def look_up() -> None:
            if monotonic() > self._beat + BEAT:
                self._beat = monotonic()
                at.say("stays")
            if not over and at.is_over():
                over.append(True)
                PyDevdAPI().request_resume_thread("*")

        frames = looking.user_frames(at.here)
        error = at.error
        reason = pydevd.CMD_SET_BREAK if error is None else pydevd.CMD_ADD_EXCEPTION_BREAK
        debugger.gui_in_use = True  # then pydevd calls this 50 times a second, as it does for windows
        set_inputhook(look_up)
        try:
            debugger.set_suspend(thread, reason)
            if error is None:
                debugger.do_wait_suspend(thread, frames[0] if frames else at.here, "line", None)
            else:
                frame = (looking.frames_of(error) or [at.here])[0]
                debugger.do_wait_suspend(
                    thread, frame, "exception", (type(error), error, error.__traceback__)
                )
        finally:
            set_inputhook(None)
        return bool(over)


def _our_files() -> tuple[str, ...]:
    """The beginnings of their paths: a client sees the user's code alone, the examples among it."""
    return tuple(
        str(each) + (os.sep if each.is_dir() else "") for each in _OURS.iterdir() if each.name != _EXAMPLES
    )
