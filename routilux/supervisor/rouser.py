"""Here is the rouser: it ends the wait of a supervisor's thread, from any other thread."""

import os
import threading


class Rouser:
    """An eventfd that is written to once until it is heeded; the lock is the supervisor's."""

    def __init__(self, lock: threading.RLock) -> None:
        self.fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        """-1 once it is closed: the number may be anybody's."""
        self._lock = lock
        self._is_roused = False

    def rouse(self) -> None:
        with self._lock:
            if self.fd >= 0 and not self._is_roused:
                self._is_roused = True
                os.eventfd_write(self.fd, 1)

    def heed(self) -> None:
        """What the thread was roused for is looked at now."""
        with self._lock:
            os.eventfd_read(self.fd)
            self._is_roused = False

    def close(self) -> None:
        os.close(self.fd)
        self.fd = -1
