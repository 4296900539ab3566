"""Here is the monitor beside a runtime: a process of its own that ends with it."""

import contextlib
import logging
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import Future
from importlib.util import find_spec
from typing import NamedTuple

import msgspec

from routilux.clock import Deadline
from routilux.errors import FlowError, RoutiluxError

log = logging.getLogger("routilux.monitoring")

_BOOT = (
    "import ctypes,os,runpy,sys;"
    f"ctypes.CDLL(None).prctl(1, {int(signal.SIGKILL)});"  # PR_SET_PDEATHSIG
    "os.getppid() == int(sys.argv.pop(1)) or os._exit(1);"
    "runpy.run_module('routilux_monitor', run_name='__main__', alter_sys=True)"
)
NEEDED = ("routilux_monitor", "aiohttp")
START_SECONDS = 30.0
LEAVE_SECONDS = 5.0
"""What it gets to leave by itself."""


class Announcement(msgspec.Struct, frozen=True):
    """What the monitor says once it listens, or why it does not."""

    url: str = ""
    token: str = ""
    view_token: str = ""
    error: str = ""


class Wish(NamedTuple):
    """How a monitor is to listen: on which port, 0 is any, and with which further options of
    `routilux-monitor`.
    """

    port: int = 0
    options: tuple[str, ...] = ()


class Monitor:
    """A running monitor. Whoever has `token` may do everything, whoever has `view_token` may look.

    It ends with `close`, and with this process however that ends: it watches a pipe of which only we have the
    other end, and the kernel kills it with us.
    """

    def __init__(self, wish: Wish) -> None:
        """Start it and wait until it listens. Raises RoutiluxError if it cannot."""
        for name in NEEDED:
            if find_spec(name) is None:
                raise RoutiluxError(
                    f"a monitor needs the module {name!r}, which is not installed here: install Routilux "
                    "with its dependencies"
                )
        self._watched = -1
        self._process: Future[subprocess.Popen[bytes]] = Future()
        self._is_wanted = True
        self._lock = threading.Lock()
        readable, announce = os.pipe2(os.O_CLOEXEC)
        watch, self._watched = os.pipe2(os.O_CLOEXEC)
        # The kernel may end a child with the thread that has started it, so that thread stays.
        self._thread = threading.Thread(
            target=self._attend, args=(wish, announce, watch), name="routilux-monitor", daemon=True
        )
        self._thread.start()
        try:
            self._process.result()
            said = _announced(readable)
        except BaseException:
            self.close()
            raise
        finally:
            os.close(readable)
        self.url, self.token, self.view_token = said.url, said.token, said.view_token

    @property
    def link(self) -> str:
        """The page, with the token in the fragment, which no browser sends anywhere."""
        return f"{self.url}/#token={self.token}"

    def _attend(self, wish: Wish, announce: int, watch: int) -> None:
        """Start the process and reap it."""
        try:
            process = _spawn(wish, announce, watch)
        except BaseException as error:  # it is raised again where it is waited for  # noqa: BLE001
            self._process.set_exception(error)
            return
        finally:
            os.close(announce)
            os.close(watch)
        self._process.set_result(process)
        code = process.wait()
        if self._is_wanted and code:
            log.warning("the monitor has ended by itself (exit code %d); the flows go on without it", code)

    def close(self) -> None:
        """End it and wait until it is gone. Idempotent."""
        with self._lock:
            self._is_wanted = False
            if self._watched >= 0:
                os.close(self._watched)
                self._watched = -1
        if self._process.exception() is None:
            process = self._process.result()
            self._thread.join(LEAVE_SECONDS)
            if self._thread.is_alive():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        self._thread.join()


def _spawn(wish: Wish, announce: int, watch: int) -> "subprocess.Popen[bytes]":
    """Apart from our terminal's Ctrl-C: we end it in our own time."""
    command = [sys.executable, "-P", "-c", _BOOT, str(os.getpid()), "--port", str(wish.port), *wish.options]
    command += ["--announce-fd", str(announce), "--watch-fd", str(watch)]
    try:
        return subprocess.Popen(  # noqa: S603 - our own interpreter
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=(announce, watch),
            process_group=0,
            env={**os.environ, "TMPDIR": tempfile.gettempdir()},
        )
    except OSError as error:
        raise RoutiluxError(f"no monitor could be started with {sys.executable!r}: {error}") from error


def _announced(readable: int) -> Announcement:
    """Its one line; raises RoutiluxError when there is none."""
    deadline, line = Deadline.after(START_SECONDS), b""
    while not line.endswith(b"\n"):
        if not select.select([readable], [], [], deadline.left())[0]:
            raise RoutiluxError(f"the monitor did not listen within {START_SECONDS:g} seconds")
        part = os.read(readable, 65536)
        if not part:
            break
        line += part
    try:
        said = msgspec.json.decode(line or b"{}", type=Announcement)
    except msgspec.MsgspecError as error:
        raise RoutiluxError(f"the monitor has announced {line[:200]!r}: {error}") from error
    if said.error or not said.url:
        raise RoutiluxError(f"the monitor could not start: {said.error or 'it has ended without a word'}")
    return said


def start_monitor(monitor: object, engine: str) -> Monitor:
    """The monitor that `Runtime(monitor=...)` asks for. Raises FlowError for what asks for none, and what
    Monitor raises.
    """
    if engine != "local":
        raise FlowError(f"monitor={monitor!r}: a monitor watches processes, engine={engine!r} has none")
    if isinstance(monitor, Wish):
        return Monitor(monitor)
    if isinstance(monitor, int) and 0 <= monitor < 1 << 16:
        return Monitor(Wish(0 if monitor is True else monitor))
    raise FlowError(f"monitor={monitor!r}: give True, or the number of a port")
