"""Here are the premises of a runtime: its directory, with the front desk, as soon as there is something to be
found there.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from routilux.frontdesk.desk import FrontDesk
    from routilux.frontdesk.house import House
    from routilux.ipc.rundirectory import RunDirectory


class Premises:
    """Nothing is made before `path` is first asked for. May be used from several threads."""

    def __init__(self, house: "Callable[[], House]") -> None:
        self._house = house
        self._lock = threading.Lock()
        self._directory: RunDirectory | None = None
        self._desk: FrontDesk | None = None

    def path(self) -> Path:
        """The directory, made now if need be; a new one if somebody has cleaned up the folder for temporary
        files.
        """
        with self._lock:
            directory = self._directory
            if directory is None or not directory.path.exists():
                self._leave()
                directory = self._move_in()
            return directory.path

    def _move_in(self) -> "RunDirectory":
        # Only here: a worker imports its user's module, and Runtime with it, and makes none.
        from routilux.frontdesk.desk import FrontDesk  # noqa: PLC0415
        from routilux.ipc.rundirectory import RunDirectory  # noqa: PLC0415

        directory = RunDirectory()
        try:
            self._desk = FrontDesk(directory.path, self._house())
        except BaseException:
            directory.close()
            raise
        self._directory = directory
        return directory

    def _leave(self) -> None:
        desk, self._desk = self._desk, None
        directory, self._directory = self._directory, None
        if desk is not None:
            desk.close()
        if directory is not None:
            directory.close()

    def close(self) -> None:
        """Nothing of it is left. Idempotent."""
        with self._lock:
            self._leave()
